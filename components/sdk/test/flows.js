// What the engine runs of a test file: what it declares, or one of its checks.
import { flow, integration } from "warder";
import { check, declared } from "./declared.js";

export default integration({
  name: "Tests",
  version: "1.0.0",
  flows: [
    flow({ name: "Declared tests", key: "declare", run: () => ({ data: declared() }) }),
    flow({
      name: "Check of a test",
      key: "check",
      run: async (_, { test, run }) => {
        await check(test, run);
        return {};
      },
    }),
  ],
});
