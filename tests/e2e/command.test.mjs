// The other commands: doctor, policy, help and version.
import assert from "node:assert/strict";
import { test } from "node:test";
import { join } from "node:path";
import { Exit, expectedStates, parseOrNull, root, run, start, statesOf, warder } from "./support.mjs";

test("doctor finds every layer enforced on this machine", async () => {
  const { code, stdout, stderr } = await run(["doctor", "--json"]);
  assert.equal(code, Exit.succeeded, stderr);
  const diagnosis = parseOrNull(stdout);
  const states = statesOf(diagnosis.layers);
  const { "secret-memory": memory, ...layers } = states;  // the engine's own, and no layer of a cell's
  assert.deepEqual(layers, expectedStates(states));
  assert.equal(memory, "enforced");
  assert.match(JSON.stringify(diagnosis), /13\.6/);
});

// As an ordinary user, in a namespace that may have so many below it; the user of the test takes the first.
test("where no user namespace can be had nothing is run, and the exit code is 5", async () => {
  const script = 'echo "$1" >/proc/sys/user/max_user_namespaces && shift && exec unshare --user --map-user=1000 --map-group=1000 "$@"';
  const runWith = (namespaces) => {
    const [program, ...args] = [
      ...(process.getuid() === 0 ? [join(root, "tests/lib/as-user")] : []),
      ...["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", String(namespaces)],
      ...[warder, "run", join(root, "tests/bench/hello")],
    ];
    return start(args, { program }).exited;
  };
  const control = await runWith(100);
  assert.equal(control.code, Exit.succeeded, control.stderr);
  const refused = await runWith(1);
  assert.equal(refused.code, Exit.unenforceable, refused.stderr);
  assert.equal(refused.stdout, "");
  assert.match(refused.stderr, /No space left on device.*max_user_namespaces.*layer user-namespace/);
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
