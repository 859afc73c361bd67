// Orders of a shop become invoices in an accounting system, looked for every five minutes, and each of them once.
//
// A poll cannot know what came while it ran, and a listing by pages shifts while it is read. So each poll looks back over
// more time than lies between two polls, and sees orders again: on two pages, or in the poll before. Three things make
// that harmless:
//
//   1. what was seen in this poll is not done again;
//   2. an invoice is made under the order's id, if there is none: PUT with if-none-match, which the target decides, once
//      for all who ask at the same time;
//   3. where the answer got lost the step asks again, and is told that the invoice is there.
//
// Event:  null, or { "until": TIME } to look at another time than now.
// Config: { "shop": ORIGIN, "accounting": ORIGIN }, the two HTTP APIs; "lookBack", minutes.
import { action, component, flow, integration, poll } from "warder";

const again = { maxAttempts: 3, delay: "1s" };

// The orders since a time. A page has them in the order in which they came, and says where the next one begins.
async function* ordersSince(context, shop, since) {
  const orders = context.paginate(async ({ cursor = "" }) => {
    const response = await fetch(`${shop}/orders?since=${encodeURIComponent(since)}&after=${encodeURIComponent(cursor)}`);
    if (!response.ok) throw new Error(`the shop answered ${response.status}`);
    const { orders, next } = await response.json();
    return { items: orders, next };
  });
  const seen = new Set();
  for await (const order of orders) {
    if (seen.has(order.id)) continue;
    seen.add(order.id);
    yield order;
  }
}

const accounting = component({
  key: "accounting", label: "Accounting",
  actions: {
    makeInvoice: action({
      label: "Make an invoice, if there is none", idempotent: true, retry: again,
      inputs: {
        origin: { type: "string", required: true },
        order: { type: "object", required: true, fields: { id: { type: "string", required: true, minimum: 1 }, total: { type: "number", required: true } } },
      },
      perform: async (context, { origin, order }) => {
        const response = await fetch(`${origin}/invoices/order-${encodeURIComponent(order.id)}`, {
          method: "PUT",
          headers: { "content-type": "application/json", "if-none-match": "*" },
          body: JSON.stringify({ total: order.total }),
        });
        if (response.status === 412) return { data: { made: false } };  // Precondition Failed: it is there
        if (!response.ok) throw context.error("not-made", `the accounting system answered ${response.status}`, { retry: response.status >= 500 });
        return { data: { made: true } };
      },
    }),
  },
});

export default integration({
  name: "Invoices for new orders",
  version: "1.0.0",
  components: [accounting],
  config: {
    shop: { type: "string", required: true },
    accounting: { type: "string", required: true },
    lookBack: { type: "number", minimum: 5, default: 15, description: "Minutes; more than lie between two polls" },
  },
  flows: [
    flow({
      name: "Look for new orders",
      key: "new-orders",
      trigger: poll({ every: "5m" }),
      run: async (context, event) => {
        const { shop, accounting: origin, lookBack } = context.config;
        const until = event?.until === undefined ? Date.now() : Date.parse(event.until);
        const since = new Date(until - lookBack * 60_000).toISOString();
        let made = 0, known = 0;
        for await (const { id, total } of ordersSince(context, shop, since)) {
          const invoice = await context.step(`invoice ${id}`, accounting.actions.makeInvoice, { origin, order: { id, total } });
          if (invoice.data.made) made += 1;
          else known += 1;
        }
        context.log.info("looked for new orders", { since, made, known });
        return { data: { made, known } };
      },
    }),
  ],
});
