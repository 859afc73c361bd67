// Connections end to end: a credential that the flow uses and never has.
import assert from "node:assert/strict";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, parseOrNull, serve, startFlow, temporaryFolder } from "./support.mjs";

const token = "canary-7f3a9c51d2e84b60";

// A connection's file with a policy for `origin`.
function connection(t, origin, lines, fields = { token }) {
  const folder = temporaryFolder(t);
  const file = join(folder, "acme.json");
  writeFileSync(join(folder, "acme.policy"), `origin ${origin}\nallow GET,POST /v1/**\n${lines}\n`);
  writeFileSync(file, JSON.stringify({ policy: "acme.policy", fields }), { mode: 0o600 });
  return file;
}

// An upstream that says what it was asked, headers included.
async function echo(t, seen) {
  const { origin } = await serve(t, (request, response) => {
    seen.push({ url: request.url, authorization: request.headers.authorization });
    response.setHeader("x-echo", request.headers.authorization ?? "none");
    response.end(JSON.stringify({ authorization: request.headers.authorization ?? null }));
  });
  return origin;
}

test("a flow calls with a credential that neither it nor any output has", async (t) => {
  const seen = [];
  const origin = await echo(t, seen);
  const receipt = join(temporaryFolder(t), "receipt.json");
  const journal = join(temporaryFolder(t), "journal");
  const { exited } = startFlow(t, `
    const { acme } = context.connections;
    const response = await acme.fetch("/v1/orders?x=1");
    const denied = await acme.fetch("/v2/other").catch((error) => error.message);
    const plain = await fetch(acme.origin + "/v1/orders").catch((error) => error.message);
    context.log.info("got", { echo: response.headers.get("x-echo") });
    return { data: { body: await response.json(), denied, plain, name: acme.name } };`,
  { args: ["--connect", `acme=${connection(t, origin, "inject bearer token")}`, "--receipt", receipt, "--record", journal, "--json"] });
  const { code, stdout, stderr } = await exited;
  assert.equal(code, Exit.succeeded, stderr);
  const { output, calls } = parseOrNull(stdout);
  assert.deepEqual(seen, [{ url: "/v1/orders?x=1", authorization: `Bearer ${token}` }]);
  assert.equal(output.body.authorization, "Bearer [redacted]");
  assert.match(output.denied, /matches none of the policy's rules/);
  assert.match(output.plain, /not in the grant/);
  assert.deepEqual(calls.map((call) => [call.connection, call.outcome]), [["acme", "ok"], ["acme", "refused"], ["", "refused"]]);
  const payload = JSON.parse(Buffer.from(JSON.parse(readFileSync(receipt, "utf8")).payload, "base64"));
  assert.deepEqual(payload.policy.connections.map(({ name }) => name), ["acme"]);
  assert.equal(payload.calls[0].connection, "acme");
  for (const sink of [stdout, stderr, JSON.stringify(payload), readFileSync(journal, "latin1")]) assert.ok(!sink.includes(token));
});

test("an SDK's placeholder is filled on the wire and nowhere else", async (t) => {
  const seen = [];
  const origin = await echo(t, seen);
  const { exited } = startFlow(t, `
    const { token } = context.connections.acme.fields;
    const send = (path, init) => fetch(event + path, init).then((r) => r.text()).catch((error) => error.message);
    return { data: {
      token,
      filled: await send("/v1/a", { headers: { authorization: "Bearer " + token } }),
      path: await send("/v1/" + token),
      body: await send("/v1/a", { method: "POST", body: token, headers: { authorization: "Bearer " + token } }),
    } };`,
  { event: origin, args: ["--connect", `acme=${connection(t, origin, "placeholder token header authorization")}`] });
  const { code, stdout, stderr } = await exited;
  assert.equal(code, Exit.succeeded, stderr);
  const output = parseOrNull(stdout);
  assert.match(output.token, /^wrd_[\w-]{32}$/);
  assert.match(output.filled, /\[redacted\]/);
  assert.equal(seen[0].authorization, `Bearer ${token}`);
  for (const refused of [output.path, output.body]) assert.match(refused, /refused: .*acme/);
});

test("a connection's file that will not do is one sentence", async (t) => {
  const good = connection(t, "https://api.acme.test", "inject bearer token");
  const open = connection(t, "https://api.acme.test", "inject bearer token");
  chmodSync(open, 0o644);
  const short = connection(t, "https://api.acme.test", "inject bearer token", { token: "abc" });
  const unused = connection(t, "https://api.acme.test", "", { token });
  const cases = [
    [[`acme=${open}`], /open to other users; run: chmod 600/],
    [[`acme=${short}`], /has to have at least 8 characters/],
    [[`acme=${unused}`], /"token", which the policy does not use/],
    [["acme=/absent.json"], /cannot be read/],
    [["acme="], /--connect takes the NAME of a stored connection, or NAME=FILE/],
    [[`acme=${good}`, `acme=${good}`], /two connections with the name "acme"/],
  ];
  for (const [connect, message] of cases) {
    const { exited } = startFlow(t, "return {};", { args: connect.flatMap((each) => ["--connect", each]) });
    const { code, stdout, stderr } = await exited;
    assert.equal(code, Exit.invalid, stderr);
    assert.match(stderr, message);
    assert.ok(!(stdout + stderr).includes(token));
  }
});
