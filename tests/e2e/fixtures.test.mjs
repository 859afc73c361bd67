// warder test: fixtures beside a bundle, each in a cell of its own.
import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { get, good, order, post } from "./order.mjs";
import { Exit, flowSource, poll, run, serve, start, startFlow, writeFiles } from "./support.mjs";

const fixtures = (t, list, bundle = order) => writeFiles(t, { "index.js": bundle, "orders.fixture.json": JSON.stringify(list) });

test("a fixture passes in no time, though its flow waits half a minute", async (t) => {
  const folder = fixtures(t, good);
  const { code, stdout, stderr } = await run(["test", folder]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^TAP version 14\n1\.\.1\nok 1 - \S+orders\.fixture\.json: good\n1 passed, 0 failed\n$/);
});

test("what is not as expected is named with a diff", async (t) => {
  const cases = [
    [{ ...good, calls: [get] }, /the 2nd call was POST https:\/\/api\.test\/tags, and no more than 1 was expected/],
    [{ ...good, calls: [get, post, get] }, /the 3rd call, GET https:\/\/api\.test\/orders\/\{id\}, was expected and never made/],
    [{ ...good, calls: [post, get] }, /the 1st call was GET \S+, which was expected as the 2nd/],
    [{ ...good, calls: [get, { ...post, request: { ...post.request, bodyContains: { total: 1 } } }] },
      /the 2nd call, POST \S+, is not as it was expected\n {4}body\n {4}\$\.total\n {6}- 1\n {6}\+ 1500\n/],
    [{ ...good, expect: { output: { total: 1 } } }, /its output is not the expected one\n {4}\$\.total\n/],
    [{ ...good, expect: { logs: [] } }, /line 1 of the log was not expected\n {4}\+ info tagged/],
    [{ ...good, expect: { verdict: "failed" } }, /it ended in another way than expected\n {4}- failed\n {4}\+ succeeded/],
    [{ ...good, limits: { wall: "10s" } }, /- succeeded\n {4}\+ limit: the limit wall of 10s was reached/],
    [{ ...good, bundle: "absent.js" }, /cannot open the bundle \S+absent\.js/],
  ].map(([fixture, says], i) => [{ ...fixture, name: `case ${i}` }, says]);
  const folder = fixtures(t, cases.map(([fixture]) => fixture));
  const { code, stdout } = await run(["test", folder]);
  assert.equal(code, Exit.failed);
  const blocks = stdout.split(/^(?=not ok|ok)/m).slice(1);
  assert.equal(blocks.length, cases.length, stdout);
  cases.forEach(([, says], i) => assert.match(blocks[i], says));
  assert.match(stdout, /\n0 passed, 9 failed\n$/);
});

test("errors, refusals, timeouts and limits can be expected", async (t) => {
  const folder = fixtures(t, [
    { name: "not found", event: { id: "1" }, calls: [{ ...get, reply: { status: 404 } }],
      expect: { error: { name: "TypeError", message: "no order: 404" } } },
    { name: "network", event: { id: "1" }, calls: [{ ...get, reply: { error: "network" } }], expect: { verdict: "failed" } },
    { name: "timeout", event: { id: "1" }, calls: [{ ...get, reply: { error: "timeout", delay: "5s" } }], expect: { verdict: "failed" } },
    { name: "slow", event: { id: "1" }, calls: [{ ...get, reply: { delay: "2m" } }], expect: { limit: "wall" } },
    { name: "no such flow", flow: "other", expect: { verdict: "invalid" } },
  ]);
  const { code, stdout, stderr } = await run(["test", folder]);
  assert.equal(code, 0, stdout + stderr);
});

test("connections have placeholders and no credential", async (t) => {
  const folder = fixtures(t, {
    connections: { acme: { origin: "https://api.acme.test", fields: ["token"] } },
    calls: [
      { request: { url: "https://api.acme.test/v1/me", connection: "acme" }, reply: { body: "me" } },
      { request: { url: "https://api.acme.test/v1/sdk", headers: { authorization: "Bearer wrd_{rest}" } }, reply: { body: "sdk" } }],
    expect: { output: ["me", "sdk"] },
  }, flowSource(`const { acme } = context.connections; const me = await acme.fetch("/v1/me");
    const sdk = await fetch(acme.origin + "/v1/sdk", { headers: { authorization: "Bearer " + acme.fields.token } });
    return { data: [await me.text(), await sdk.text()] };`));
  const { code, stdout, stderr } = await run(["test", folder]);
  assert.equal(code, 0, stdout + stderr);
});

test("a journal is a fixture", async (t) => {
  const { origin } = await serve(t, (request, response) => response.end("hello"));
  const body = `const response = await fetch(event.origin); return { data: [await response.text(), Date.now(), Math.random()] };`;
  const bundle = writeFiles(t, { "index.js": flowSource(body), "run.fixture.json": `{"journal": "run.journal"}` });
  const { exited } = startFlow(t, body, { event: { origin }, allow: [origin], args: ["--record", join(bundle, "run.journal")] });
  assert.equal((await exited).code, 0);
  const passes = await run(["test", bundle]);
  assert.equal(passes.code, 0, passes.stdout + passes.stderr);
  writeFileSync(join(bundle, "index.js"), flowSource(body.replace("Math.random()", "1")));
  const fails = await run(["test", bundle]);
  assert.equal(fails.code, 1);
  assert.match(fails.stdout, /its output is not the expected one\n {4}\$\[2\]/);
});

test("--update rewrites what is expected, and the fixtures of a bundle are no part of it", async (t) => {
  const folder = fixtures(t, { event: { id: "42" }, calls: [get, post] });
  const file = join(folder, "orders.fixture.json");
  const updated = await run(["test", file, "--update"], { input: "yes\n" });
  assert.equal(updated.code, 0, updated.stdout + updated.stderr);
  assert.match(updated.stderr, /it did not say yet what it expects\nwrite it\?/);
  const written = JSON.parse(readFileSync(file, "utf8"));
  assert.deepEqual(written.expect, { verdict: "succeeded", output: good.expect.output });
  assert.deepEqual(written.calls, [get, post]);
  copyFileSync(file, join(folder, "copy.fixture.json"));
  assert.equal((await run(["test", folder])).code, 0);
});

test("--watch runs them again when the bundle or a fixture changes, until Ctrl-C", async (t) => {
  const folder = fixtures(t, { name: "one", event: null, expect: { output: 1 } }, flowSource("return { data: 1 };"));
  const { child, exited, output } = start(["test", folder, "--watch"]);
  const ran = (sums) => poll(sums, () => output.stdout.endsWith(`${sums}\n`) && output.stderr.endsWith("Ctrl-C ends it\n"));
  await ran("1 passed, 0 failed");
  writeFileSync(join(folder, "index.js"), flowSource("return { data: 2 };"));
  await ran("0 passed, 1 failed");
  writeFileSync(join(folder, "orders.fixture.json"), "{");
  await poll("a complaint", () => output.stderr.includes("orders.fixture.json: it is not JSON"));
  writeFileSync(join(folder, "orders.fixture.json"), JSON.stringify([{ name: "one", expect: { output: 2 } }, { name: "two" }]));
  await ran("2 passed, 0 failed");
  child.kill("SIGINT");
  assert.equal((await exited).code, Exit.interrupted);
});

test("what a journal does not say again is a failure: another reason, another answer to a webhook", async (t) => {
  const body = `if (event) throw new Error("no " + event.what); return { data: 1 };`;
  const folder = writeFiles(t, { "index.js": flowSource(body), "run.fixture.json": `{"journal": "run.journal"}` });
  const { exited } = startFlow(t, body, { event: { what: "order" }, args: ["--record", join(folder, "run.journal")] });
  assert.equal((await exited).code, Exit.failed);
  assert.equal((await run(["test", folder])).code, 0);
  writeFileSync(join(folder, "index.js"), flowSource(body.replace("no ", "without ")));
  const other = await run(["test", folder]);
  assert.equal(other.code, 1);
  assert.match(other.stdout, /it ended for another reason than was recorded\n {4}- Error: no order\n {4}\+ Error: without order/);
});

test("200 fixtures run on one engine", async (t) => {
  const folder = fixtures(t, Array.from({ length: 200 }, (_, i) => ({ ...good, name: `fixture ${i}` })));
  const before = process.hrtime.bigint();
  const { code, stdout, stderr } = await run(["test", folder]);
  const seconds = Number(process.hrtime.bigint() - before) / 1e9;
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /\n200 passed, 0 failed\n$/);
  t.diagnostic(`200 fixtures in ${seconds.toFixed(2)} s on ${availableParallelism()} cores`);
  // Within five on two quiet cores; a machine that is busy with other things takes longer.
  assert.ok(seconds < 100, `${seconds} s`);
});
