// examples/unmodified-sdk, as its first lines say.
import assert from "node:assert/strict";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Exit, root, run, temporaryFolder } from "../e2e/support.mjs";
import { assertFilled, folder, json, makeBundle, sdkTest, secret, upstream } from "./support.mjs";

async function project(t) {
  const copy = temporaryFolder(t);
  cpSync(join(root, "examples/unmodified-sdk"), copy, { recursive: true, filter: (path) => !["node_modules", "dist"].includes(basename(path)) });
  symlinkSync(join(folder, "example/node_modules"), join(copy, "node_modules"));
  const report = await makeBundle({ entry: join(copy, "index.js"), out: join(copy, "dist/index.js") });
  assert.deepEqual([report.errors, report.warnings], [[], []]);
  return copy;
}

sdkTest("unmodified-sdk passes its fixtures", async (t) => {
  const { code, stdout, stderr } = await run(["test", await project(t)]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /\n2 passed, 0 failed\n$/);
});

sdkTest("unmodified-sdk sends a token that it never has", async (t) => {
  const copy = await project(t);
  const { origin, seen } = await upstream(t, {
    "GET /repos/acme/app/issues": ({ request, response, url }) => {
      const page = Number(url.searchParams.get("page") ?? 1);
      const next = page < 3 ? { link: `<http://${request.headers.host}${url.pathname}?page=${page + 1}>; rel="next"` } : {};
      json(response, [{ number: page, created_at: new Date(Date.now() - page * 86_400_000).toISOString() }], 200, next);
    },
  });
  const write = (name, text) => writeFileSync(join(copy, name), text, { mode: 0o600 });
  write("github.policy", readFileSync(join(copy, "unmodified-sdk.policy"), "utf8").replace(/^origin .*/m, `origin ${origin}`));
  write("github.json", JSON.stringify({ policy: "github.policy", fields: { token: secret } }));
  write("event.json", `{ "owner": "acme", "repo": "app" }`);
  const { code, stdout, stderr } = await run(["run", join(copy, "dist/index.js"), "--json",
    "--event", join(copy, "event.json"), "--connect", `github=${join(copy, "github.json")}`]);
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(JSON.parse(stdout).output, { open: 3, oldest: 3 });
  assertFilled(seen, `token ${secret}`);
  assert.ok(!(stdout + stderr).includes(secret));
});
