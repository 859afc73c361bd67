// A scheduled sync: every 15 minutes the orders that have changed in a shop are copied to a ledger.
//
//   warder run examples/order-sync --instance demo --config config.json --allow SHOP --allow LEDGER
//   warder test examples/order-sync        (its fixtures, and order-sync.test.js)
//
// The shop lists orders page by page, oldest change first. How far it has come stands in the flow's state, so that a run
// begins where the last one ended, and what the ledger has taken is committed at once: a run that fails half-way goes on
// from there, and its next attempt sends nothing twice.
import { flow, integration, schedule } from "warder";

export default integration({
  name: "Order sync",
  version: "1.0.0",
  config: {
    shop: { type: "string", required: true, label: "Origin of the shop's API" },
    ledger: { type: "string", required: true, label: "Origin of the ledger's API" },
    batchSize: { type: "number", integer: true, minimum: 1, maximum: 500, default: 100 },
  },
  flows: [
    flow({
      name: "Sync orders",
      key: "sync-orders",
      trigger: schedule({ every: "15m" }),
      retry: { maxAttempts: 3, delay: "10s" },
      limits: { wall: "2m", calls: 500 },
      run: async (context) => {
        const { shop, ledger, batchSize } = context.config;
        const state = context.state.flow;
        const since = (await state.get("since")) ?? "";

        const orders = context.paginate(async ({ cursor = "" }) => {
          const query = new URLSearchParams({ changedAfter: since, page: cursor });
          const { orders: items, nextPage: next } = await answerOf(context, await fetch(`${shop}/v1/orders?${query}`));
          return { items, next };
        });

        let copied = 0;
        const copy = async (batch, number) => {
          const body = JSON.stringify(batch.map(({ id, total, changedAt }) => ({ id, total, changedAt })));
          // Of the flow, not of the step: the same in every attempt, so the ledger knows a batch that it has taken already.
          const headers = { "content-type": "application/json", "idempotency-key": context.idempotencyKey(body) };
          await context.step(`batch ${number + 1}`, async () => {
            await answerOf(context, await fetch(`${ledger}/v1/entries`, { method: "POST", headers, body }));
          });
          copied += batch.length;
          await state.set("since", batch[batch.length - 1].changedAt);
          await state.update("copied", (count = 0) => count + batch.length);
          await context.state.commit();
        };
        await context.batch(orders, copy, { size: batchSize });

        context.log.info("synchronised", { copied, since: await state.get("since") });
        return { data: { copied } };
      },
    }),
  ],
});

async function answerOf(context, response) {
  if (response.status === 429) {
    const seconds = Number(response.headers.get("retry-after")) || 30;
    throw context.error("rate-limited", `${response.url} is busy`, { retry: `${seconds}s` });
  }
  if (response.status >= 500) throw context.error("unavailable", `${response.url} answered ${response.status}`, { retry: true });
  if (!response.ok) throw context.error("refused", `${response.url} answered ${response.status}`, { retry: false });
  return response.status === 204 ? undefined : response.json();
}
