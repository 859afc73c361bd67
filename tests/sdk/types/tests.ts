// Checked by `tsc --strict`, never run: what test files may say.
import { AssertionError, any, assert, containing, test, type Run, type TestOptions } from "warder/test";

const options: TestOptions = {
  bundle: "../dist/index.js",
  flow: "tag",
  event: { id: "42", lines: [1, null, true] },
  config: { threshold: 1000 },
  connections: { acme: { origin: "https://api.acme.test", fields: ["token"] } },
  limits: { wall: "5s", calls: 10 },
  state: { flow: { since: "x" } },
  calls: [
    { request: { url: "https://api.acme.test/v1/orders/{id}", connection: "acme", headers: { cookie: null } }, reply: { body: { total: 1500 }, delay: "250ms" } },
    { request: { method: "POST", url: "https://api.acme.test/v1/tags", body: { id: /^o/, total: (total: number) => total > 1, at: any("number"), rest: any } },
      reply: { error: "timeout" } },
    { request: { method: "PUT", url: "https://api.acme.test/", bodyContains: containing([{ id: any() }]) }, reply: { headers: { a: ["1", "2"] }, base64: "eA==" } },
  ],
  order: "any",
  expect: { output: containing({ total: 1 }), steps: [{ name: "tag", outcome: "ok" }], state: { flow: { n: any() } }, logs: [{ fields: { n: /1/ } }] },
};

test("all members", options, async (run: Run) => {
  assert.equal(run.verdict, "succeeded");
  assert.deepEqual(run.output, { id: /^o/ }, "the output");
  const [call] = run.calls;
  assert.ok(call?.json.total > 1);
  assert.match(run.error?.message, /x/);
  assert.throws(() => JSON.parse("{"), SyntaxError);
  await assert.rejects(async () => { throw new AssertionError("x"); }, { message: /x/ });
  for (const { name, parent, input } of run.steps) assert.notEqual(name + input.shape, String(parent));
});
test("a journal", { journal: "a.journal" });
test("nothing", {});

// @ts-expect-error: a journal says all the rest
test("both", { journal: "a.journal", event: 1 });
// @ts-expect-error: there is no such method
test("method", { calls: [{ request: { method: "GETT", url: "" }, reply: {} }] });
// @ts-expect-error: a check returns nothing
test("returns", {}, (run) => run.output === 1);
// @ts-expect-error: options come first
test("no options", () => {});
