// A recorded execution runs again bit for bit, another version is held against it, and whatever was changed is named.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, flowSource, parseOrNull, readBody, run, serve, startFlow, temporaryFolder, writeFiles } from "./support.mjs";

const token = "canary-9d41b27760aa4e1c";

// Everything that can differ between two runs: randomness, time, answers, their order, bodies both ways, errors.
const busy = `
  const numbers = [Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(4))]];
  const began = Date.now();
  await new Promise((done) => setTimeout(done, 30));
  const race = await Promise.all(["a", "b", "c"].map(async (name) => {
    const response = await fetch(event.origin + "/" + name);
    const text = await response.text();
    return [name, response.status, text.length, Date.now() - began];
  }));
  const cut = new AbortController();
  const aborted = await Promise.all([
    fetch(event.origin + "/slow", { signal: cut.signal }).catch((error) => error.name),
    new Promise((done) => setTimeout(() => { cut.abort(); done("cut"); }, 20))]);
  const echoed = await fetch(event.origin + "/echo", { method: "POST", body: "y".repeat(700_000) });
  const refused = await fetch("https://elsewhere.test/").catch((error) => error.message);
  const size = (await echoed.arrayBuffer()).byteLength;
  console.log("sizes", size);
  context.log.info("done", { at: Date.now() - began, race });
  return { data: { numbers, race, aborted, size, refused, took: Date.now() - began } };`;

async function upstream(t) {
  return serve(t, async (request, response) => {
    if (request.url === "/slow") return; // never answers
    if (request.url === "/echo") return void response.end(await readBody(request));
    response.statusCode = request.url === "/b" ? 404 : 200;
    response.end(request.url.repeat(request.url === "/c" ? 300_000 : 3));
  });
}

// Runs `body` and returns where its journal is, and what `warder run` said.
async function record(t, body, { args = [], ...options } = {}) {
  const journal = join(temporaryFolder(t), "run.journal");
  const { exited, folder } = startFlow(t, body, { args: ["--json", "--record", journal, ...args], ...options });
  const { code, stdout, stderr } = await exited;
  return { journal, code, stderr, result: parseOrNull(stdout), bundle: join(folder, "bundle") };
}

async function recordBusy(t) {
  const { origin } = await upstream(t);
  const recorded = await record(t, busy, { event: { origin }, allow: [origin] });
  assert.equal(recorded.code, Exit.succeeded, recorded.stderr);
  return recorded;
}

// The records of a journal: [{ kind, payload }], and back, with checksums that match.
const magic = "warder journal 2\n";
function records(path) {
  const bytes = readFileSync(path);
  const all = [];
  for (let at = magic.length; at < bytes.length;) {
    const length = bytes.readUInt32LE(at + 1);
    all.push({ kind: bytes[at], payload: bytes.subarray(at + 13, at + 13 + length) });
    at += 13 + length;
  }
  return all;
}
function bind(path, all) {
  let chain = createHash("sha256").update(magic).digest();
  const parts = [Buffer.from(magic)];
  for (const { kind, payload } of all) {
    const head = Buffer.alloc(5);
    head[0] = kind;
    head.writeUInt32LE(payload.length, 1);
    chain = createHash("sha256").update(chain).update(head).update(payload).digest();
    parts.push(head, chain.subarray(0, 8), payload);
  }
  writeFileSync(path, Buffer.concat(parts));
}

test("a recorded execution is identical, again and again, without its upstream", async (t) => {
  const { journal, bundle } = await recordBusy(t);
  for (let i = 0; i < 5; ++i) {
    const { code, stdout, stderr } = await run(["replay", journal], { env: { TZ: "Asia/Tokyo", LANG: "de_DE.UTF-8" } });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /run\.journal: identical \(succeeded, 6 calls\)\n/);
  }
  assert.equal((await run(["replay", journal, "--bundle", bundle])).code, 0);
});

test("what was changed in a journal is named", async (t) => {
  const { journal } = await recordBusy(t);
  const changed = journal.replace("run", "changed");
  const expectChange = async (what, change, pattern) => {
    const all = records(journal).map(({ kind, payload }) => ({ kind, payload: Buffer.from(payload) }));
    change(all);
    bind(changed, all);
    const { code, stdout, stderr } = await run(["replay", changed]);
    assert.notEqual(code, 0, what);
    assert.match(stdout + stderr, pattern, what);
  };
  const toCell = ">".charCodeAt(0);
  // Start is the fourth frame to the cell; its first field is the seed of 32 bytes, behind two short heads.
  const start = (all) => all.filter(({ kind }) => kind === toCell)[3].payload;
  await expectChange("the seed", (all) => {
    const payload = start(all);
    const seed = payload.indexOf(Buffer.from([0x0a, 0x20]));
    payload[seed + 2] ^= 1;
  }, /the output is not the one|log is not as it was/);
  // The clock is the first field of every frame, a varint; its second byte is 128 µs.
  await expectChange("the clock", (all) => {
    for (const { kind, payload } of all.slice(9)) if (kind === toCell) payload[3] ^= 1;
  }, /log is not as it was|the output is not|clock that is before/);
  await expectChange("a reply", (all) => {
    const found = all.find(({ kind, payload }) => kind === toCell && payload.includes("/a/a/a"));
    found.payload[found.payload.indexOf("/a/a/a")] = 0x78;
    const head = all.find(({ kind, payload }) => kind === toCell && payload.includes("Not Found"));
    head.payload[head.payload.indexOf(Buffer.from([0x10, 0x94, 0x03])) + 1] = 0x95; // 405
  }, /log is not as it was/);
  await expectChange("the order", (all) => {
    const calls = all.flatMap(({ kind, payload }, index) => (kind === toCell && index > 5 && payload.includes("/a") ? [index] : []));
    [all[calls[0]], all[calls[1]]] = [all[calls[1]], all[calls[0]]];
  }, /record \d+ (is a reply to call|has a clock that is before)|the output|the log/);

  // Not bound again, a change is found by its checksum, wherever it is.
  const bytes = readFileSync(journal);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(changed, bytes);
  const damaged = await run(["replay", changed]);
  assert.equal(damaged.code, Exit.invalid);
  assert.match(damaged.stderr, /record \d+ does not match its checksum/);
  writeFileSync(changed, readFileSync(journal).subarray(0, -30));
  const cut = await run(["replay", changed]);
  assert.equal(cut.code, Exit.invalid);
  assert.match(cut.stdout, /cut off: it ends within record \d+; up to there nothing differs/);
});

test("a failure, a limit and a violation are replayed as far as can be compared", async (t) => {
  const failed = await record(t, `const inner = new RangeError("inside"); throw new TypeError("no order", { cause: inner });`);
  assert.equal(failed.code, Exit.failed);
  const limited = await record(t, `context.log.info("before"); await new Promise((done) => setTimeout(done, 60_000));`, { limits: { wall: "300ms" } });
  assert.equal(limited.code, Exit.limit);
  const spun = await record(t, `context.log.info("before"); for (;;);`, { limits: { cpu: "200ms" } });
  assert.equal(spun.code, Exit.limit);
  const stalled = await record(t, `await new Promise(() => {});`);
  const heap = await record(t, `const all = []; for (;;) all.push(new Array(1000).fill(all.length));`, { limits: { heap: "16MB" } });
  assert.equal(heap.code, Exit.limit);
  const rejected = await record(t, `return (;`);
  assert.equal(rejected.code, Exit.invalid);
  for (const [{ journal }, word] of [[failed, "failed"], [limited, "limit"], [spun, "limit"], [stalled, "limit"], [heap, "limit"], [rejected, "invalid"]]) {
    const { code, stdout, stderr } = await run(["replay", journal]);
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, new RegExp(`identical \\(${word}, 0 calls\\)`));
  }
});

test("another version is held against a folder of journals", async (t) => {
  const { origin } = await upstream(t);
  const flow = (path, result) => `const first = await fetch(event.origin + "/a"); await first.text();
    const second = await fetch(event.origin + "${path}"); return { data: ${result} };`;
  const folder = temporaryFolder(t);
  for (const name of ["one", "two"]) {
    const { journal } = await record(t, flow("/b", "[first.status, second.status, Date.now()]"), { event: { origin }, allow: [origin] });
    copyFileSync(journal, join(folder, `${name}.journal`));
  }
  const version = (body) => writeFiles(t, { "index.js": flowSource(body) });
  const same = await run(["replay", folder, "--against", version(`context.log.info("logs more"); ${flow("/b", "[first.status, second.status, Date.now()]")}`)]);
  assert.equal(same.code, 0, same.stdout + same.stderr);
  assert.match(same.stdout, /one\.journal: same \(succeeded, 2 calls\)\n.*two\.journal: same.*\n2 same, 0 differ\n$/);
  const result = await run(["replay", folder, "--against", version(flow("/b", "[first.status, 'x', Date.now()]"))]);
  assert.equal(result.code, 1);
  assert.match(result.stdout, /differs: it makes the same calls and has another result\n {4}\$\[1\]\n {6}- 404\n {6}\+ "x"\n/);
  const calls = await run(["replay", folder, "--against", version(flow("/c", "1"))]);
  assert.equal(calls.code, 1);
  assert.match(calls.stdout, /the 2nd call was GET http:\S+\/c, recorded was GET http:\S+\/b\n {4}url\n/);
  assert.match(calls.stdout, /0 same, 2 differ\n$/);
  const fewer = await run(["replay", folder, "--against", version(`const first = await fetch(event.origin + "/a"); return { data: 1 };`)]);
  assert.match(fewer.stdout, /the 2nd call, GET http:\S+\/b, was recorded and never made/);
});

test("a journal holds no credential, and is replayed without one", async (t) => {
  const { origin } = await serve(t, (request, response) => response.end(JSON.stringify(request.headers)));
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "acme.policy"), `origin ${origin}\nallow GET /v1/**\ninject bearer token\n`);
  writeFileSync(join(folder, "acme.json"), JSON.stringify({ policy: "acme.policy", fields: { token } }), { mode: 0o600 });
  const { journal, code, stderr } = await record(t, `
    const response = await context.connections.acme.fetch("/v1/orders");
    return { data: await response.text() };`, { args: ["--connect", `acme=${join(folder, "acme.json")}`] });
  assert.equal(code, Exit.succeeded, stderr);
  const bytes = readFileSync(journal);
  for (const form of [token, Buffer.from(token).toString("base64").slice(2, -2), Buffer.from(token).toString("hex")]) {
    assert.equal(bytes.includes(form), false, form);
  }
  assert.equal(bytes.includes("[redacted]"), true);
  const replayed = await run(["replay", journal]);
  assert.equal(replayed.code, 0, replayed.stdout + replayed.stderr);
});
