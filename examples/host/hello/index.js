import { flow, integration } from "warder";

export default integration({
  name: "Hello",
  version: "1.0.0",
  flows: [
    flow({
      name: "Greet",
      key: "greet",
      run: async (context, event) => {
        const name = event?.name ?? "world";
        context.log.info("greeting", { name });
        return { data: { greeting: `Hello, ${name}!` } };
      },
    }),
  ],
});
