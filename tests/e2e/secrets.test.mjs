// Secrets where things go wrong: every way in which a call with a stored credential can fail, a process that aborts, a
// secret that is typed. Each has a control, that the same search finds what stands there.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { serveTls } from "./peers.mjs";
import { Exit, parseOrNull, poll, run, serve, start, startFlow, temporaryFolder, warder } from "./support.mjs";

const token = "canary-9e41c07d5b2f8a63";

function vault(t, policy) {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "acme.policy"), policy);
  return {
    folder,
    place: ["--state", join(folder, "state"), "--kek", join(folder, "kek")],
    policy: join(folder, "acme.policy"),
  };
}

function bytesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name), "latin1"))
    .join("\n");
}

// A server that answers every connection with `bytes`, whatever it was asked, and closes it.
async function rawServer(t, bytes) {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.once("data", () => socket.end(bytes));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  t.after(() => new Promise((closed) => server.close(closed)));
  return `http://127.0.0.1:${server.address().port}`;
}

// An HTTPS server whose certificate nobody vouches for.
const untrusted = (t) => serveTls(t, { "/v1/x": (request, response) => response.end("no") });

const ways = {
  "a name that is not there": async () => "https://no-such-host.invalid",
  "a port where nobody listens": async () => "http://127.0.0.1:1",
  "a certificate of nobody's": async (t) => (await untrusted(t)).origin,
  "TLS with a server that has none": async (t) => (await serve(t, (request, response) => response.end())).origin.replace("http:", "https:").replace("127.0.0.1", "localhost"),
  "no HTTP at all": async (t) => rawServer(t, "what do you want?\r\n\r\n"),
  "a header with a NUL": async (t) => rawServer(t, "HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 0\r\n\r\n"),
  "two lengths": async (t) => rawServer(t, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
  "a chunk that is none": async (t) => rawServer(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
  "a body that is cut off": async (t) => rawServer(t, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"),
  "a body that cannot be unpacked": async (t) => rawServer(t, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"),
  "a redirect to an origin that is not allowed": async (t) => rawServer(t, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/v1/x\r\nContent-Length: 0\r\n\r\n"),
  "a redirect to what is no URL": async (t) => rawServer(t, "HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n"),
  "a redirect to itself": async (t) => rawServer(t, "HTTP/1.1 302 Found\r\nLocation: /v1/x\r\nContent-Length: 0\r\n\r\n"),
};

for (const [what, serving] of Object.entries(ways)) {
  test(`no sink has the credential of a call that fails: ${what}`, async (t) => {
    const origin = await serving(t);
    const place = vault(t, `origin ${origin}\nallow GET /v1/**\ninject bearer token\n`);
    const connected = await run(["connect", "acme", "--policy", place.policy, "--from-stdin", ...place.place], { input: token });
    assert.equal(connected.code, Exit.succeeded, connected.stderr);
    const receipt = join(place.folder, "receipt.json");
    const journal = join(place.folder, "journal");
    const flow = startFlow(t, `
      try {
        const response = await context.connections.acme.fetch("/v1/x");
        return { data: "an answer: " + await response.text() };
      } catch (error) {
        context.log.error("failed", { message: error.message, stack: error.stack, cause: String(error.cause) });
        throw error;
      }`, { args: ["--json", "--connect", "acme", "--receipt", receipt, "--record", journal, ...place.place] });
    // While it lives, the write-ahead logs are there.
    const { code, stdout, stderr } = await flow.exited;
    assert.equal(code, Exit.failed, stderr);
    const call = parseOrNull(stdout).calls[0];
    assert.equal(call.connection, "acme");
    assert.notEqual(call.outcome, "ok");
    const log = await run(["tenant", "log", "local", ...place.place]);
    const { payload } = JSON.parse(readFileSync(receipt, "utf8"));
    const sinks = {
      stdout, stderr, connected: connected.stderr, audit: log.stdout, receipt: Buffer.from(payload, "base64").toString(),
      journal: readFileSync(journal, "latin1"), files: bytesOf(place.folder),
    };
    const host = new URL(origin).hostname;
    for (const [name, text] of Object.entries(sinks)) {
      assert.ok(!text.includes(token), `${name}: ${text}`);
      assert.ok(!text.includes(Buffer.from(token).toString("base64").slice(0, 24)), name);
      if (name !== "connected") assert.ok(text.includes(host) || name === "audit", `the control: ${name}`);
    }
  });
}

test("the running command is hardened: no core, and nobody of its user sees into it", async (t) => {
  const { origin } = await serve(t, () => {}); // never answers
  const place = vault(t, `origin ${origin}\nallow GET /v1/**\ninject bearer token\n`);
  await run(["connect", "acme", "--policy", place.policy, "--from-stdin", ...place.place], { input: token });
  const begin = () => {
    const flow = startFlow(t, `console.log("calling"); await context.connections.acme.fetch("/v1/x");`,
      { args: ["--connect", "acme", ...place.place] });
    return poll("the call", () => flow.output.stderr.includes("calling")).then(() => flow);
  };
  const flow = await begin();
  const proc = `/proc/${flow.child.pid}`;
  const limits = readFileSync(`${proc}/limits`, "utf8");
  // 1 and not 0: no file has room in it, and a core_pattern that is a pipe gets nothing either (core(5)).
  assert.match(limits, /^Max core file size\s+1\s+1\s/m);
  assert.doesNotMatch(readFileSync("/proc/self/limits", "utf8"), /^Max core file size\s+1\s+1\s/m, "the control: ours has a core limit");
  if (process.getuid() !== 0) {
    // What is not dumpable belongs to root there (proc(5)).
    assert.equal(statSync(`${proc}/environ`).uid, 0);
    assert.throws(() => readFileSync(`${proc}/environ`), { code: /EACCES|EPERM/ });
    assert.equal(statSync("/proc/self/environ").uid, process.getuid(), "the control");
  }
  flow.child.kill("SIGABRT");
  const { signal } = await flow.exited;
  assert.equal(signal, "SIGABRT");
  assert.ok(!existsSync("core") && !existsSync(`core.${flow.child.pid}`));
});

// util-linux's script gives a terminal: what is typed there is what it reads from our pipe, and what the terminal shows
// comes back.
const typed = (args, environment = {}) =>
  start(["--quiet", "--return", "--echo", "always", "--command", [warder, ...args].map((each) => `'${each}'`).join(" "), "/dev/null"],
    { program: "script", input: null, env: { TERM: "dumb", ...environment } });

test("a secret that is typed is not shown, and is the one that is used", async (t) => {
  const { origin, requests } = await serve(t, (request, response) => response.end("ok"));
  const place = vault(t, `origin ${origin}\nallow GET /v1/**\ninject bearer token\n`);
  const terminal = typed(["connect", "acme", "--policy", place.policy, ...place.place]);
  await poll("the prompt", () => terminal.output.stdout.includes("acme: token"));
  terminal.child.stdin.write(`${token}\n`);
  const { code, stdout, stderr } = await terminal.exited;
  assert.equal(code, Exit.succeeded, stdout + stderr);
  assert.match(stdout, /connected acme/);
  assert.ok(!(stdout + stderr).includes(token), JSON.stringify(stdout));
  const flow = startFlow(t, `return { data: await (await context.connections.acme.fetch("/v1/x")).text() };`,
    { args: ["--connect", "acme", ...place.place] });
  assert.equal((await flow.exited).code, Exit.succeeded);
  assert.equal(requests[0].headers.authorization, `Bearer ${token}`);
});

test("a terminal shows again what is typed, also after Ctrl-C at the prompt", async (t) => {
  const place = vault(t, "origin https://api.acme.test\nallow GET /v1/**\ninject bearer token\n");
  const command = [warder, "connect", "acme", "--policy", place.policy, ...place.place].map((each) => `'${each}'`).join(" ");
  // A shell that stays, so that the terminal outlives the command.
  const shell = start(["--quiet", "--return", "--echo", "always", "--command", `sh -c "trap : INT; ${command}; echo code $?; stty -a; echo over"`, "/dev/null"],
    { program: "script", input: null, env: { TERM: "dumb" } });
  await poll("the prompt", () => shell.output.stdout.includes("acme: token"));
  shell.child.stdin.write("half a secret\x03");
  await poll("the shell's end", () => shell.output.stdout.includes("over"));
  shell.child.stdin.end();
  const { stdout } = await shell.exited;
  assert.ok(!stdout.includes("half a secret"), JSON.stringify(stdout));
  assert.match(stdout, / echo /, "not -echo");
  assert.ok(!existsSync(join(place.folder, "state")));
});
