// The examples work as their comments and the README say.
import assert from "node:assert/strict";
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, poll, root, run, start, temporaryFolder } from "./support.mjs";

const opened = (login, labels = []) => ({
  action: "opened",
  issue: {
    number: 7,
    title: "It breaks",
    body: null,
    html_url: "https://github.example/acme/app/issues/7",
    created_at: "2026-01-02T03:04:05Z",
    user: { login },
    labels: labels.map((name) => ({ name })),
  },
  repository: { full_name: "acme/app" },
});

async function startUpstream(t) {
  const { child, exited, output } = start([join(root, "examples/upstream.mjs")], {
    program: process.execPath,
    input: null,
  });
  t.after(() => {
    child.stdin.end();
    return exited;
  });
  await poll("the upstream", () => output.stdout.includes("\n"));
  return JSON.parse(output.stdout);
}

async function runIssueCard(t, event, config) {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "event.json"), JSON.stringify(event));
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  const allowed = Object.values(config).flatMap((origin) => ["--allow", origin]);
  const { code, stdout, stderr } = await run([
    ...["run", join(root, "examples/issue-card"), "--json"],
    ...["--event", join(folder, "event.json"), "--config", join(folder, "config.json"), ...allowed],
  ]);
  return { code, stderr, result: JSON.parse(stdout) };
}

async function cardOf(result) {
  return (await fetch(result.output.url)).json();
}

test("issue-card posts a card with what the directory knows", async (t) => {
  const config = await startUpstream(t);
  const { code, result, stderr } = await runIssueCard(t, opened("Codertocat", ["bug"]), config);
  assert.equal(code, Exit.succeeded, stderr);
  const card = await cardOf(result);
  assert.equal(card.title, "acme/app#7: It breaks");
  assert.equal(card.team, "maintenance");
  assert.equal(card.reporter.name, "Cody Catlin");
  assert.deepEqual(
    result.calls.map((call) => [call.method, call.status]),
    [
      ["GET", 200],
      ["POST", 201],
    ],
  );
});

test("issue-card makes do without an entry in the directory", async (t) => {
  const config = await startUpstream(t);
  const { code, result, stderr } = await runIssueCard(t, opened("constructor", ["constructor"]), config);
  assert.equal(code, Exit.succeeded, stderr);
  const card = await cardOf(result);
  assert.deepEqual([card.team, card.reporter.name], ["triage", "constructor"]);
});

test("issue-card leaves other events alone", async (t) => {
  const { code, result, stderr } = await runIssueCard(t, { ...opened("octocat"), action: "closed" }, {});
  assert.equal(code, Exit.succeeded, stderr);
  assert.equal(result.output, null);
  assert.deepEqual(result.calls, []);
});

test("the upstream ends when its standard input does", async () => {
  const { exited } = start([join(root, "examples/upstream.mjs")], { program: process.execPath });
  assert.equal((await exited).code, 0);
});

test(
  "quickstart.sh shows result, step log and receipt, and leaves no upstream behind",
  { timeout: 600_000 },
  async (t) => {
    const build = join(root, "build");
    try {
      accessSync(join(build, "build.ninja"), constants.W_OK);
    } catch {
      return t.skip("this user cannot write to build/");
    }
    const { code, stdout, stderr } = await run([], { program: join(root, "examples/quickstart.sh") });
    assert.equal(code, 0, stderr);
    for (const text of [
      "Result",
      "Step log",
      "Calls",
      "Receipt",
      "succeeded",
      "maintenance",
      "/users/Codertocat",
      "/cards",
    ]) {
      assert.ok(stdout.includes(text), `"${text}" is missing in: ${stdout}`);
    }
    for (const text of ["Build ok", "issue opened", "card posted", "What to try next"]) {
      assert.ok(stderr.includes(text), `"${text}" is missing in: ${stderr}`);
    }
    assert.ok(!(stdout + stderr).includes("\x1b"), "colour in a pipe");

    for (const origin of Object.values(JSON.parse(readFileSync(join(build, "quickstart/config.json"), "utf8")))) {
      const refused = await new Promise((done) => {
        const socket = connect(Number(new URL(origin).port), "127.0.0.1");
        socket.on("connect", () => done(false) || socket.destroy()).on("error", () => done(true));
      });
      assert.ok(refused, `${origin} still answers`);
    }
  },
);
