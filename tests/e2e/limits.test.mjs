// A limit ends the run with exit code 3 and a verdict that names the limit, its value, the peak and where the script was.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Exit, readBody, runFlow, serve } from "./support.mjs";

const small = { wall: "5s", cpu: "300ms", heap: "32MB", "array-buffer": "8MB" };

const bombs = [
  { name: "while (true)", body: `while (true) {}`, limit: "cpu", stack: /index\.js:3/ },
  {
    name: "an endless microtask loop",
    body: `const again = () => queueMicrotask(again); again(); await new Promise(() => {});`,
    limit: "cpu",
    stack: /at again \(index\.js:3/,
  },
  // Where the script goes on after an await, V8 may still name the beginning of the function.
  { name: "an endless chain of awaits", body: `for (;;) await null;`, limit: "cpu", stack: /at run \(index\.js:[23]:/ },
  { name: "a promise that never settles", body: `await new Promise(() => {});`, limit: "wall" },
  {
    name: "a timer beyond the wall clock",
    body: `await new Promise((done) => setTimeout(done, 600_000));`,
    limit: "wall",
    limits: { wall: "300ms" },
  },
  {
    name: "a heap bomb",
    body: `const all = []; for (;;) all.push({ a: [], b: {} });`,
    limit: "heap",
    limits: { cpu: "20s", wall: "60s" },
  },
  {
    name: "a heap bomb of one array",
    body: `const all = []; for (;;) all.push(...new Array(50_000).fill(1.5));`,
    limit: "heap",
    limits: { cpu: "20s", wall: "60s" },
  },
  {
    name: "an ArrayBuffer bomb",
    body: `const all = []; for (;;) all.push(new ArrayBuffer(1 << 20));`,
    limit: "array-buffer",
  },
  {
    name: "a string bomb",
    body: `let text = "x"; for (;;) text += text;`,
    limit: "heap",
    limits: { cpu: "20s", wall: "60s" },
  },
  {
    name: "a string bomb that is flattened",
    body: `let text = "x"; for (;;) { text += text; text.charCodeAt(1); /x/.test(text); }`,
    limit: "heap",
    limits: { cpu: "20s", wall: "60s" },
  },
  {
    name: "a regular expression that backtracks for ever",
    body: `return { data: /^(a+)+$/.test("a".repeat(40) + "b") };`,
    limit: "cpu",
  },
  { name: "a bomb in the module's top level", body: `return { data: 1 };`, top: `while (true) {}`, limit: "cpu" },
  { name: "a bomb in toJSON", body: `return { data: { toJSON() { for (;;); } } };`, limit: "cpu" },
];

for (const { name, body, limit, limits, stack, top } of bombs) {
  test(`${name} ends at the limit ${limit}`, async (t) => {
    const { code, result, stderr } = await runFlow(t, body, { limits: { ...small, ...limits }, top });
    assert.equal(code, Exit.limit, stderr);
    assert.equal(result.status, "limit");
    assert.match(result.reason, new RegExp(`limit ${limit} of \\d+`));
    assert.equal(result.receipt.verdict.limit.name, limit);
    // A flow that nothing can wake up is ended before its wall clock has moved a millisecond.
    // A flow that can never go on is ended at once, so its time may round to nothing.
    assert.ok(result.receipt.verdict.limit.peak >= (limit === "wall" ? 0 : 1), JSON.stringify(result.receipt.verdict));
    assert.deepEqual([result.receipt.teardown.dead, result.receipt.teardown.reaped], [true, true]);
    assert.match(stderr, new RegExp(limit));
    if (stack) assert.match(stderr, stack);
  });
}

test("positive control: the same limits let an ordinary flow through", async (t) => {
  const { code, stderr } = await runFlow(
    t,
    `let sum = 0; for (let i = 0; i < 1e4; i++) sum += i; return { data: sum };`,
    { limits: small },
  );
  assert.equal(code, Exit.succeeded, stderr);
});

test("a refused ArrayBuffer is a RangeError that a flow can handle", async (t) => {
  const { code, result, stderr } = await runFlow(
    t,
    `try { new ArrayBuffer(64 << 20); } catch (error) { return { data: [error.name, new ArrayBuffer(1024).byteLength] }; }`,
    { limits: small },
  );
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(result.output, ["RangeError", 1024]);
});

test("an infinite recursion is the flow's own error", async (t) => {
  const { code, result, stderr } = await runFlow(t, `const deeper = () => deeper() + 1; return { data: deeper() };`);
  assert.equal(code, Exit.failed, stderr);
  assert.match(result.reason, /RangeError/);
});

test("an output beyond its limit", async (t) => {
  const { code, result, stderr } = await runFlow(t, `return { data: "x".repeat(2048) };`, {
    limits: { output: "1KB" },
  });
  assert.equal(code, Exit.limit, stderr);
  assert.match(result.reason, /limit output of 1KB/);
});

test("logs beyond their limit are dropped with one notice, and the run goes on", async (t) => {
  const { code, stderr } = await runFlow(
    t,
    `for (let i = 0; i < 1000; i++) console.log("line", i); return { data: 1 };`,
    { limits: { log: "1KB" } },
  );
  assert.equal(code, Exit.succeeded, stderr);
  assert.match(stderr, /line 1\b/);
  assert.doesNotMatch(stderr, /line 999/);
});

test("calls, request bytes and response bytes", async (t) => {
  const server = await serve(t, async (request, response) => {
    await readBody(request);
    response.end("x".repeat(4096));
  });
  const options = { event: server.origin, allow: [server.origin] };
  for (const [limit, value, body] of [
    ["calls", 3, `for (let i = 0; i < 5; i++) await (await fetch(event)).text(); return { data: 1 };`],
    ["response-bytes", "10KB", `for (let i = 0; i < 5; i++) await (await fetch(event)).text(); return { data: 1 };`],
    [
      "request-bytes",
      "10KB",
      `for (let i = 0; i < 5; i++) await fetch(event, { method: "POST", body: "x".repeat(4096) }); return { data: 1 };`,
    ],
  ]) {
    const { code, result, stderr } = await runFlow(t, body, { ...options, limits: { [limit]: value } });
    assert.equal(code, Exit.limit, `${limit}: ${stderr}`);
    assert.equal(result.receipt.verdict.limit.name, limit);
    const control = await runFlow(t, body, options);
    assert.equal(control.code, Exit.succeeded, `${limit}: ${control.stderr}`);
  }
});

test("an upstream that never answers ends at the wall clock", async (t) => {
  const server = await serve(t, () => {});
  const { code, result, stderr } = await runFlow(t, `await fetch(event);`, {
    event: server.origin,
    allow: [server.origin],
    limits: { wall: "500ms" },
  });
  assert.equal(code, Exit.limit, stderr);
  assert.equal(result.receipt.verdict.limit.name, "wall");
});
