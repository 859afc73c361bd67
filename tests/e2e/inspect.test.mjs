// warder run --inspect: a debugger looks into an execution in its jail.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { attach, knock } from "./debugger.mjs";
import { bodyLine, Exit, flowSource, poll, refusalOf, run, serve, start, writeFiles } from "./support.mjs";

const source = flowSource("let total = 40;\ntotal += event.more;\nreturn { data: total };");

// A run that waits for a debugger, and where it does.
async function inspected(t, { files = { "index.js": source }, event = { more: 2 }, args = [], mode = "--inspect=0" } = {}) {
  const folder = writeFiles(t, { ...files, "event.json": JSON.stringify(event) });
  const started = start(["run", folder, "--event", join(folder, "event.json"), mode, ...args]);
  t.after(() => started.child.kill("SIGKILL"));
  const url = await poll("a debugger's address", () => /Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32})\n/.exec(started.output.stderr)?.[1]);
  return { ...started, url, folder };
}

async function begin(url) {
  const client = await attach(url);
  await client.call("Runtime.enable");
  await client.call("Debugger.enable");
  return client;
}

test("a breakpoint by file and line, a look around, a change, a step, and on", async (t) => {
  const { url, exited } = await inspected(t);
  const client = await begin(url);
  const { breakpointId } = await client.call("Debugger.setBreakpointByUrl", { url: "index.js", lineNumber: bodyLine });
  assert.match(breakpointId, /index\.js/);
  await client.call("Runtime.runIfWaitingForDebugger");
  const { callFrames, hitBreakpoints } = await client.event("Debugger.paused");
  assert.deepEqual(hitBreakpoints, [breakpointId]);
  assert.equal(callFrames[0].location.lineNumber, bodyLine);
  const [{ callFrameId }] = callFrames;
  const evaluate = async (expression) =>
    (await client.call("Debugger.evaluateOnCallFrame", { callFrameId, expression, returnByValue: true })).result.value;
  assert.deepEqual(await evaluate("[total, event]"), [40, { more: 2 }]);
  assert.equal(await evaluate("total = 98"), 98);
  await client.call("Debugger.stepOver");
  const stepped = await client.event("Debugger.paused");
  assert.equal(stepped.callFrames[0].location.lineNumber, bodyLine + 1);
  await client.call("Debugger.resume");
  const { code, stdout } = await exited;
  assert.equal(code, 0);
  assert.equal(stdout, "100\n");
  await client.closed;
});

test("without a breakpoint it runs as always", async (t) => {
  const { url, exited } = await inspected(t);
  const client = await begin(url);
  await client.call("Runtime.runIfWaitingForDebugger");
  assert.equal((await exited).stdout, "42\n");
});

test("--inspect-brk pauses before the first statement", async (t) => {
  const files = { "index.js": `import { first } from "./first.js";\n${source}`, "first.js": "export const first = 1;\n" };
  const { url, exited } = await inspected(t, { mode: "--inspect-brk=0", files });
  const client = await begin(url);
  const scripts = new Map();
  await client.call("Runtime.runIfWaitingForDebugger");
  const paused = await client.event("Debugger.paused");
  assert.equal(paused.reason, "Break on start");
  for (let script; (script = await client.event("Debugger.scriptParsed")); ) {
    scripts.set(script.scriptId, script.url);
    if (scripts.has(paused.callFrames[0].location.scriptId)) break;
  }
  assert.match(scripts.get(paused.callFrames[0].location.scriptId), /^(index|first)\.js$/);
  assert.equal(paused.callFrames[0].location.lineNumber, 0);
  await client.call("Debugger.resume");
  assert.equal((await exited).stdout, "42\n");
});

test("while it is paused neither wall nor cpu time runs out", async (t) => {
  const files = { "index.js": source, "limits.json": JSON.stringify({ wall: "400ms", cpu: "100ms" }) };
  const folder = writeFiles(t, files);
  const { url, exited } = await inspected(t, { args: ["--limits", join(folder, "limits.json")] });
  const client = await begin(url);
  await client.call("Debugger.setBreakpointByUrl", { url: "index.js", lineNumber: bodyLine });
  await client.call("Runtime.runIfWaitingForDebugger");
  const [{ callFrameId }] = (await client.event("Debugger.paused")).callFrames;
  // More than both limits, by the cell's own work.
  const until = Date.now() + 1_000;
  while (Date.now() < until) {
    await client.call("Debugger.evaluateOnCallFrame", { callFrameId, expression: "for (let i = 0; i < 300_000; ++i) i % 7;" });
  }
  await client.call("Debugger.resume");
  const { code, stdout, stderr } = await exited;
  assert.equal(code, 0, stderr);
  assert.equal(stdout, "42\n");
});

test("and when it runs again they do", async (t) => {
  const folder = writeFiles(t, { "limits.json": JSON.stringify({ wall: "300ms" }) });
  const files = { "index.js": flowSource("debugger;\nawait new Promise((done) => setTimeout(done, 60_000));") };
  const { url, exited } = await inspected(t, { files, args: ["--limits", join(folder, "limits.json")] });
  const client = await begin(url);
  await client.call("Runtime.runIfWaitingForDebugger");
  await client.event("Debugger.paused");
  await client.call("Debugger.resume");
  const { code, stderr } = await exited;
  assert.equal(code, Exit.limit, stderr);
  assert.match(stderr, /the limit wall of 300ms was reached/);
});

test("answers that come while it is paused are heard afterwards", async (t) => {
  const { origin } = await serve(t, (request, response) => response.end(`at ${request.url}`));
  const files = {
    "index.js": flowSource(`const both = [1, 2].map(async (n) => (await fetch("${origin}/" + n)).text());
debugger;
return { data: await Promise.all(both) };`),
  };
  const { url, exited } = await inspected(t, { files, args: ["--allow", origin] });
  const client = await begin(url);
  await client.call("Runtime.runIfWaitingForDebugger");
  await client.event("Debugger.paused");
  await client.call("Debugger.resume");
  const { stdout, stderr } = await exited;
  assert.equal(stdout, '["at /1","at /2"]\n', stderr);
});

test("whoever leaves lets it go on, and somebody else may come", async (t) => {
  const files = { "index.js": flowSource('debugger;\nawait fetch("http://127.0.0.1:9/").catch(() => {});\nreturn { data: 1 };') };
  for (const way of ["leave", "vanish"]) {
    const { url, exited } = await inspected(t, { files });
    const first = await begin(url);
    await first[way]();
    const second = await poll("the first to be gone", () => begin(url).catch(() => undefined));
    await second.call("Runtime.runIfWaitingForDebugger");
    await second.event("Debugger.paused");
    await second[way]();
    assert.equal((await exited).stdout, "1\n", way);
  }
});

test("only one debugger, by the right path, from this machine and from no web page", async (t) => {
  const { url, child, exited } = await inspected(t);
  const place = new URL(url);
  const other = (path) => `ws://127.0.0.1:${place.port}${path}`;
  for (const [target, headers, status] of [
    [other("/"), {}, 404],
    [other(`/${"0".repeat(32)}`), {}, 404],
    [other(`${place.pathname}x`), {}, 404],
    [url, { host: "evil.example" }, 421],
    [url, { host: `evil.example:${place.port}` }, 421],
    [url, { host: "127.0.0.1.evil.example" }, 421],
    [url, { origin: "http://127.0.0.1" }, 403],
    [url, { origin: "null" }, 403],
  ]) {
    const answer = await knock(target, headers);
    assert.equal(answer.status, status, JSON.stringify([target, headers, answer]));
  }
  const plain = (path, headers) => knock(`http://127.0.0.1:${place.port}${path}`, headers, false);
  assert.equal((await plain("/json/list", { host: "evil.example" })).status, 421);
  assert.equal((await plain("/json/list", { origin: "https://evil.example" })).status, 403);
  assert.equal((await plain("/elsewhere")).status, 404);
  const [debuggee] = JSON.parse((await plain("/json/list")).body);
  assert.equal(debuggee.webSocketDebuggerUrl, url);
  assert.equal(debuggee.type, "node");
  assert.match(debuggee.devtoolsFrontendUrl, new RegExp(`ws=127\\.0\\.0\\.1:${place.port}${place.pathname}$`));
  assert.equal(JSON.parse((await plain("/json/list", { host: "localhost:1234" })).body)[0].webSocketDebuggerUrl, `ws://localhost:1234${place.pathname}`);
  assert.match(JSON.parse((await plain("/json/version")).body).Browser, /^warder\//);
  // The positive control: DevTools' own origin.
  const client = await attach(url, { origin: "devtools://devtools" });
  assert.equal((await knock(url)).status, 409);
  await client.call("Runtime.enable");
  child.kill("SIGINT");
  assert.equal((await exited).code, Exit.interrupted);
  await client.closed;
});

test("what a cell cannot do is refused, and what makes no sense too", async (t) => {
  const { url, exited } = await inspected(t);
  const client = await begin(url);
  for (const method of ["Profiler.start", "Runtime.terminateExecution", "NodeWorker.enable", "Page.navigate", "HeapProfiler.startSampling"]) {
    assert.equal((await client.ask(method)).error?.code, -32601, method);
  }
  assert.equal((await client.ask("Debugger.resume", { terminateOnResume: true })).error?.code, -32601);
  for (const text of ["{", "[]", '{"id":"x","method":"Runtime.enable"}', '{"id":1.5}', '{"method":"Runtime.enable"}']) client.say(text);
  await client.call("Runtime.runIfWaitingForDebugger");
  assert.equal((await exited).stdout, "42\n");
});

test("Ctrl-C ends a run that is paused, or that nobody has come to", async (t) => {
  for (const paused of [false, true]) {
    const { url, child, exited } = await inspected(t, { mode: "--inspect-brk=0" });
    if (paused) {
      const client = await begin(url);
      await client.call("Runtime.runIfWaitingForDebugger");
      await client.event("Debugger.paused");
    }
    child.kill("SIGINT");
    const { code, stderr } = await exited;
    assert.equal(code, Exit.interrupted, stderr);
    await assert.rejects(knock(url), /ECONNREFUSED/);
  }
});

test("the sources that a bundle was made from come with it", async (t) => {
  const map = { version: 3, sources: ["../src/flow.ts"], sourcesContent: ["what the author wrote"], mappings: "AAAA" };
  const files = { "index.js": `${source}//# sourceMappingURL=index.js.map\n`, "index.js.map": JSON.stringify(map) };
  const { url, exited } = await inspected(t, { files });
  const client = await begin(url);
  await client.call("Runtime.runIfWaitingForDebugger");
  for (let script; (script = await client.event("Debugger.scriptParsed")); ) {
    if (script.url !== "index.js") continue;
    const [, text] = /^data:application\/json;base64,(.+)$/.exec(script.sourceMapURL);
    assert.deepEqual(JSON.parse(Buffer.from(text, "base64")), map);
    break;
  }
  assert.equal((await exited).code, 0);
});

test("node's own debugger finds it and drives it", async (t) => {
  const { url, exited } = await inspected(t, { mode: "--inspect-brk=0" });
  const client = spawn(process.execPath, ["inspect", new URL(url).host], { stdio: "pipe" });
  t.after(() => client.kill("SIGKILL"));
  let said = "";
  for (const stream of [client.stdout, client.stderr]) stream.setEncoding("utf8").on("data", (text) => (said += text));
  const type = async (command, answer) => {
    said = "";
    client.stdin.write(`${command}\n`);
    await poll(command, () => answer.test(said));
  };
  await poll("a prompt", () => /debug>/.test(said));
  await type(`setBreakpoint("index.js", ${bodyLine + 1})`, /debug> $/);
  await type("cont", /break in index\.js:4/);
  await type("exec('total')", /40/);
  await type("exec('total = 58')", /58/);
  client.stdin.write("cont\n");
  const { stdout, stderr } = await exited;
  assert.equal(stdout, "60\n", stderr + said);
});

test("a receipt says so, and nothing is recorded", async (t) => {
  const folder = writeFiles(t, {});
  const receipt = join(folder, "receipt.json");
  const { url, exited } = await inspected(t, { args: ["--receipt", receipt, "--json"] });
  const client = await begin(url);
  await client.call("Runtime.runIfWaitingForDebugger");
  const { stdout } = await exited;
  assert.equal(JSON.parse(stdout).receipt.development, "inspected");
  const signed = JSON.parse(Buffer.from(JSON.parse(readFileSync(receipt, "utf8")).payload, "base64"));
  assert.equal(signed.development, "inspected");
  assert.equal(signed.teardown.descriptors.made, signed.teardown.descriptors.returned);
  assert.equal((await run(["audit", "verify-receipt", receipt])).code, 0);
});

test("wrong options are one sentence each", async (t) => {
  const folder = writeFiles(t, { "index.js": source });
  assert.match(await refusalOf(["run", folder, "--inspect=x"]), /the port of --inspect is 0 \(any free one\) to 65535, not "x"/);
  assert.match(await refusalOf(["run", folder, "--inspect=65536"]), /to 65535, not "65536"/);
  assert.match(await refusalOf(["run", folder, "--inspect=0.0.0.0:9229"]), /only waited for on 127\.0\.0\.1/);
  assert.match(await refusalOf(["run", folder, "--inspect", "--record", join(folder, "j")]), /--inspect and --record exclude each other/);
  const { url } = await inspected(t);
  assert.match(await refusalOf(["run", folder, `--inspect=${new URL(url).port}`]), /no debugger can be waited for on 127\.0\.0\.1:\d+: Address already in use/);
});
