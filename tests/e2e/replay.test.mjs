// A recorded execution runs again bit for bit, another version is held against it, and whatever was changed is named.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { changes } from "../replay/changes.mjs";
import { Field, framesWith, readRecords, writeRecords } from "../replay/journal.mjs";
import { record as recordMany } from "../replay/record.mjs";
import { Exit, flowSource, parseOrNull, readBody, root, run, serve, startFlow, temporaryFolder, warder, writeFiles } from "./support.mjs";

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

test("a recorded execution is identical, again and again, without its upstream", async (t) => {
  const { journal, bundle } = await recordBusy(t);
  for (let i = 0; i < 5; ++i) {
    const { code, stdout, stderr } = await run(["replay", journal], { env: { TZ: "Asia/Tokyo", LANG: "de_DE.UTF-8" } });
    assert.equal(code, 0, stdout + stderr);
    assert.match(stdout, /run\.journal: identical \(succeeded, 6 calls\)\n/);
  }
  assert.equal((await run(["replay", journal, "--bundle", bundle])).code, 0);
});

// Other processors: tests/replay/other_processors.mjs.
test("a journal is not bound to user, folder, time zone and language", { skip: process.getuid() !== 0 && "not started as root" }, async (t) => {
  const { origin } = await upstream(t);
  const { journal, bundle, code: recorded, stderr: why } = await record(t, busy, { event: { origin }, allow: [origin], env: { TZ: "UTC", LANG: "C" } });
  assert.equal(recorded, Exit.succeeded, why);
  const elsewhere = temporaryFolder(t);
  cpSync(bundle, join(elsewhere, "another name"), { recursive: true });
  copyFileSync(journal, join(elsewhere, "copy"));
  chmodSync(elsewhere, 0o755);
  chmodSync(join(elsewhere, "copy"), 0o644);
  const asUser = join(root, "tests/lib/as-user");
  const env = { TZ: "Asia/Kathmandu", LANG: "ne_NP.UTF-8", HOME: "/nonexistent" };
  const { code, stdout, stderr } = await run([warder, "replay", "copy", "--bundle", "another name"], { program: asUser, env, cwd: elsewhere });
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /identical/);
});

// The rest of them, and many more executions: tests/replay/run.sh.
test("executions of the examples are identical again, and what was changed is named", async (t) => {
  const folder = temporaryFolder(t);
  const journals = await recordMany(warder, folder, 12);
  const { code, stdout, stderr } = await run(["replay", folder]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /\n12 identical, 0 diverged\n$/);
  const everything = journals.find((path) => path.includes("everything"));
  const changed = join(folder, "changed");
  for (const [name, { change, says }] of Object.entries(changes)) {
    const all = readRecords(everything);
    change(all);
    writeRecords(changed, all);
    const replayed = await run(["replay", changed]);
    assert.notEqual(replayed.code, 0, name);
    assert.match(replayed.stdout + replayed.stderr, says, name);
  }
});

// Not bound again, it is found by its checksum, wherever it is.
test("a journal that was damaged or cut off says where", async (t) => {
  const { journal } = await recordBusy(t);
  const changed = journal.replace("run", "changed");
  const bytes = readFileSync(journal);
  const start = readRecords(journal)[framesWith(readRecords(journal), Field.start)[0]].payload;
  bytes[bytes.indexOf(start) + start.length - 1] ^= 1;
  writeFileSync(changed, bytes);
  const damaged = await run(["replay", changed]);
  assert.equal(damaged.code, Exit.invalid);
  assert.match(damaged.stderr, /record \d+ \(the start, with the seed\) does not match its checksum/);
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

test("personal data that is named is in no part of a journal, which is replayed all the same", async (t) => {
  const { origin } = await serve(t, async (request, response) => {
    if (request.method === "POST") return void response.end(await readBody(request));
    response.setHeader("content-type", "application/json");
    response.setHeader("x-owner", "anna@example.test");
    response.end(JSON.stringify({ id: 7, owner: { email: "anna@example.test", phone: "+49 151 123" }, note: "call +49 151 123" }));
  });
  const body = `
    const found = await (await fetch(event.origin + "/people/" + encodeURIComponent(event.email))).json();
    context.log.info("found " + found.owner.email.toUpperCase(), { hash: [...new TextEncoder().encode(found.owner.phone)] });
    const sent = await fetch(event.origin + "/mail", { method: "POST", body: JSON.stringify({ to: found.owner, note: found.note }) });
    return { data: { sent: await sent.json(), same: found.owner.email === event.email } };`;
  const options = { event: { origin, email: "anna@example.test" }, allow: [origin] };
  const { journal, code, stderr, result } = await record(t, body, { ...options, args: ["--redact", "email", "--redact", "phone"] });
  assert.equal(code, Exit.succeeded, stderr);
  assert.equal(result.output.sent.to.email, "anna@example.test"); // what was done was done with the real one
  const text = readFileSync(journal, "latin1");
  for (const form of ["anna", "ANNA", "+49 151", "43,52,57,32"]) assert.equal(text.includes(form), false, form);
  assert.ok(text.includes("redacted-1@redacted.invalid") && text.includes("REDACTED-1@"));
  const replayed = await run(["replay", journal]);
  assert.equal(replayed.code, 0, replayed.stdout + replayed.stderr);
  assert.match(replayed.stdout, /identical \(succeeded, 2 calls\)/);

  // A flow that goes another way without it has no such journal.
  const picky = await record(t, `if (event.email.endsWith("example.test")) await fetch(event.origin); return { data: 1 };`, { ...options, args: ["--redact", "email"] });
  assert.equal(picky.code, Exit.invalid);
  assert.match(picky.stderr, /not written without personal data: without it the flow goes another way: the 1st call/);
  assert.equal(existsSync(picky.journal), false);
});
