import { flow, integration } from "warder";

export default integration({
  name: "Hello",
  version: "1.0.0",
  flows: [flow({ name: "Hello", key: "hello", run: async () => ({ data: { hello: "world" } }) })],
});
