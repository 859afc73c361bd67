// Checked by `tsc --strict`, never run: params follow from the inputs that an action declares.
import { action, apiKey, component, flow, integration, schedule, webhook, type Connection } from "warder";

const shop = component({
  key: "shop", label: "Shop",
  connections: { key: apiKey({ header: "x-api-key", origins: ["https://api.shop.test"] }) },
  actions: {
    get: action({
      label: "Get", retry: { maxAttempts: 3, delay: "1s" },
      inputs: {
        connection: { type: "connection", required: true },
        id: { type: "string", required: true },
        size: { type: "string", choices: ["s", "m"], default: "s" },
        count: { type: "number" },
        lines: { type: "list", items: { type: "object", fields: { sku: { type: "string", required: true } } } },
        when: { type: "any", clean: (value: string) => new Date(value) },
      },
      perform: async (context, { connection, id, size, count, lines }) => {
        const used: Connection = connection;
        const text: string = id;
        const choice: "s" | "m" = size;
        const skus: string[] | undefined = lines?.map((line) => line.sku);
        // @ts-expect-error: it may be missing
        const number: number = count;
        context.log.info("got", { used: used.name, text, choice, skus, number });
        return { data: { total: 7 } };
      },
    }),
  },
});

const load = flow({
  name: "Load", key: "load", trigger: webhook({ verify: { scheme: "github", secret: "hook" }, respond: true }),
  inputs: { orderId: { type: "string", required: true } }, limits: { wall: "60s", calls: 5 },
  onError: (context, error) => { context.log.error("failed", { error }); },
  run: async (context, event) => {
    const orderId: string = event.orderId;
    const { acme } = context.connections;
    if (!acme) throw context.error("no-connection", "acme is missing", { retry: false });
    const order = await context.step("load", shop.actions.get, { connection: acme, id: orderId, when: "2026-01-01" });
    const total: number = order.data.total;
    const twice: number = await context.step("twice", () => total * 2, { retry: { maxAttempts: 2 } });
    for await (const item of context.paginate(async ({ cursor = 0 }) => ({ items: ["a"], next: cursor + 1 }))) item.toUpperCase();
    const sizes: number[] = await context.batch(["a", "b"], (items) => items.length, { size: 1, concurrency: 2 });
    context.respond({ status: 202, body: { key: context.idempotencyKey("x") } });
    await context.sleep("1s");
    // @ts-expect-error: no such input
    await context.step("typo", shop.actions.get, { connection: acme, id: "1", idd: 1 });
    // @ts-expect-error: an input is missing
    await context.step("missing", shop.actions.get, { connection: acme });
    // @ts-expect-error: not one of the choices
    await context.step("choice", shop.actions.get, { connection: acme, id: "1", size: "xl" });
    return { data: { twice, sizes } };
  },
});

export default integration({
  name: "Types", version: "1.0.0", components: [shop],
  config: { acme: { type: "connection", connection: "shop.key", required: true } },
  flows: [load, flow({ name: "Nightly", key: "nightly", trigger: schedule({ cron: "0 3 * * *" }), run: async () => ({}) })],
});

// @ts-expect-error: no such type
action({ label: "A", inputs: { id: { type: "text" } }, perform: () => {} });
// @ts-expect-error: a key goes somewhere
apiKey({ origins: ["https://api.shop.test"] });
// @ts-expect-error: no duration
schedule({ every: "5 minutes" });
