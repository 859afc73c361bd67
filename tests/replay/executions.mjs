// Executions to record: the examples with events as they come, against servers of the APIs that they call; a flow that does
// everything that can differ between two runs; and one that calculates what could differ between two processors.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { answerAsCrm, attackersForm } from "../e2e/crm.mjs";
import { readBody, root } from "../e2e/support.mjs";

async function startExamples() {
  const child = spawn(process.execPath, [join(root, "examples/upstream.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const end = async () => {
    child.stdin.end();
    await once(child, "exit");
  };
  return { origins: JSON.parse(line), end };
}

// A server on loopback.
async function startServer(handle) {
  const server = createServer((request, response) => handle(request, response).catch((error) => response.destroy(error)));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const end = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, end };
}

const json = (response, value, status = 200, headers = {}) =>
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));

// Answers late and early, whole and in pieces.
async function answerOther(request, response) {
  const url = new URL(request.url, "http://x");
  if (url.pathname === "/slow") return; // never answers
  if (url.pathname === "/echo") {
    for await (const piece of request) response.write(piece);
    response.end();
    return;
  }
  const size = Number(url.searchParams.get("size"));
  const delay = { "/a": size % 7, "/b": size % 5, "/c": size % 3 }[url.pathname];
  if (delay === undefined) return void response.writeHead(404).end();
  setTimeout(() => {
    response.writeHead(200, { "content-type": "text/plain" });
    response.write(url.pathname.slice(1).repeat(size));
    setTimeout(() => response.end(url.pathname.slice(1).repeat(size)), delay);
  }, delay);
}

// examples/new-orders: two pages that have an order in common, and invoices that are made once. Where the number of
// minutes divides by 7 the first answer to an invoice is lost.
function answerAsShop() {
  const invoices = new Map();
  return async (request, response) => {
    const url = new URL(request.url, "http://x");
    if (url.pathname === "/orders") {
      const minute = Math.floor(Date.parse(url.searchParams.get("since")) / 60_000);
      const ids = Array.from({ length: 1 + (minute % 5) }, (_, i) => `${minute}-${i}`);
      const first = url.searchParams.get("after") === "";
      const page = first ? ids.slice(0, 2) : ids.slice(1);
      return void json(response, { orders: page.map((id, i) => ({ id, total: (minute % 1_000) + i + 0.1 })), next: first ? "2" : null });
    }
    const tries = (invoices.get(url.pathname) ?? 0) + 1;
    invoices.set(url.pathname, tries);
    await readBody(request);
    if (tries === 1 && /-(\d+)-0$/.exec(url.pathname)[1] % 7 === 0) return void response.destroy();
    return void response.writeHead(tries === 1 ? 201 : 412).end();
  };
}

// examples/file-transfer: a file of a size, and what came of it.
async function answerAsStorage(request, response) {
  if (request.method === "GET") {
    const size = Number(new URL(request.url, "http://x").searchParams.get("size"));
    return void response.writeHead(200, { "content-type": "video/mp4" }).end(Buffer.alloc(size, "abcdefg"));
  }
  return void json(response, { size: (await readBody(request)).length });
}

// examples/unmodified-sdk: issues by pages.
async function answerAsGitHub(request, response) {
  const url = new URL(request.url, "http://x");
  const page = Number(url.searchParams.get("page") ?? 1);
  const pages = Number(/app-(\d+)/.exec(url.pathname)[1]);
  const next = page < pages ? { link: `<http://${request.headers.host}${url.pathname}?page=${page + 1}>; rel="next"` } : {};
  json(response, [{ number: page, created_at: new Date(1_767_225_600_000 - page * 86_400_000).toISOString() }], 200, next);
}

// The example's bundle, or undefined, and why on stderr, where npm cannot install what it is made from.
async function bundleSdk(folder) {
  const packages = join(root, "build/tests/sdk");
  const installed = spawnSync(join(root, "tests/sdk/install.sh"), [packages], { encoding: "utf8" });
  if (installed.status !== 0) {
    console.error(`without examples/unmodified-sdk: ${installed.stdout.trim() || installed.stderr.trim()}`);
    return undefined;
  }
  cpSync(join(root, "examples/unmodified-sdk/index.js"), join(folder, "source/index.js"));
  symlinkSync(join(packages, "example/node_modules"), join(folder, "source/node_modules"));
  const { bundle } = await import(join(packages, "bundle/bundle.js"));
  const out = join(folder, "unmodified-sdk.js");
  const { errors } = await bundle({ entry: join(folder, "source/index.js"), out });
  if (errors.length > 0) throw new Error(`examples/unmodified-sdk cannot be bundled: ${JSON.stringify(errors)}`);
  return out;
}

const logins = ["Codertocat", "octocat", "nobody", "a/b?c", "änne", "constructor"];
const labels = [["bug"], ["enhancement", "bug"], [], ["question"], ["unknown"]];

// GitHub's event of an issue, the `number`-th of many.
const issue = (number) => ({
  action: ["opened", "opened", "opened", "closed"][number % 4],
  issue: {
    number,
    title: `It breaks ${"again ".repeat(number % 9)}`,
    body: number % 3 === 0 ? null : `since ${"\u{1f525}".repeat(number % 50)}`,
    html_url: `https://github.example/acme/app/issues/${number}`,
    created_at: new Date(1_767_225_600_000 + number * 1_000).toISOString(),
    user: { login: logins[number % logins.length] },
    labels: labels[number % labels.length].map((name) => ({ name })),
  },
  repository: { full_name: "acme/app" },
});

// What an example's policy says, of another origin, with a credential for it.
const connectionTo = (origin, example, fields, change = (text) => text) => ({
  policy: change(readFileSync(join(root, `examples/${example}/${example}.policy`), "utf8").replace(/^origin .*/m, `origin ${origin}`)),
  fields,
});

const credential = "canary-0c5f6a7be91d4c28";

// Starts what they call. `of(n)` is the n-th execution: what it is named, its bundle, event, config, connections, and
// what it may call. `folder`: for what has to be made.
export async function prepare(folder) {
  const examples = await startExamples();
  const servers = {
    other: await startServer(answerOther),
    shop: await startServer(answerAsShop()),
    storage: await startServer(answerAsStorage),
    id: await startServer(async (request, response) => json(response, { sub: `user ${request.url}` })),
    crm: await startServer((request, response) => answerAsCrm(request, response, "http://127.0.0.1:9", [])),
    github: await startServer(answerAsGitHub),
  };
  const sdk = await bundleSdk(folder);
  const none = { config: {}, allow: [], connect: {} };
  const kinds = [
    (n) => ({ ...none, name: "issue-card", bundle: "examples/issue-card", event: issue(n), config: examples.origins, allow: Object.values(examples.origins) }),
    (n) => ({ ...none, name: "hello", bundle: "examples/host/hello", event: n % 2 ? { name: `Ada ${n}` } : null }),
    (n) => ({ ...none, name: "everything", bundle: "tests/replay/flows/everything.js", allow: [servers.other.origin],
      event: { origin: servers.other.origin, size: 1 + ((n * 7_919) % 90_000), fails: n % 10 === 9 } }),
    (n) => ({ ...none, name: "calculates", bundle: "tests/replay/flows/calculates.js", event: { seed: n } }),
    (n) => ({ ...none, name: "new-orders", bundle: "examples/new-orders", event: { until: new Date(1_767_225_600_000 + n * 60_000).toISOString() },
      config: { shop: servers.shop.origin, accounting: servers.shop.origin }, allow: [servers.shop.origin] }),
    (n) => ({ ...none, name: "file-transfer", bundle: "examples/file-transfer", allow: [servers.storage.origin],
      event: { from: `${servers.storage.origin}/file?size=${(n * 104_729) % 400_000}`, to: `${servers.storage.origin}/copy` } }),
    () => ({ ...none, name: "oauth", bundle: "examples/oauth", event: null,
      connect: { account: connectionTo(servers.id.origin, "oauth", { access_token: credential }) } }),
    (n) => ({ ...none, name: "under-attack", bundle: "examples/under-attack",
      event: n % 2 ? { customer: "7", note: `hello ${n}`, callback: "http://127.0.0.1:9/", headers: {}, preferences: {} } : JSON.parse(attackersForm("http://127.0.0.1:9")),
      // What never ends is waited for.
      connect: { crm: connectionTo(servers.crm.origin, "under-attack", { token: credential }, (text) => text.replace("timeout 5s", "timeout 300ms")) } }),
    ...(sdk === undefined ? [] : [(n) => ({ ...none, name: "unmodified-sdk", bundle: sdk, event: { owner: "acme", repo: `app-${1 + (n % 4)}` },
      connect: { github: connectionTo(servers.github.origin, "unmodified-sdk", { token: credential }) } })]),
  ];
  return {
    kinds: kinds.length,
    of: (n) => kinds[n % kinds.length](Math.floor(n / kinds.length)),
    end: () => Promise.all([examples, ...Object.values(servers)].map((each) => each.end())),
  };
}
