// The ready components: their types, their fixtures, in cells, and their policies.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { root, run, temporaryFolder } from "../e2e/support.mjs";
import { folder, makeBundle, sdkTest, secret, upstream } from "./support.mjs";

const source = join(root, "components");
const names = readdirSync(source, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !["sdk", "shared", "node_modules", "dist"].includes(entry.name)).map(({ name }) => name);

// A copy that has what npm installs.
function project(t) {
  const copy = temporaryFolder(t);
  cpSync(source, copy, { recursive: true, filter: (path) => !["sdk", "node_modules", "dist"].includes(basename(path)) });
  mkdirSync(join(copy, "node_modules/@warder"), { recursive: true });
  symlinkSync(join(folder, "types"), join(copy, "node_modules/@warder/types"));
  symlinkSync(join(folder, "components/node_modules/@octokit"), join(copy, "node_modules/@octokit"));
  return copy;
}

const node = (...args) => spawnSync(process.execPath, args, { encoding: "utf8", maxBuffer: 64 << 20 });

sdkTest("components: tsc --strict takes them, and the README's example", (t) => {
  const copy = project(t);
  const [, example] = /^```ts\n(.*?)^```$/ms.exec(readFileSync(join(source, "README.md"), "utf8"));
  writeFileSync(join(copy, "example.ts"), example);
  const { status, stdout } = node(join(folder, "types/node_modules/typescript/bin/tsc"), "-p", copy);
  assert.equal(status, 0, stdout);
});

sdkTest("components: every action passes its fixtures", async (t) => {
  const copy = project(t);
  const report = await makeBundle({ entry: join(copy, "all.ts"), out: join(copy, "dist/all.js") });
  assert.deepEqual([report.errors, report.warnings], [[], []]);
  const recorded = node(join(copy, "github/recorded.mjs"));
  assert.equal(recorded.status, 0, recorded.stderr);
  writeFileSync(join(copy, "github/recorded.fixture.json"), recorded.stdout);

  const { code, stdout, stderr } = await run(["test", copy]);
  assert.equal(code, 0, stdout + stderr);
  t.diagnostic(stdout.trim().split("\n").at(-1));

  // Each has fixtures, and each flow, which is an action of one, is in some.
  const described = await run(["describe", join(copy, "dist/all.js"), "--json"]);
  assert.equal(described.code, 0, described.stderr);
  const { components, flows } = JSON.parse(described.stdout);
  assert.deepEqual(components.map(({ key }) => key).sort(), names.sort());
  const tested = new Set(names.flatMap((name) => readdirSync(join(copy, name)).filter((file) => file.endsWith(".fixture.json"))
    .flatMap((file) => JSON.parse(readFileSync(join(copy, name, file), "utf8")).map(({ flow }) => flow))));
  assert.deepEqual(flows.map(({ key }) => key).filter((key) => !tested.has(key)), ["s3-open-object"], "its fixtures would be empty: a stream is no JSON");
});

sdkTest("components: policies reach what the components declare", async (t) => {
  const copy = project(t);
  const { bundle } = await makeBundle({ entry: join(copy, "all.ts"), out: join(copy, "dist/all.js") });
  const { components } = JSON.parse((await run(["describe", bundle, "--json"])).stdout);
  for (const { key, connections } of components) {
    if (connections.length === 0) continue;
    const { code, stdout, stderr } = await run(["policy", "show", join(copy, key, `${key}.policy`)]);
    assert.equal(code, 0, stderr);
    const origins = [...stdout.matchAll(/^origin (\S+)$/gm)].map(([, origin]) => origin);
    const methods = new Set([...stdout.matchAll(/^allow\s+(\S+)/gm)].flatMap(([, list]) => list.split(",")));
    for (const connection of connections) {
      assert.deepEqual(connection.origins, origins, key);
      for (const method of methods) assert.ok(connection.methods.includes(method), `${key} does not declare ${method}`);
    }
  }
});

// What a fixture cannot show: the answer is not there at once.
const stream = (origin) => `
import { flow, integration } from "warder";
import { readRows } from "@warder/components/csv";
import { s3 as of } from "@warder/components/s3";
const s3 = of({ region: "eu-central-1", origin: "${origin}" });
export default integration({ name: "Rows of a stored file", version: "1.0.0", components: [s3], flows: [flow({ name: "Sum", key: "sum", run: async (context) => {
  const { data } = await context.step("open", s3.actions.openObject, { connection: context.connections.s3!, bucket: "reports", key: "2026/a.csv" });
  let rows = 0, sum = 0;
  for await (const [, total] of readRows(data.body!)) if (rows++ > 0) sum += Number(total);
  return { data: { rows, sum, type: data.type } };
} })] });`;

sdkTest("components: an object in S3 is a stream, which CSV is read from", async (t) => {
  const copy = project(t);
  const { origin, seen } = await upstream(t, {
    "GET /reports/2026/a.csv": async ({ response }) => {
      response.setHeader("content-type", "text/csv");
      response.write("\ufeffname,total\r\n");
      for (let i = 0; i < 1_000; ++i) {
        response.write(`"M\u00fcller, ${i}`);
        await new Promise((next) => setImmediate(next));
        response.write(`",${i}\n`);
      }
      response.end();
    },
  });
  writeFileSync(join(copy, "stream.ts"), stream(origin));
  writeFileSync(join(copy, "s3.json"), JSON.stringify({ policy: "s3/s3.policy", fields: { id: "AKIDTESTTESTTEST", secret } }), { mode: 0o600 });
  const policy = readFileSync(join(copy, "s3/s3.policy"), "utf8").replace(/^origin .*/m, `origin ${origin}`).replaceAll("/my-bucket", "/reports");
  writeFileSync(join(copy, "s3/s3.policy"), policy);
  const report = await makeBundle({ entry: join(copy, "stream.ts"), out: join(copy, "dist/stream.js") });
  assert.deepEqual(report.errors, []);
  const { code, stdout, stderr } = await run(["run", report.bundle, "--json", "--connect", `s3=${join(copy, "s3.json")}`]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout).output, { rows: 1_001, sum: 499_500, type: "text/csv" });
  assert.match(seen[0].headers.authorization, /^AWS4-HMAC-SHA256 Credential=AKIDTESTTESTTEST\/\d{8}\/eu-central-1\/s3\/aws4_request/);
});

// Every call that a fixture expects through a connection is one that the component's policy allows.
sdkTest("components: policies allow the calls of the fixtures", async (t) => {
  const copy = project(t);
  writeFileSync(join(copy, "github/recorded.fixture.json"), node(join(copy, "github/recorded.mjs")).stdout);
  const answers = await Promise.all(names.flatMap((name) => readdirSync(join(copy, name)).filter((file) => file.endsWith(".fixture.json")).flatMap((file) => {
    const calls = JSON.parse(readFileSync(join(copy, name, file), "utf8")).flatMap(({ calls = [] }) => calls);
    const requests = calls.filter(({ request, reply }) => request.connection && name !== "http" && reply.error !== "refused").map(({ request }) => request);
    return [...new Set(requests.map(({ method = "GET", url }) => `${method} ${url.replace(/\{\w+\}/g, "x").replace(/\?\{\+query\}/, "")}`))].map(async (request) => {
      // A policy for one bucket, tried with the bucket of the fixtures.
      const policy = join(copy, name, `${name}.policy`);
      const { code, stdout, stderr } = await run(["policy", "check", policy, "--request", request.replace(".com/reports", ".com/my-bucket")]);
      return { request, code, said: stdout + stderr };
    });
  })));
  assert.ok(answers.length > 20);
  for (const { request, code, said } of answers) assert.equal(code, 0, `${request}: ${said}`);
});
