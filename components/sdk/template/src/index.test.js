// Tests in code; see docs/authoring.md of Warder, "Tests in code".
import { any, assert, test } from "warder/test";

test(
  "the second attempt has the idempotency key of the first",
  {
    bundle: "../dist/index.js",
    event: { id: "1042", customer: "Ann Lee", total: 250 },
    config: { notify: "https://hooks.acme.test/orders" },
    calls: [
      { request: { method: "POST", url: "https://hooks.acme.test/orders", body: { text: /\b1042\b/ } }, reply: { status: 503 } },
      { request: { method: "POST", url: "https://hooks.acme.test/orders", body: { text: any("string") } }, reply: { status: 204 } },
    ],
  },
  (run) => {
    const [first, second] = run.calls;
    assert.equal(second?.headers["idempotency-key"], first?.headers["idempotency-key"]);
    assert.contains(run.steps, [{ name: "tell", attempts: 2, outcome: "ok" }]);
  },
);
