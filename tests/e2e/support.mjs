// What the end-to-end tests share: bundles in temporary folders, runs of the command, loopback servers, polling.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
export const warder = process.env.WARDER ?? join(root, "build/warder");

// The command keeps its keys and vault in a folder of this process's, not in the user's.
const stateFolder = mkdtempSync(join(tmpdir(), "warder-e2e-state-"));
process.on("exit", () => rmSync(stateFolder, { recursive: true, force: true }));

// A run that takes longer than this hangs, unless a test says otherwise.
const usualHangMs = 120_000;

// Layers of the jail (receipt or doctor) as {name: state}, and as they must be on this machine.
export function statesOf(layers) {
  return Object.fromEntries(layers.map(({ name, layer, state }) => [name ?? layer, state]));
}
export function expectedStates(found) {
  const enforced = (
    "uid user-namespace mount-namespace pid-namespace network-namespace ipc-namespace uts-namespace cgroup-namespace " +
    "time-namespace root no-new-privs capabilities landlock seccomp mdwe rlimits descriptors not-dumpable"
  ).split(" ");
  const either = (state) => (state === "enforced" ? state : "unavailable");
  return {
    ...Object.fromEntries(enforced.map((layer) => [layer, "enforced"])),
    speculation: either(found.speculation), // not every processor lets a process choose
    cgroup: either(found.cgroup), // not every user may make cgroups
  };
}

export const Exit = { succeeded: 0, failed: 1, invalid: 2, limit: 3, violation: 4, unenforceable: 5, interrupted: 130 };

export function temporaryFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), "warder-e2e-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// Writes `files` (name to text) into a new folder and returns its path.
export function writeFiles(t, files) {
  const folder = temporaryFolder(t);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

// An index.js with one flow, key "main", whose body is `body`; `top` stands before it. The body starts on line `bodyLine`.
export const bodyLine = 3;
export function flowSource(body, top = "") {
  return `import { flow, integration } from "warder"; ${top}
export default integration({ name: "test", version: "1.0.0", flows: [flow({ name: "Main", key: "main", run: async (context, event) => {
${body}
} })] });
`;
}

// Starts the command. `exited` resolves to {code, signal, stdout, stderr} and never rejects.
export function start(args, { input, env, cwd, program = warder, stdio = "pipe", hangMs = usualHangMs } = {}) {
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, NO_COLOR: undefined, XDG_STATE_HOME: stateFolder, XDG_CONFIG_HOME: stateFolder, ...env },
    stdio: [stdio, "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) {
    child[stream].setEncoding("utf8").on("data", (text) => (output[stream] += text));
  }
  const hang = setTimeout(() => child.kill("SIGKILL"), hangMs);
  const exited = new Promise((done) => {
    child.on("error", (error) => done({ code: null, signal: null, ...output, stderr: String(error) }));
    child.on("close", (code, signal) => done({ code, signal, ...output }));
  }).finally(() => clearTimeout(hang));
  child.stdin?.on("error", () => {}); // it may end before it has read all
  if (typeof input === "string") child.stdin.end(input);
  else if (input === undefined) child.stdin?.end();
  return { child, exited, output };
}

export const run = (args, options) => start(args, options).exited;

// What the command says on standard error, which has to be a refusal of invalid input and no more than that.
export async function refusalOf(args, options) {
  const { code, signal, stdout, stderr } = await run(args, options);
  assert.equal(signal, null, stderr);
  assert.equal(code, Exit.invalid, `${args.join(" ")}: ${stderr}`);
  assert.equal(stdout, "");
  assert.doesNotMatch(stderr, /terminate called|what\(\)|boost::|std::|0x[0-9a-f]{6,}/);
  return stderr;
}

// `warder run --json` of one flow: {code, stderr, result}. Options: event, config, allow, limits, args, top, files.
export async function runFlow(
  t,
  body,
  { event, config, allow = [], limits, args = [], top, files = {}, ...rest } = {},
) {
  const { exited } = startFlow(t, body, {
    event,
    config,
    allow,
    limits,
    args: ["--json", ...args],
    top,
    files,
    ...rest,
  });
  const { code, signal, stdout, stderr } = await exited;
  return { code, signal, stderr, result: parseOrNull(stdout) };
}

export function startFlow(t, body, { event, config, allow = [], limits, args = [], top, files = {}, ...rest } = {}) {
  const folder = writeFiles(t, { "bundle/index.js": flowSource(body, top), ...files });
  const all = ["run", join(folder, "bundle"), ...args];
  for (const [name, value] of Object.entries({ event, config, limits })) {
    if (value === undefined) continue;
    writeFileSync(join(folder, `${name}.json`), JSON.stringify(value));
    all.push(`--${name}`, join(folder, `${name}.json`));
  }
  for (const origin of allow) all.push("--allow", origin);
  return { ...start(all, rest), folder };
}

export function parseOrNull(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// A loopback server. `connections` counts the TCP connections it ever accepted, `requests` keeps what it was asked.
export async function serve(t, handler) {
  const state = { connections: 0, requests: [], sockets: new Set() };
  const server = createServer(async (request, response) => {
    state.requests.push({ method: request.method, url: request.url, headers: request.headers });
    try {
      await handler(request, response);
    } catch (error) {
      response.destroy(error);
    }
  });
  server.on("connection", (socket) => {
    state.connections += 1;
    state.sockets.add(socket);
    socket.on("close", () => state.sockets.delete(socket)).on("error", () => {});
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  state.origin = `http://127.0.0.1:${server.address().port}`;
  t.after(() => {
    for (const socket of state.sockets) socket.destroy();
    return new Promise((closed) => server.close(closed));
  });
  return state;
}

export async function readBody(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

// Calls `probe` until it gives something truthy, and returns that; throws after `deadlineMs`.
export async function poll(what, probe, deadlineMs = 20_000) {
  const end = Date.now() + deadlineMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${deadlineMs} ms for ${what}`);
    await new Promise((next) => setTimeout(next, 5));
  }
}

// A number of /proc/PID/status in bytes, such as VmHWM, the most memory the process ever had.
export function memoryOf(pid, field) {
  const line = new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line[1]) * 1024;
}

export const isAlive = (pid) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

// Process ids of the living descendants of `pid`.
export function descendantsOf(pid) {
  const parents = new Map();
  for (const name of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(status)[1]));
    } catch {
      // It has just ended.
    }
  }
  const descends = (child) => parents.has(child) && (parents.get(child) === pid || descends(parents.get(child)));
  return [...parents.keys()].filter(descends);
}
