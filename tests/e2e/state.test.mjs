// context.state end to end: what is remembered from run to run, what is not, and what several engines make of it.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, flowSource, parseOrNull, poll, root, run, runFlow, serve, start, startFlow, temporaryFolder, writeFiles } from "./support.mjs";

// A vault of its own, and the arguments of a run that keeps its state there.
function vault(t) {
  const folder = temporaryFolder(t);
  const place = ["--state", join(folder, "state"), "--kek", join(folder, "kek")];
  return { folder, place, instance: (name = "main", ...more) => ["--instance", name, ...more, ...place] };
}

const count = `return { data: await context.state.flow.update("n", (n = 0) => n + 1) };`;

test("with an instance a flow remembers, and without one it says that it does not", async (t) => {
  const { instance, place } = vault(t);
  const output = async (args) => (await runFlow(t, count, { args })).result.output;
  assert.equal(await output(instance()), 1);
  assert.equal(await output(instance()), 2);
  assert.equal(await output(instance("other")), 1);
  assert.equal((await run(["tenant", "create", "acme", ...place])).code, Exit.succeeded);
  assert.equal(await output(instance("main", "--tenant", "acme")), 1);
  assert.equal(await output(instance()), 3);
  const forgetful = await runFlow(t, count);
  assert.equal(forgetful.result.output, 1);
  assert.match(forgetful.stderr, /what it has left in its state is gone now; --instance NAME keeps it/);
  assert.deepEqual(forgetful.result.state, [{ scope: "flow", flow: "main", key: "n", deleted: false, bytes: 1, value: null }]);
  assert.equal((await run(["tenant", "verify", "local", ...place])).code, Exit.succeeded);
});

test("scopes are shared as they say, and values come back as they were", async (t) => {
  const { instance } = vault(t);
  const value = { text: "ä\u0000\u2028\"", list: [1.5, null, true, {}], deep: { a: { b: "c" } } };
  const keep = await runFlow(t, `
    for (const scope of ["flow", "instance", "crossFlow", "execution"]) await context.state[scope].set("key", event);
    return { data: await context.state.execution.get("key") };`, { event: value, args: instance() });
  assert.deepEqual(keep.result.output, value, keep.stderr);
  const read = `
    const all = {};
    for (const scope of ["flow", "instance", "crossFlow", "execution"]) all[scope] = (await context.state[scope].get("key")) ?? null;
    return { data: all };`;
  assert.deepEqual((await runFlow(t, read, { args: instance() })).result.output, { flow: value, instance: value, crossFlow: value, execution: null });
  assert.deepEqual((await runFlow(t, read, { args: instance("other") })).result.output, { flow: null, instance: null, crossFlow: value, execution: null });
});

test("a run that fails, or is ended, has changed nothing but what it committed", async (t) => {
  const { instance } = vault(t);
  const body = `
    const { flow } = context.state;
    const before = [await flow.get("kept") ?? 0, await flow.get("lost") ?? 0];
    if (event === "look") return { data: before };
    await flow.set("kept", before[0] + 1);
    await context.state.commit();
    await flow.set("lost", 1);
    await flow.set("kept", 100);
    if (event === "throw") throw new Error("no");
    if (event === "loop") for (;;);
    if (event === "big") return { data: "x".repeat(2_000_000) };
    await new Promise(() => {});`;
  const limits = { cpu: "300ms" };
  for (const [event, code] of [["throw", Exit.failed], ["loop", Exit.limit], ["big", Exit.limit], ["stall", Exit.limit]]) {
    const { code: ended, stderr } = await runFlow(t, body, { event, limits, args: instance() });
    assert.equal(ended, code, `${event}: ${stderr}`);
  }
  assert.deepEqual((await runFlow(t, body, { event: "look", args: instance() })).result.output, [4, 0]);
});

test("after kill -9 what was committed is there, and nothing else", async (t) => {
  const { instance } = vault(t);
  const { origin, requests } = await serve(t, () => {});
  const body = `
    const { flow } = context.state;
    const before = [await flow.get("committed") ?? null, await flow.get("staged") ?? null];
    if (event === null) return { data: before };
    await flow.set("committed", event); await flow.set("with-it", event);
    await context.state.commit();
    await flow.set("staged", event);
    await fetch(${JSON.stringify(origin)});`;
  for (let i = 1; i <= 3; ++i) {
    const { child, exited } = startFlow(t, body, { event: i, allow: [origin], args: instance() });
    await poll("the call", () => requests.length === i);
    child.kill("SIGKILL");
    await exited;
    const { result, stderr } = await runFlow(t, body, { args: instance() });
    assert.deepEqual(result.output, [i, null], stderr);
  }
});

test("of two engines that count at the same time none loses an update", async (t) => {
  const { instance } = vault(t);
  const each = 10;
  await runFlow(t, count, { args: instance() });  // the vault is there
  const body = `
    await context.state.flow.update("n", (n) => n + 1);
    await context.state.commit();
    await context.state.flow.update("n", (n) => n + 1);
    return { data: null };`;
  const counter = async () => {
    for (let i = 0; i < each; ++i) {
      const { code, stderr } = await runFlow(t, body, { args: instance() });
      assert.equal(code, Exit.succeeded, stderr);
    }
  };
  await Promise.all([counter(), counter()]);
  assert.equal((await runFlow(t, count, { args: instance() })).result.output, 2 + 4 * each);
});

test("what two runs have read and set is one's, and the other one says so", async (t) => {
  const { instance } = vault(t);
  let waiting;
  const { origin } = await serve(t, (request, response) => { waiting = response; });
  const body = `
    const n = (await context.state.flow.get("n")) ?? 0;
    if (event) await fetch(${JSON.stringify(origin)});
    await context.state.flow.set("n", n + 1);
    return { data: n };`;
  const slow = startFlow(t, body, { event: true, allow: [origin], args: ["--json", ...instance()] });
  await poll("the call", () => waiting);
  assert.equal((await runFlow(t, body, { args: instance() })).code, Exit.succeeded);
  waiting.end();
  const { code, stdout } = await slow.exited;
  assert.equal(code, Exit.failed);
  const { error, state } = JSON.parse(stdout);
  assert.deepEqual([error.code, state], ["state-conflict", []]);
});

test("a replay has the recorded state, and other versions are told apart by what they leave", async (t) => {
  const { instance, folder } = vault(t);
  const bundle = (step, key = "n") => flowSource(`
    const n = await context.state.flow.update("${key}", (n = 0) => n + ${step});
    return { data: "done" };`);
  const files = writeFiles(t, { "one/index.js": bundle(1), "two/index.js": bundle(2), "other/index.js": bundle(1, "m") });
  const journal = join(folder, "count.journal");
  for (let i = 0; i < 2; ++i) {
    const { code, stderr } = await run(["run", join(files, "one"), "--record", journal, ...instance()]);
    assert.equal(code, Exit.succeeded, stderr);
  }
  assert.match((await run(["replay", journal])).stdout, /identical/);
  assert.match((await run(["replay", journal, "--against", join(files, "one")])).stdout, /same/);
  const two = await run(["replay", journal, "--against", join(files, "two")]);
  assert.equal(two.code, Exit.failed);
  assert.match(two.stdout, /leaves another state[^]*- flow main "n" = 2\n[^]*\+ flow main "n" = 3/);
  assert.match((await run(["replay", journal, "--against", join(files, "other")])).stdout,
    /now reads "m" of the state of the flow main, which was not recorded/);
  // The next run goes on where the last one was, not where replays have been.
  assert.equal((await run(["run", join(files, "one"), "--json", "--log-payloads", ...instance()])).stdout.match(/"value":(\d+)/)[1], "3");
});

test("fixtures say what stands in the state before and after", async (t) => {
  const folder = writeFiles(t, {
    "index.js": flowSource(`
      const { flow, instance } = context.state;
      await flow.update("n", (n = 0) => n + 1); await flow.delete("old");
      await context.state.commit();
      await instance.set("seen", true);
      if (event) throw new Error("no");
      return { data: await flow.get("n") };`),
    "state.fixture.json": JSON.stringify([
      { name: "from nothing", expect: { output: 1, state: { flow: { n: 1 }, instance: { seen: true }, crossFlow: {} } } },
      { name: "goes on", state: { flow: { n: 41, old: 1, other: "x" } }, expect: { output: 42, state: { flow: { n: 42, other: "x" } } } },
      { name: "fails", event: true, expect: { error: { message: "no" }, state: { flow: { n: 1 }, instance: {} } } },
      { name: "wrong", expect: { state: { flow: { n: 7 } } } },
    ]),
  });
  const { code, stdout } = await run(["test", folder]);
  assert.equal(code, Exit.failed);
  assert.match(stdout, /not ok 4[^]*its flow state is not the expected one\n {4}\$\.n\n {6}- 7\n {6}\+ 1\n/);
  assert.match(stdout, /\n3 passed, 1 failed\n$/);
  assert.equal((await run(["test", folder, "--update", "--yes"])).code, Exit.succeeded);
  assert.deepEqual(JSON.parse(readFileSync(join(folder, "state.fixture.json"), "utf8"))[3].expect.state, { flow: { n: 1 } });
});

test("the limits that a flow declares hold where they are lower, and its receipt says so", async (t) => {
  const files = (limits) => writeFiles(t, {
    "index.js": flowSource("for (;;);").replace("run:", `limits: ${JSON.stringify(limits)}, run:`),
    "limits.json": JSON.stringify({ cpu: "400ms" }),
  });
  const ended = async (folder, ...args) => {
    const { code, stdout } = await run(["run", join(folder, "index.js"), "--json", ...args]);
    assert.equal(code, Exit.limit);
    return JSON.parse(stdout);
  };
  const declared = await ended(files({ cpu: "200ms", calls: 5 }));
  assert.equal(declared.limit.name, "cpu");
  assert.deepEqual([declared.receipt.limits.cpu, declared.receipt.limits.calls], ["200ms", "5"]);
  const folder = files({ cpu: "5s" });
  const { receipt } = await ended(folder, "--limits", join(folder, "limits.json"));
  assert.equal(receipt.limits.cpu, "400ms");
});

test("a flow that fails is tried again as it declares, with the same idempotency keys", async (t) => {
  let left = 2;
  const { origin, requests } = await serve(t, (request, response) => response.writeHead(left-- > 0 ? 503 : 200).end("fine"));
  const { instance } = vault(t);
  const source = (retry) => flowSource(`
    const tries = await context.state.flow.update("tries", (n = 0) => n + 1);
    await context.state.commit();
    context.log.info("try", { tries });
    const response = await fetch(event.origin, { headers: { "idempotency-key": context.idempotencyKey("call") } });
    if (!response.ok) throw context.error("busy", "the server is busy", event.advice);
    return { data: tries };`).replace("run:", `retry: ${JSON.stringify(retry)}, run:`);
  const attempt = async (retry, advice) => {
    const folder = writeFiles(t, { "index.js": source(retry), "event.json": JSON.stringify({ origin, advice }) });
    const { code, stdout, stderr } = await run(["run", join(folder, "index.js"), "--event", join(folder, "event.json"), "--allow", origin, "--json", ...instance()]);
    return { code, stderr, result: JSON.parse(stdout) };
  };
  const retry = { maxAttempts: 3, delay: 5, jitter: false };
  const { code, result, stderr } = await attempt(retry);
  assert.equal(code, Exit.succeeded, stderr);
  assert.equal(result.output, 3);
  assert.deepEqual(result.attempts.map(({ status, retryInMs }) => [status, retryInMs]), [["failed", 5], ["failed", 10], ["succeeded", null]]);
  assert.equal(new Set(result.attempts.map(({ execution }) => execution)).size, 3);
  assert.equal(result.execution, result.attempts[2].execution);
  assert.deepEqual(result.logs.map((log) => [log.execution, log.fields.tries]), result.attempts.map(({ execution }, i) => [execution, i + 1]));
  assert.equal(new Set(requests.map(({ headers }) => headers["idempotency-key"])).size, 1);
  assert.match(stderr, /attempt 1 of 3 failed; the next one in 5ms\n/);

  left = 9;
  assert.equal((await attempt(retry, { retry: false })).result.attempts.length, 1);
  const advised = await attempt({ maxAttempts: 2, delay: "1d" }, { retry: 20 });
  assert.deepEqual([advised.code, advised.result.attempts.map(({ retryInMs }) => retryInMs)], [Exit.failed, [20, null]]);
  assert.equal((await attempt({ maxAttempts: 20, delay: 0, jitter: false })).result.attempts.length, 7);
});

test("between attempts an interrupt ends it", async (t) => {
  const folder = writeFiles(t, { "index.js": flowSource("throw new Error('no');").replace("run:", "retry: { maxAttempts: 2, delay: '1d', jitter: false }, run:") });
  const { child, exited, output } = start(["run", join(folder, "index.js")]);
  await poll("the first attempt", () => output.stderr.includes("the next one in"));
  child.kill("SIGINT");
  assert.equal((await exited).code, Exit.failed);
});

test("the scheduled sync copies what is new, goes on where it was, and sends nothing twice", async (t) => {
  const tested = await run(["test", join(root, "examples/order-sync")]); // fixtures and a test file
  assert.match(tested.stdout, /\n5 passed, 0 failed\n$/, tested.stdout);
  const orders = Array.from({ length: 25 }, (each, i) => ({ id: `o-${i}`, total: i, changedAt: new Date(Date.UTC(2026, 0, 1, 0, i)).toISOString() }));
  const entries = [];
  const keys = new Set();
  let broken = false;
  const { origin } = await serve(t, async (request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (request.method === "POST") {
      let text = "";
      for await (const piece of request) text += piece;
      if (broken) return response.writeHead(503).end();
      assert.ok(!keys.has(request.headers["idempotency-key"]));
      keys.add(request.headers["idempotency-key"]);
      entries.push(...JSON.parse(text));
      return response.writeHead(204).end();
    }
    const after = url.searchParams.get("changedAfter");
    const page = Number(url.searchParams.get("page") || 0);
    const found = orders.filter(({ changedAt }) => changedAt > after);
    const more = found.length > 10 * (page + 1);
    response.end(JSON.stringify({ orders: found.slice(10 * page, 10 * (page + 1)), ...(more && { nextPage: String(page + 1) }) }));
  });
  const { folder, instance } = vault(t);
  writeFileSync(join(folder, "config.json"), JSON.stringify({ shop: origin, ledger: origin, batchSize: 4 }));
  const sync = async () => {
    const { stdout, stderr } = await run(["run", join(root, "examples/order-sync"), "--json", "--config", join(folder, "config.json"), "--allow", origin, ...instance()]);
    return { ...parseOrNull(stdout), stderr };
  };
  assert.deepEqual((await sync()).output, { copied: 25 });
  assert.deepEqual((await sync()).output, { copied: 0 });
  orders.push({ id: "o-25", total: 1, changedAt: "2026-02-01T00:00:00.000Z" });
  assert.deepEqual((await sync()).output, { copied: 1 });
  assert.deepEqual(entries.map(({ id }) => id), orders.map(({ id }) => id));
});

test("warder init refuses in one sentence", async (t) => {
  const folder = writeFiles(t, { "full/file": "x" });
  const refused = async (...args) => {
    const { code, stdout, stderr } = await run(["init", ...args]);
    assert.deepEqual([code, stdout], [Exit.invalid, ""]);
    assert.equal(stderr.trim().split("\n").length, 1);
    return stderr;
  };
  assert.match(await refused(join(folder, "full")), /is not empty; name another/);
  assert.match(await refused(join(folder, "Bad Name")), /a project's name is 1 to 64/);
  assert.match(await refused(join(folder, "good"), "--sdk", folder), /there is no SDK in/);
  const made = await run(["init", join(folder, "good")]);
  assert.equal(made.code, Exit.succeeded, made.stderr);
  assert.match(made.stdout, /npm install\n {2}npm test\n$/);
});
