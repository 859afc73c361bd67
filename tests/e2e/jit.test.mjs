// The jit grant, from the manifest that asks for it to the receipt that names it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { Exit, run, statesOf, expectedStates, writeFiles } from "./support.mjs";

const source = (declared) => `import { flow, integration } from "warder";
export default integration({ name: "test", version: "1.0.0", flows: [flow({ name: "Main", key: "main", ${declared}
  run: () => { let sum = 0; for (let i = 0; i < 3e6; ++i) sum = (sum * 31 + i) | 0; return { data: sum }; } })] });`;

const bundles = (t) => writeFiles(t, { "asks.js": source("jit: true,"), "plain.js": source("") });

async function receiptOf(bundle, ...args) {
  const { code, stdout, stderr } = await run(["run", bundle, "--json", ...args]);
  assert.equal(code, Exit.succeeded, stderr);
  const { output, receipt } = JSON.parse(stdout);
  return { output, receipt, stderr };
}

test("a flow is compiled where it asks for that and is granted it, and only there", async (t) => {
  const folder = bundles(t);
  const denied = await receiptOf(join(folder, "asks.js"));
  assert.equal(denied.receipt.profile, "jitless");
  assert.match(denied.stderr, /the flow asks for jit, which is not granted/);
  const granted = await receiptOf(join(folder, "asks.js"), "--allow-jit");
  assert.equal(granted.receipt.profile, "jit");
  assert.doesNotMatch(granted.stderr, /not granted/);
  assert.equal(granted.output, denied.output);
  assert.equal((await receiptOf(join(folder, "plain.js"), "--allow-jit")).receipt.profile, "jitless");
  const states = statesOf(granted.receipt.posture);
  assert.deepEqual(states, expectedStates(states), "every layer is as without the grant");
  const fresh = await run(["run", join(folder, "asks.js"), "--allow-jit", "--start-mode", "fresh"]);
  assert.equal(fresh.code, Exit.invalid);
  assert.match(fresh.stderr, /the profile jit needs start mode warm/);
});

test("a version that newly asks may do more", async (t) => {
  const folder = bundles(t);
  const wider = await run(["describe", "--diff", join(folder, "plain.js"), join(folder, "asks.js")]);
  assert.equal(wider.code, Exit.failed);
  assert.match(wider.stdout, /^\+ the flow main asks for jit$/m);
  const narrower = await run(["describe", "--diff", join(folder, "asks.js"), join(folder, "plain.js")]);
  assert.equal(narrower.code, Exit.succeeded);
  const wrong = writeFiles(t, { "wrong.js": source("jit: 'yes',") });
  assert.match((await run(["describe", join(wrong, "wrong.js")])).stderr, /the jit of the flow "main" must be true or false, but is "yes"/);
});

test("a journal that was recorded with it replays to the same, but grants nothing", async (t) => {
  const folder = bundles(t);
  const journal = join(folder, "run.journal");
  await receiptOf(join(folder, "asks.js"), "--allow-jit", "--record", journal);
  assert.ok(readFileSync(journal).includes('"profile":"jit"'));
  for (const args of [["--allow-jit"], []]) {
    const { code, stdout } = await run(["replay", journal, ...args]);
    assert.equal(code, Exit.succeeded, stdout);
    assert.match(stdout, /identical/);
  }
});

test("the doctor and the policy know the profiles", async () => {
  const doctor = JSON.parse((await run(["doctor", "--jit", "--json"])).stdout);
  assert.equal(doctor.profile, "jit");
  assert.equal(doctor.enforceable, true);
  assert.match(doctor.layers.find(({ name }) => name === "mdwe").detail, /all but V8's code range of 32 MiB/);
  const { profiles } = JSON.parse((await run(["policy", "--json"])).stdout);
  assert.deepEqual(profiles.map(({ name }) => name), ["jitless", "jit"]);
});
