// What is easier to say in code than as a fixture (docs/authoring.md, "Tests in code"): that hundreds of orders arrive once each.
import { any, assert, test } from "warder/test";

const config = { shop: "https://shop.test", ledger: "https://ledger.test", batchSize: 100 };
const orders = Array.from({ length: 250 }, (_, i) => ({ id: `o-${i}`, total: i, changedAt: new Date(Date.UTC(2026, 0, 1) + i * 1000).toISOString() }));
const page = (number) => ({
  request: { url: `https://shop.test/v1/orders?changedAfter=&page=${number || ""}` },
  reply: { body: { orders: orders.slice(number * 50, (number + 1) * 50), nextPage: number < 4 ? String(number + 1) : null } },
});
const batch = (size) => ({
  request: { method: "POST", url: "https://ledger.test/v1/entries", body: (entries) => entries.length === size },
  reply: { status: 204 },
});

test(
  "250 orders go to the ledger once each, in batches of 100",
  { config, calls: [page(0), page(1), page(2), page(3), page(4), batch(100), batch(100), batch(50)] },
  (run) => {
    const posts = run.calls.filter(({ method }) => method === "POST");
    assert.deepEqual(posts.flatMap(({ json }) => json.map(({ id }) => id)), orders.map(({ id }) => id));
    assert.equal(new Set(posts.map(({ headers }) => headers["idempotency-key"])).size, 3, "each batch has a key of its own");
    assert.deepEqual(run.state.flow, { since: orders.at(-1).changedAt, copied: 250 });
    assert.deepEqual(run.output, { copied: 250 });
  },
);

test(
  "a busy shop says when to come back",
  {
    config,
    calls: [{ request: page(0).request, reply: { status: 429, headers: { "retry-after": "7" } } }],
    expect: { verdict: "failed" },
  },
  (run) => {
    assert.deepEqual(run.error, { name: "FlowError", message: any("string"), code: "rate-limited" });
    assert.deepEqual(run.state.flow, {}, "nothing was copied");
  },
);
