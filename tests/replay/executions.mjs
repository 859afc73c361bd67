// Executions to record: the examples with events as they come, against the APIs that they call; and a flow that does
// everything that can differ between two runs.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const root = resolve(fileURLToPath(import.meta.url), "../../..");

async function startExamples() {
  const child = spawn(process.execPath, [join(root, "examples/upstream.mjs")], { stdio: ["pipe", "pipe", "inherit"] });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const end = async () => {
    child.stdin.end();
    await once(child, "exit");
  };
  return { origins: JSON.parse(line), end };
}

// Answers late and early, whole and in pieces.
async function startOther() {
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://x");
    if (url.pathname === "/slow") return; // never answers
    if (url.pathname === "/echo") {
      for await (const piece of request) response.write(piece);
      return response.end();
    }
    const size = Number(url.searchParams.get("size"));
    const delay = { "/a": size % 7, "/b": size % 5, "/c": size % 3 }[url.pathname];
    if (delay === undefined) return response.writeHead(404).end();
    setTimeout(() => {
      response.writeHead(200, { "content-type": "text/plain" });
      response.write(url.pathname.slice(1).repeat(size));
      setTimeout(() => response.end(url.pathname.slice(1).repeat(size)), delay);
    }, delay);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const end = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  };
  return { origin: `http://127.0.0.1:${server.address().port}`, end };
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

// Starts what they call. `of(n)` is the n-th execution: what it is named, its bundle, event, config, and what it may call.
export async function prepare() {
  const examples = await startExamples();
  const other = await startOther();
  const kinds = [
    (n) => ({ name: "issue-card", bundle: "examples/issue-card", event: issue(n), config: examples.origins, allow: Object.values(examples.origins) }),
    (n) => ({ name: "hello", bundle: "examples/host/hello", event: n % 2 ? { name: `Ada ${n}` } : null, config: {}, allow: [] }),
    (n) => ({
      name: "everything",
      bundle: "tests/replay/flows/everything.js",
      event: { origin: other.origin, size: 1 + ((n * 7_919) % 90_000), fails: n % 10 === 9 },
      config: {},
      allow: [other.origin],
    }),
  ];
  return {
    of: (n) => kinds[n % kinds.length](Math.floor(n / kinds.length)),
    end: () => Promise.all([examples.end(), other.end()]),
  };
}
