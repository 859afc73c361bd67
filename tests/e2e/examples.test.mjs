// The examples work as their comments and the README say.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { accessSync, constants, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, memoryOf, poll, readBody, root, run, serve, start, temporaryFolder } from "./support.mjs";

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

function startExample(t, name, event, config, allowed, args = []) {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "event.json"), JSON.stringify(event));
  writeFileSync(join(folder, "config.json"), JSON.stringify(config));
  return start([
    ...["run", join(root, "examples", name), "--json", "--event", join(folder, "event.json"), "--config", join(folder, "config.json")],
    ...allowed.flatMap((origin) => ["--allow", origin]), ...args,
  ]);
}

async function resultOf({ exited }) {
  const { code, stdout, stderr } = await exited;
  return { code, stderr, result: JSON.parse(stdout) };
}

const runIssueCard = (t, event, config) => resultOf(startExample(t, "issue-card", event, config, Object.values(config)));

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

test("the examples pass their fixtures", async () => {
  const names = ["issue-card", "new-orders", "oauth", "file-transfer"];
  const { code, stdout, stderr } = await run(["test", ...names.map((name) => join(root, "examples", name))]);
  assert.equal(code, 0, stdout + stderr);
  for (const name of names) assert.match(stdout, new RegExp(`ok \\d+ - \\S*${name}\\.fixture\\.json: `));
});

// A shop whose orders come while they are listed, so that one is on two pages, and an accounting system.
async function shop(t) {
  const orders = [7, 8, 9, 10].map((id) => ({ id: `${id}`, total: id * 10 }));
  const invoices = new Map(), puts = [];
  const server = await serve(t, async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://shop");
    if (pathname === "/orders") {
      const first = searchParams.get("after") === "";
      return response.end(JSON.stringify(first ? { orders: orders.slice(0, 3), next: "p2" } : { orders: orders.slice(2), next: null }));
    }
    puts.push(pathname);
    const { total } = JSON.parse(await readBody(request));
    assert.equal(request.headers["if-none-match"], "*");
    if (invoices.has(pathname)) return response.writeHead(412).end();
    invoices.set(pathname, total);
    if (pathname.endsWith("-9") && puts.filter((put) => put === pathname).length === 1) return response.destroy();  // made, and nobody is told
    return response.writeHead(201).end();
  });
  return { ...server, orders, invoices };
}

test("new-orders makes each invoice once: polls that overlap, run side by side, and whose answers get lost", async (t) => {
  const { origin, orders, invoices } = await shop(t);
  const polled = () => resultOf(startExample(t, "new-orders", null, { shop: origin, accounting: origin }, [origin]));
  const both = await Promise.all([polled(), polled()]);
  for (const { code, stderr } of both) assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual([...invoices.keys()].sort(), ["/invoices/order-10", "/invoices/order-7", "/invoices/order-8", "/invoices/order-9"]);
  const sum = (name) => both.reduce((all, { result }) => all + result.output[name], 0);
  assert.deepEqual([sum("made"), sum("known")], [3, 5], "the one whose answer got lost is known to both");
  orders.push({ id: "11", total: 110 });
  assert.deepEqual((await polled()).result.output, { made: 1, known: 4 });
});

test("file-transfer moves 200 MB, whole and in bounded memory", async (t) => {
  const piece = Buffer.alloc(1 << 20), pieces = 200;
  const sent = createHash("sha256"), got = createHash("sha256");
  let size = 0;
  const { origin, requests } = await serve(t, async (request, response) => {
    if (request.method === "GET") {
      response.setHeader("content-type", "video/mp4");
      for (let i = 0; i < pieces; ++i) {
        const each = Buffer.from(piece.fill(i % 251).subarray());
        sent.update(each);
        if (!response.write(each)) await once(response, "drain");
      }
      return response.end();
    }
    for await (const each of request) {
      got.update(each);
      size += each.length;
    }
    return response.end(JSON.stringify({ size }));
  });
  const started = performance.now();
  const running = startExample(t, "file-transfer", { from: `${origin}/video`, to: `${origin}/copy` }, {}, [origin]);
  await poll("the transfer", () => size > 100 << 20 || running.child.exitCode !== null, 60_000);
  const engine = running.child.exitCode === null ? memoryOf(running.child.pid, "VmHWM") : 0;
  const { code, stderr, result } = await resultOf(running);
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(result.output, { bytes: pieces << 20 });
  assert.equal(got.digest("hex"), sent.digest("hex"));
  assert.equal(requests[1].headers["content-type"], "video/mp4");
  const { heapPeakBytes, arrayBufferPeakBytes, peakRssBytes } = result.usage;
  assert.ok(engine < 64 << 20, `the engine had ${engine} bytes`);
  assert.ok(peakRssBytes < 128 << 20, `the cell had ${peakRssBytes} bytes, V8 and its snapshot included`);
  t.diagnostic(`200 MB in ${(performance.now() - started).toFixed(0)} ms; engine ${engine >> 20} MiB, cell ${peakRssBytes >> 20} MiB ` +
    `(heap ${heapPeakBytes >> 20} MiB, buffers ${arrayBufferPeakBytes >> 20} MiB)`);
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
