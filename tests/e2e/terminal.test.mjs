// What a person at a terminal gets: live logs, colour only where it can be seen, Ctrl-C.
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { descendantsOf, Exit, flowSource, isAlive, poll, run, start, startFlow, writeFiles } from "./support.mjs";

const escape = "\x1b[";

test("no colour in a pipe", async (t) => {
  const { exited } = startFlow(t, `context.log.error("loud"); throw new Error("no");`);
  const { stdout, stderr } = await exited;
  assert.match(stderr, /loud/);
  assert.ok(!stdout.includes(escape) && !stderr.includes(escape), JSON.stringify(stderr));
});

test("colour on a terminal, unless NO_COLOR says no", async (t) => {
  const folder = writeFiles(t, { "index.js": flowSource(`context.log.error("loud"); return { data: 1 };`) });
  const command = `${process.env.WARDER ?? "build/warder"} run ${join(folder, "index.js")}`;
  const onTerminal = (env) =>
    run(["--quiet", "--return", "--command", command, "/dev/null"], { program: "script", env });
  const coloured = await onTerminal({ TERM: "xterm-256color" });
  assert.equal(coloured.code, 0, coloured.stdout);
  assert.ok(coloured.stdout.includes(escape), JSON.stringify(coloured.stdout));
  const plain = await onTerminal({ TERM: "xterm-256color", NO_COLOR: "1" });
  assert.equal(plain.code, 0, plain.stdout);
  assert.ok(!plain.stdout.includes(escape), JSON.stringify(plain.stdout));
});

test("a log cannot send control sequences to the terminal", async (t) => {
  const { exited } = startFlow(
    t,
    `context.log.info("\\x1b[2J\\x07\\x9b31m\\r\\u202efield", { key: "\\x1b]0;title\\x07" }); return { data: 1 };`,
  );
  const { stderr } = await exited;
  assert.doesNotMatch(stderr, /[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
  assert.match(stderr, /field/);
});

test("logs are shown while the flow runs", async (t) => {
  const { child, exited, output } = startFlow(
    t,
    `console.log("begun"); await new Promise((done) => setTimeout(done, 600_000));`,
  );
  await poll("the log on stderr", () => output.stderr.includes("begun"));
  assert.equal(child.exitCode, null);
  child.kill("SIGINT");
  await exited;
});

for (const [signal, expected] of [
  ["SIGINT", Exit.interrupted],
  ["SIGTERM", 143],
]) {
  test(`${signal} cancels the run and leaves nothing behind`, async (t) => {
    for (const body of [
      `console.log("begun"); await new Promise((done) => setTimeout(done, 600_000));`,
      `console.log("begun"); for (;;);`,
    ]) {
      const { child, exited, output } = startFlow(t, body, { limits: { wall: "60s", cpu: "60s" } });
      await poll("the flow to start", () => output.stderr.includes("begun"));
      const processes = descendantsOf(child.pid);
      assert.ok(processes.length >= 2, `expected a zygote and a cell, found ${processes}`);
      child.kill(signal);
      const { code, stderr } = await exited;
      assert.equal(code, expected, stderr);
      assert.match(stderr, /cancel|interrupt/i);
      assert.deepEqual(processes.filter(isAlive), []);
    }
  });
}

test("a reader that goes away does not crash the command", async (t) => {
  const folder = writeFiles(t, { "index.js": flowSource(`return { data: "x".repeat(500_000) };`) });
  const command = `${process.env.WARDER ?? "build/warder"} run ${join(folder, "index.js")} | head -c 10; exit "\${PIPESTATUS[0]}"`;
  const { code, stderr } = await run(["-c", command], { program: "bash" });
  assert.notEqual(code, 134, stderr);
  assert.doesNotMatch(stderr, /terminate called|Aborted/);
});

test("output on a full disk is an error, not a success", async (t) => {
  const folder = writeFiles(t, { "index.js": flowSource(`return { data: 1 };`) });
  const command = `${process.env.WARDER ?? "build/warder"} run ${join(folder, "index.js")} >/dev/full`;
  const { code, stderr } = await run(["-c", command], { program: "bash" });
  assert.notEqual(code, 0);
  assert.match(stderr, /cannot write to standard output: No space left/);
});

test("started without standard streams it still runs", async (t) => {
  const folder = writeFiles(t, { "index.js": flowSource(`return { data: 1 };`) });
  const command = `${process.env.WARDER ?? "build/warder"} run ${join(folder, "index.js")} --json <&- 2>&-`;
  const { exited } = start(["-c", command], { program: "bash" });
  const { code, stdout } = await exited;
  assert.equal(code, 0);
  assert.equal(JSON.parse(stdout).status, "succeeded");
});
