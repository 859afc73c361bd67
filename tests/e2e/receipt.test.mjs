// Receipts: signed, verified by the command and by other means, without anything that they must not hold.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash, createPublicKey, verify } from "node:crypto";
import { chmodSync, existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, expectedStates, parseOrNull, readBody, run, serve, startFlow, statesOf, temporaryFolder } from "./support.mjs";

const type = "application/vnd.warder.receipt.v1+json";

// Runs a flow with --receipt: {code, receipt (the file's path), text, payload, key (PEM), env, stdout, stderr}.
async function signed(t, body, options = {}) {
  const env = { XDG_STATE_HOME: temporaryFolder(t) };
  const receipt = join(temporaryFolder(t), "receipt.json");
  const { exited } = startFlow(t, body, { ...options, env, args: ["--receipt", receipt, ...(options.args ?? [])] });
  const { code, stdout, stderr } = await exited;
  const text = readFileSync(receipt, "utf8");
  const payload = JSON.parse(Buffer.from(JSON.parse(text).payload, "base64").toString());
  const key = (await run(["audit", "public-key"], { env })).stdout;
  return { code, receipt, text, payload, key, env, stdout, stderr };
}

// DSSE as its specification says, with nothing of Warder's.
function verifiesIndependently(text, pem) {
  const envelope = JSON.parse(text);
  const payload = Buffer.from(envelope.payload, "base64");
  const head = `DSSEv1 ${Buffer.byteLength(envelope.payloadType)} ${envelope.payloadType} ${payload.length} `;
  const key = createPublicKey(pem);
  const der = key.export({ type: "spki", format: "der" });
  assert.equal(envelope.payloadType, type);
  assert.equal(envelope.signatures.length, 1);
  assert.equal(envelope.signatures[0].keyid, createHash("sha256").update(der).digest("hex"));
  return verify(null, Buffer.concat([Buffer.from(head), payload]), key, Buffer.from(envelope.signatures[0].sig, "base64"));
}

test("a receipt is verified by the command and by node:crypto", async (t) => {
  const { code, receipt, text, payload, key, env, stderr } = await signed(t, `return { data: 1 };`);
  assert.equal(code, Exit.succeeded, stderr);
  assert.match(stderr, /made the key that signs receipts/);
  assert.equal(statSync(receipt).mode & 0o777, 0o600);
  assert.ok(verifiesIndependently(text, key));

  const own = await run(["audit", "verify-receipt", receipt], { env });
  assert.equal(own.code, 0, own.stderr);
  for (const word of ["valid", payload.execution, "succeeded", payload.code.sha256, "dead, reaped"])
    assert.ok(own.stdout.includes(word), word);

  const pem = join(temporaryFolder(t), "key.pem");
  writeFileSync(pem, key);
  const json = await run(["audit", "verify-receipt", receipt, "--key", pem, "--json"], { env: { XDG_STATE_HOME: "/absent" } });
  assert.equal(json.code, 0, json.stderr);
  assert.deepEqual(parseOrNull(json.stdout).receipt, payload);
});

test("a changed receipt and another key are refused, and what is no receipt is told apart", async (t) => {
  const { receipt, text, env } = await signed(t, `return { data: 1 };`);
  const check = (file, more = []) => run(["audit", "verify-receipt", file, ...more], { env });
  const envelope = JSON.parse(text);
  const forged = { ...JSON.parse(Buffer.from(envelope.payload, "base64").toString()), tenant: "another" };
  writeFileSync(receipt, JSON.stringify({ ...envelope, payload: Buffer.from(JSON.stringify(forged)).toString("base64") }));
  assert.equal((await check(receipt)).code, 1);
  writeFileSync(receipt, text);
  const other = join(temporaryFolder(t), "other.pem");
  writeFileSync(other, (await run(["audit", "public-key"], { env: { XDG_STATE_HOME: temporaryFolder(t) } })).stdout);
  const wrong = await check(receipt, ["--key", other]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /another signing key/);
  for (const no of ["", "{}", text.slice(0, -10), text.replace(type, "text/plain"), text.replace("{", '{"payload":"",')]) {
    writeFileSync(receipt, no);
    assert.equal((await check(receipt)).code, 2, no);
  }
  assert.equal((await check(join(receipt, "absent"))).code, 2);
});

test("the posture of an execution is exactly the expected one", async (t) => {
  const { payload } = await signed(t, `return { data: 1 };`);
  const states = statesOf(payload.posture);
  assert.deepEqual(states, expectedStates(states));
  const detail = Object.fromEntries(payload.posture.map((layer) => [layer.layer, layer.detail]));
  assert.equal(payload.teardown.cgroup, states.cgroup === "enforced" ? "removed" : "none");
  assert.equal(detail.descriptors, "open: 3");
  assert.equal(detail.seccomp, "mode 2, filters 2");
});

test("set-up, policy, times and teardown are there", async (t) => {
  const { payload } = await signed(t, `return { data: 1 };`);
  const steps = payload.setup.map(({ step }) => step);
  for (const step of ["fork", "descriptors", "landlock", "filter", "until-ready", "cgroup", "posture", "load"])
    assert.ok(steps.includes(step), step);
  assert.equal(payload.startMode, "warm");
  assert.ok(!steps.includes("isolate"), "its isolate was made before the fork");
  const fresh = (await signed(t, `return { data: 1 };`, { args: ["--start-mode", "fresh"] })).payload;
  assert.equal(fresh.startMode, "fresh");
  assert.ok(fresh.setup.some(({ step }) => step === "isolate"));
  for (const { us } of payload.setup) assert.equal(typeof us, "number");
  assert.match(payload.policy.sha256, /^[0-9a-f]{64}$/);
  assert.match(payload.versions.kernel, /^Linux /);
  const { requested, started, ended, over } = payload.times;
  assert.deepEqual([requested, started, ended, over].sort(), [requested, started, ended, over]);
  const { descriptors, processes, engine } = payload.teardown;
  // Two ends of a socket, a pidfd, and at most one for each of three hierarchies of cgroups.
  assert.ok(descriptors.made >= 3 && descriptors.made <= 6, String(descriptors.made));
  assert.equal(descriptors.returned, descriptors.made);
  assert.deepEqual(processes, { made: 1, ended: 1 });
  assert.equal(engine.descriptors.now, engine.descriptors.baseline);
  assert.deepEqual(engine.processes, { baseline: 0, now: 0 });
});

test("no header, body, query, path, log line or error message is in a receipt", async (t) => {
  const server = await serve(t, async (request, response) => {
    await readBody(request);
    response.setHeader("x-answer", "canary-response-header");
    response.end("canary-response-body");
  });
  const { code, payload } = await signed(
    t,
    `const response = await fetch(event.url, { method: "POST", headers: { "x-ask": "canary-header" }, body: "canary-body" });
     context.log.info("canary-log", { canary: await response.text() });
     throw new Error("canary-error " + context.config.secret);`,
    {
      event: { url: `${server.origin}/canary-path?q=canary-query#canary-fragment` },
      config: { secret: "canary-config" },
      allow: [server.origin],
    },
  );
  assert.equal(code, Exit.failed);
  assert.equal(payload.calls.length, 1);
  const { method, origin, status, outcome, requestBytes, responseBytes } = payload.calls[0];
  assert.deepEqual([method, origin, status, outcome], ["POST", server.origin, 200, "ok"]);
  assert.deepEqual([requestBytes, responseBytes], ["canary-body".length, "canary-response-body".length]);
  assert.ok(!JSON.stringify(payload).includes("canary"), JSON.stringify(payload));
});

test("a redirect is in the receipt with where it went, and a host that was not granted is not", async (t) => {
  const last = await serve(t, (request, response) => response.end("end"));
  const first = await serve(t, (request, response) => response.writeHead(302, { location: `${last.origin}/x` }).end());
  const { code, payload } = await signed(
    t,
    `await (await fetch(event + "/a|b")).text();
     await fetch("https://canary.test/").catch(() => {});
     return { data: 1 };`,
    { event: first.origin, allow: [first.origin, last.origin] },
  );
  assert.equal(code, Exit.succeeded);
  assert.deepEqual(
    payload.calls.map(({ method, origin, redirects, outcome }) => [method, origin, redirects, outcome]),
    [
      ["GET", first.origin, [last.origin], "ok"],
      ["GET", null, [], "refused"],
    ],
  );
  assert.ok(!JSON.stringify(payload).includes("canary"), JSON.stringify(payload));
});

test("an old receipt is gone where nothing ran, and a pipe is not replaced by a journal", async (t) => {
  const folder = temporaryFolder(t);
  const env = { XDG_STATE_HOME: temporaryFolder(t) };
  const receipt = join(folder, "receipt.json");
  writeFileSync(receipt, "old");
  assert.equal((await run(["run", join(folder, "absent"), "--receipt", receipt], { env })).code, Exit.invalid);
  assert.ok(!existsSync(receipt));

  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  const { exited } = startFlow(t, `return { data: 1 };`, { env, args: ["--record", pipe] });
  const { code, stderr } = await exited;
  assert.equal(code, Exit.invalid, stderr);
  assert.match(stderr, /cannot write --record .*: it is not a regular file/);
  assert.ok(statSync(pipe).isFIFO());
});

test("the same policy has the same hash, another has another", async (t) => {
  const hash = async (options) => (await signed(t, `return { data: 1 };`, options)).payload.policy.sha256;
  const first = await hash({ allow: ["https://a.test", "https://b.test"] });
  assert.equal(await hash({ allow: ["https://b.test", "https://a.test"] }), first);
  assert.notEqual(await hash({ allow: ["https://a.test"] }), first);
  assert.notEqual(await hash({ allow: ["https://a.test", "https://b.test"], limits: { calls: 7 } }), first);
});

test("only a run that writes a receipt keeps a key, and a key that others can read is refused", async (t) => {
  const env = { XDG_STATE_HOME: temporaryFolder(t) };
  const started = startFlow(t, `return { data: 1 };`, { env });
  assert.equal((await started.exited).code, Exit.succeeded);
  assert.deepEqual(readdirSync(env.XDG_STATE_HOME), []);

  const key = join(env.XDG_STATE_HOME, "warder/key.pem");
  assert.equal((await run(["audit", "public-key"], { env })).code, 0);
  assert.equal(statSync(key).mode & 0o777, 0o600);
  chmodSync(key, 0o644);
  const receipt = join(temporaryFolder(t), "receipt.json");
  const refused = await run(["run", join(started.folder, "bundle"), "--receipt", receipt], { env });
  assert.equal(refused.code, Exit.invalid);
  assert.match(refused.stderr, /key\.pem is refused: its mode is 0644/);
  assert.ok(!existsSync(receipt));
});

test("two that start at once make one key", async (t) => {
  const env = { XDG_STATE_HOME: temporaryFolder(t) };
  const keys = await Promise.all(Array.from({ length: 6 }, () => run(["audit", "public-key"], { env })));
  assert.equal(new Set(keys.map(({ stdout }) => stdout)).size, 1);
  assert.equal(keys.filter(({ stderr }) => stderr !== "").length, 1);
  assert.deepEqual(readdirSync(join(env.XDG_STATE_HOME, "warder")), ["key.pem"]);
});
