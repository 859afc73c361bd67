// What a flow receives, returns, logs and throws, as `warder run` shows it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { bodyLine, Exit, run, runFlow, startFlow, writeFiles, flowSource, parseOrNull } from "./support.mjs";

test("a flow's data is the output", async (t) => {
  const { code, result } = await runFlow(t, `return { data: { hello: "wörld", list: [1, null, true] } };`);
  assert.equal(code, Exit.succeeded);
  assert.equal(result.status, "succeeded");
  assert.deepEqual(result.output, { hello: "wörld", list: [1, null, true] });
});

test("event and config arrive as they were given", async (t) => {
  const event = { id: 42, text: "line\nbreak \u{1f600}", nested: { deep: [[[]]] }, __proto__x: 1 };
  const config = { region: "eu", limit: 1e21 };
  const { code, result } = await runFlow(t, `return { data: { event, config: context.config } };`, { event, config });
  assert.equal(code, Exit.succeeded);
  assert.deepEqual(result.output, { event, config });
});

test("without --event the event is null, and - reads it from standard input", async (t) => {
  const absent = await runFlow(t, `return { data: event };`);
  assert.equal(absent.result.output, null);
  const piped = await runFlow(t, `return { data: event };`, { args: ["--event", "-"], input: `{"from":"stdin"}` });
  assert.deepEqual(piped.result.output, { from: "stdin" });
});

test("a bundle may be one module", async (t) => {
  const folder = writeFiles(t, { "one.mjs": flowSource(`return { data: 1 };`) });
  const { code, stdout } = await run(["run", join(folder, "one.mjs"), "--json"]);
  assert.equal(code, Exit.succeeded);
  assert.deepEqual(parseOrNull(stdout).output, 1);
});

test("a folder's modules import each other and JSON", async (t) => {
  const { code, result } = await runFlow(t, `return { data: { twice: twice(21), table } };`, {
    top: `import { twice } from "./lib/twice.js"; import table from "./table.json" with { type: "json" };`,
    files: {
      "bundle/lib/twice.js": `import { two } from "../two.mjs"; export const twice = (n) => n * two;`,
      "bundle/two.mjs": `export const two = 2;`,
      "bundle/table.json": `{"a":1}`,
    },
  });
  assert.equal(code, Exit.succeeded);
  assert.deepEqual(result.output, { twice: 42, table: { a: 1 } });
});

test("--flow chooses among several", async (t) => {
  const source = `import { flow, integration } from "warder";
    const make = (key) => flow({ name: key, key, run: async () => ({ data: key }) });
    export default integration({ name: "two", version: "1.0.0", flows: [make("first"), make("second")] });`;
  const folder = writeFiles(t, { "index.js": source });
  const { code, stdout } = await run(["run", folder, "--flow", "second", "--json"]);
  assert.equal(code, Exit.succeeded);
  assert.deepEqual(parseOrNull(stdout).output, "second");
});

test("logs appear on stderr while the result alone is on stdout", async (t) => {
  const { exited } = startFlow(
    t,
    `context.log.info("loading", { id: 7 }); context.log.warn("careful"); console.error("from the console"); return { data: "done" };`,
  );
  const { code, stdout, stderr } = await exited;
  assert.equal(code, Exit.succeeded);
  for (const text of ["loading", "7", "careful", "from the console"])
    assert.ok(stderr.includes(text), `${text} in ${stderr}`);
  assert.ok(!stdout.includes("loading"), stdout);
  assert.match(stdout, /done/);
});

test("a thrown error shows message, the author's file and line, and its causes", async (t) => {
  const body = `const inner = new RangeError("the inner reason");
throw new Error("the outer reason", { cause: inner });`;
  const { exited } = startFlow(t, body);
  const { code, stderr } = await exited;
  assert.equal(code, Exit.failed);
  assert.match(stderr, /Error: the outer reason/);
  assert.match(stderr, new RegExp(`index\\.js:${bodyLine + 1}`));
  assert.match(stderr, /RangeError: the inner reason/);
  assert.match(stderr, new RegExp(`index\\.js:${bodyLine}\\b`));
});

test("an error from a module of the bundle names that module", async (t) => {
  const { code, stderr, result } = await runFlow(t, `return { data: fail() };`, {
    top: `import { fail } from "./lib/fail.js";`,
    files: { "bundle/lib/fail.js": `\n\nexport function fail() { throw new TypeError("not here"); }` },
  });
  assert.equal(code, Exit.failed);
  assert.equal(result.status, "failed");
  assert.match(result.reason, /TypeError: not here/);
  assert.match(stderr + JSON.stringify(result), /lib\/fail\.js:3/);
});

test("whatever is thrown is explained", async (t) => {
  for (const [thrown, shown] of [
    [`"just a string"`, "just a string"],
    [`null`, "null"],
    [`{ code: 17 }`, "17"],
    [`Object.create(null)`, ""],
    [`new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } })`, ""],
    [`Symbol("sym")`, "sym"],
  ]) {
    const { code, stderr, result } = await runFlow(t, `throw ${thrown};`);
    assert.equal(code, Exit.failed, `${thrown}: ${stderr}`);
    assert.equal(result.status, "failed");
    assert.ok(result.reason.includes(shown), `${thrown}: ${result.reason}`);
  }
});

test("a result that is not JSON fails with a sentence", async (t) => {
  for (const value of [`1n`, `(() => { const loop = {}; loop.loop = loop; return loop; })()`]) {
    const { code, result } = await runFlow(t, `return { data: ${value} };`);
    assert.equal(code, Exit.failed, value);
    assert.match(result.reason, /cannot be written as JSON/);
  }
});

test("timers and promises run in order", async (t) => {
  const { result } = await runFlow(
    t,
    `const seen = [];
     const timer = new Promise((resolve) => setTimeout(() => { seen.push("timer"); resolve(); }, 1));
     queueMicrotask(() => seen.push("microtask"));
     seen.push("sync");
     const cancelled = setTimeout(() => seen.push("never"), 0);
     clearTimeout(cancelled);
     await timer;
     return { data: seen };`,
  );
  assert.deepEqual(result.output, ["sync", "microtask", "timer"]);
});

test("--json has the documented shape and --receipt writes the same receipt, signed", async (t) => {
  const { code, result, folder } = await (async () => {
    const started = startFlow(t, `context.log.info("hi"); return { data: 1 };`, {
      args: ["--json", "--receipt", "/dev/null"],
    });
    const { code, stdout } = await started.exited;
    return { code, result: parseOrNull(stdout), folder: started.folder };
  })();
  assert.equal(code, Exit.succeeded);
  assert.deepEqual(
    Object.keys(result)
      .filter((key) => ["status", "reason", "output", "steps", "calls", "usage", "receipt"].includes(key))
      .sort(),
    ["calls", "output", "reason", "receipt", "status", "steps", "usage"],
  );
  assert.ok(Array.isArray(result.calls) && Array.isArray(result.steps));
  for (const [name, value] of Object.entries(result.usage)) assert.equal(typeof value, "number", name);

  const file = join(folder, "receipt.json");
  const again = await run(["run", join(folder, "bundle"), "--json", "--receipt", file]);
  assert.equal(again.code, Exit.succeeded);
  const { payload } = JSON.parse(readFileSync(file, "utf8"));
  assert.deepEqual(JSON.parse(Buffer.from(payload, "base64")), parseOrNull(again.stdout).receipt);
});

test("the receipt says what ran and that it is gone", async (t) => {
  const { result } = await runFlow(t, `return { data: 1 };`);
  const { receipt } = result;
  assert.match(receipt.code.sha256, /^[0-9a-f]{64}$/);
  assert.equal(receipt.verdict.status, "succeeded");
  assert.deepEqual([receipt.teardown.dead, receipt.teardown.reaped], [true, true]);
});

test("two runs of one flow see different randomness", async (t) => {
  const body = `return { data: [Math.random(), crypto?.randomUUID?.() ?? null] };`;
  const first = await runFlow(t, body.replace("crypto?.", "globalThis.crypto?."));
  const second = await runFlow(t, body.replace("crypto?.", "globalThis.crypto?."));
  assert.notDeepEqual(first.result.output, second.result.output);
});
