// What the SDK tests share: flows bundled by the preset, run in cells with a connection to a server of the test.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, parseOrNull, readBody, root, run, serve, temporaryFolder } from "../e2e/support.mjs";

export const folder = join(root, "build/tests/sdk");
const installed = spawnSync(join(root, "tests/sdk/install.sh"), [folder], { encoding: "utf8" });
export const skip = installed.status === 0 ? false : (installed.stdout.trim() || installed.stderr.trim());

const versionOf = (name) => JSON.parse(readFileSync(join(folder, "packages/node_modules", name, "package.json"), "utf8")).version;

export async function makeBundle(options) {
  const { bundle } = await import(join(folder, "bundle/bundle.js"));
  return bundle(options);
}

// What the server gets and nobody else.
export const secret = "canary-5d1e7b90c3f24a68";

export const json = (response, value, status = 200, headers = {}) => {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
};

// A server that answers by "METHOD /path". `answers[key]` gets {request, response, body, url}; `seen` holds what was asked.
export async function upstream(t, answers) {
  const seen = [];
  const { origin } = await serve(t, async (request, response) => {
    const url = new URL(request.url, "http://server");
    const body = await readBody(request);
    seen.push({ method: request.method, path: request.url, headers: request.headers, body });
    response.setHeader("x-echo", request.headers.authorization ?? "none");
    const answer = answers[`${request.method} ${url.pathname}`];
    if (answer) await answer({ request, response, body, url });
    else json(response, { error: `no ${request.method} ${url.pathname}` }, 404);
  });
  return { origin, seen };
}

// Bundles flows/FLOW.js, strictly: only the warnings expected. Resolves to the report.
async function bundleFlow(t, flow, { warnings = 0, minify = false }) {
  const entry = join(folder, "packages/flows", `${flow}.js`);
  const report = await makeBundle({ entry, out: join(temporaryFolder(t), `${flow}.js`), minify });
  assert.deepEqual(report.errors, []);
  assert.equal(report.warnings.length, warnings, JSON.stringify(report.warnings, null, 1));
  return report;
}

function connectionFile(t, name, lines, fields) {
  const place = temporaryFolder(t);
  writeFileSync(join(place, `${name}.policy`), `${lines.join("\n")}\n`);
  writeFileSync(join(place, `${name}.json`), JSON.stringify({ policy: `${name}.policy`, fields }), { mode: 0o600 });
  return `${name}=${join(place, `${name}.json`)}`;
}

// Runs flows/FLOW.js in a cell and gives {output, seen}. `policy`: the lines of its connection NAME, of which {origin}
// becomes the server's.
export async function runSdk(t, packageName, flow, answers, { event = {}, policy, name = "api", fields = { token: secret }, ...bundling } = {}) {
  const { bundle, bytes } = await bundleFlow(t, flow, bundling);
  const { origin, seen } = await upstream(t, answers);
  const eventFile = join(temporaryFolder(t), "event.json");
  writeFileSync(eventFile, JSON.stringify({ origin, ...event }));
  const args = ["run", bundle, "--json", "--event", eventFile];
  if (policy) args.push("--connect", connectionFile(t, name, [`origin ${origin}`, "allow * /**", ...policy], fields));
  const started = performance.now();
  const { code, stdout, stderr } = await run(args);
  const took = performance.now() - started;
  assert.equal(code, Exit.succeeded, `${stderr}\n${stdout.slice(0, 2000)}`);
  for (const value of Object.values(fields)) assert.ok(!(stdout + stderr).includes(value), "the command's output has the credential");
  const { output, usage } = parseOrNull(stdout);
  const kib = (count) => `${(count / 1024).toFixed(0)} KiB`;
  t.diagnostic(`${packageName} ${versionOf(packageName)}: bundle ${kib(bytes)}, map ${kib(statSync(`${bundle}.map`).size)}; cold run ` +
    `${took.toFixed(0)} ms (in the cell ${(usage.wallUs / 1000).toFixed(0)} ms, cpu ${(usage.cpuUs / 1000).toFixed(0)} ms), heap ${kib(usage.heapPeakBytes)}`);
  return { output, seen };
}

// A placeholder in Authorization, as SDKs send it.
export const bearer = ["placeholder token header authorization"];

// Each request that the server got had the credential itself.
export function assertFilled(seen, expected = `Bearer ${secret}`) {
  assert.ok(seen.length > 0);
  for (const { method, path, headers } of seen) assert.equal(headers.authorization, expected, `${method} ${path}`);
}

export const sdkTest = (name, body) => test(name, { skip }, body);
