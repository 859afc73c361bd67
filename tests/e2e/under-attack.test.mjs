// examples/under-attack, attacked: what reaches whom, and what the flow is told.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { answerAsCrm, attackersForm } from "./crm.mjs";
import { Exit, root, run, serve, temporaryFolder } from "./support.mjs";

const token = "canary-7c1b52e8a90d4f36";
const bundle = join(root, "examples/under-attack");

// What it got is in `notes`, and `requests`.
async function crm(t, inside) {
  const notes = [];
  const server = await serve(t, (request, response) => answerAsCrm(request, response, inside, notes));
  return Object.assign(server, { notes });
}

async function attack(t, origin, event) {
  const folder = temporaryFolder(t);
  const policy = readFileSync(join(bundle, "under-attack.policy"), "utf8").replace(/^origin .*/m, `origin ${origin}`);
  writeFileSync(join(folder, "crm.policy"), policy);
  writeFileSync(join(folder, "crm.json"), JSON.stringify({ policy: "crm.policy", fields: { token } }), { mode: 0o600 });
  writeFileSync(join(folder, "event.json"), event);
  const journal = join(folder, "journal");
  const { code, stdout, stderr } = await run(["run", bundle, "--json", "--event", join(folder, "event.json"),
    "--connect", `crm=${join(folder, "crm.json")}`, "--record", journal]);
  assert.equal(code, Exit.succeeded, stderr);
  for (const sink of [stdout, stderr, readFileSync(journal, "latin1")]) assert.ok(!sink.includes(token), "the credential got out");
  return JSON.parse(stdout);
}

test("a flow that trusts everybody is attacked, and nobody gets anything", async (t) => {
  const inside = await serve(t, (request, response) => response.end("the machine's credentials"));
  const server = await crm(t, inside.origin);
  const { output, steps } = await attack(t, server.origin, attackersForm(inside.origin));

  const refused = /^TypeError: .*refused|not in the grant|matches none/;
  const expected = {
    "a path that climbs": refused,
    "a header with line breaks": /^TypeError: /,
    "headers that frame the message": /^sent without them: 200$/,
    "a polluted prototype": refused,
    "a callback to the inside": refused,
    "a redirect to the inside": refused,
    "a credential that is sent back": `Bearer [redacted] {"spellings":["[redacted]","[redacted]Y=","[redacted]","${[...token].reverse().join("")}"]}`,
    "a credential that is sent on": refused,
    "a credential that is sent elsewhere": refused,
    "an answer with __proto__": /^admin: undefined, everybody an admin: undefined$/,
    "an answer that never ends": /^\w+: .*longer than the 5s/,
    "an answer that swells": /^\w+: .*response-bytes/,
    "a listing without an end": /^Error: there are more than 20 pages/,
  };
  assert.deepEqual(Object.keys(output.outcomes), Object.keys(expected));
  for (const [name, outcome] of Object.entries(expected)) {
    if (typeof outcome === "string") assert.equal(output.outcomes[name], outcome, name);
    else assert.match(output.outcomes[name], outcome, name);
  }
  assert.equal(output.filed, true);
  assert.deepEqual(steps.map(({ name }) => name), Object.keys(expected));

  // What really went out.
  assert.equal(inside.connections, 0);
  assert.ok(server.requests.every(({ method }) => ["GET", "POST"].includes(method)));
  assert.ok(server.requests.every(({ url }) => !url.includes("admin")));
  assert.deepEqual(server.notes.map(({ body }) => body), ["{}", JSON.stringify({ note: "hello\r\nx-role: admin" })]);
  for (const { headers } of server.requests) {
    assert.equal(headers.authorization, `Bearer ${token}`);
    assert.equal(headers["x-role"], undefined);
    assert.equal(headers.host, new URL(server.origin).host);
  }
  assert.equal(server.notes[0].headers["transfer-encoding"], undefined);
});

test("the next execution knows nothing of it", async (t) => {
  const server = await crm(t, "https://inside.acme.test");
  const { output } = await attack(t, server.origin, `{ "customer": "7", "note": "hello", "callback": "https://inside.acme.test/", "headers": {}, "preferences": {} }`);
  assert.match(output.outcomes["a path that climbs"], /answered 200/, "a customer that is one is found");
  assert.match(output.outcomes["a polluted prototype"], /answered 200/, "a prototype that is none's is GET's");
});
