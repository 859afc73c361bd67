// A new project, as `warder init` writes it, goes from installing to a run as its README says.
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { Exit, run, temporaryFolder, warder } from "../e2e/support.mjs";
import { sdkTest } from "./support.mjs";

const isOffline = (text) => /\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED|ENETUNREACH)\b/.test(text);

sdkTest("a new project is installed, checked, bundled, tested and run", async (t) => {
  const project = join(temporaryFolder(t), "my-integration");
  const made = await run(["init", project]);
  assert.equal(made.code, Exit.succeeded, made.stderr);
  const env = { PATH: `${dirname(warder)}${delimiter}${process.env.PATH}` };
  const npm = (...args) => run(["--prefix", project, ...args], { program: "npm", env, hangMs: 600_000 });

  const installed = await npm("install", "--prefer-offline", "--ignore-scripts", "--fetch-retries=1");
  if (installed.code !== 0 && isOffline(installed.stderr)) return t.skip("npm cannot reach its registry");
  assert.equal(installed.code, 0, installed.stderr);

  const tested = await npm("test");
  assert.equal(tested.code, 0, tested.stdout + tested.stderr);
  assert.match(tested.stdout, /\n4 passed, 0 failed\n/);

  const started = await npm("start");
  assert.equal(started.code, Exit.succeeded, started.stderr);
  assert.match(started.stdout, /Ann Lee has ordered for 250 \(order 1042\)/);
  assert.match(started.stderr, /nobody is told/);
  for (const file of ["dist/index.js", "dist/index.js.map"]) assert.ok(existsSync(join(project, file)), file);

  // Its tests notice what is wrong.
  const source = join(project, "src/index.ts");
  const good = readFileSync(source, "utf8");
  writeFileSync(source, good.replace("order.total < threshold", "order.total <= threshold * 3"));
  const bundled = await run([source, "--out", join(project, "dist/index.js")], { program: join(project, "node_modules/.bin/warder-bundle") });
  assert.equal(bundled.code, 0, bundled.stderr);
  const broken = await run(["test", join(project, "src")]);
  assert.equal(broken.code, Exit.failed);
  assert.match(broken.stdout, /\n2 passed, 2 failed\n/);
});
