// The other commands: doctor, policy, help and version.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Exit, parseOrNull, run } from "./support.mjs";

test("doctor finds every layer enforced on this machine", async () => {
  const { code, stdout, stderr } = await run(["doctor", "--json"]);
  assert.equal(code, Exit.succeeded, stderr);
  const diagnosis = parseOrNull(stdout);
  assert.ok(diagnosis.layers.length >= 6, stdout);
  for (const layer of diagnosis.layers)
    assert.ok(["enforced", "unavailable", "degraded by permission"].includes(layer.state), JSON.stringify(layer));
  assert.match(JSON.stringify(diagnosis), /13\.6/);
});

test("doctor for a person names the layers too", async () => {
  const { code, stdout } = await run(["doctor"]);
  assert.equal(code, Exit.succeeded);
  const { layers } = parseOrNull((await run(["doctor", "--json"])).stdout);
  for (const { name } of layers) assert.ok(stdout.includes(name), name);
});

test("policy prints system calls, limits and headers", async () => {
  const { code, stdout } = await run(["policy"]);
  assert.equal(code, Exit.succeeded);
  for (const text of ["mmap", "read", "write", "wall", "array-buffer", "content-length"])
    assert.ok(stdout.toLowerCase().includes(text), text);
});

test("help and version go to standard output", async () => {
  const help = await run(["--help"]);
  assert.equal(help.code, Exit.succeeded);
  for (const text of ["run", "doctor", "policy", "audit"]) assert.ok(help.stdout.includes(text), help.stdout);
  const version = await run(["--version"]);
  assert.equal(version.code, Exit.succeeded);
  assert.match(version.stdout, /\d+\.\d+\.\d+/);
  const runHelp = await run(["run", "--help"]);
  for (const option of ["--flow", "--event", "--config", "--allow", "--limits", "--receipt", "--signing-key", "--record", "--json"]) {
    assert.ok(runHelp.stdout.includes(option), option);
  }
});
