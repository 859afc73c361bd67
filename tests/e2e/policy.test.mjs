// SECURITY.md shows the table of system calls as the code has it; policy files are shown and asked.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Exit, root, run } from "./support.mjs";

const begin = "<!-- begin: warder policy --markdown -->\n";
const end = "<!-- end -->";

test("SECURITY.md has the table of system calls that the filter was generated from", async () => {
  const { code, stdout } = await run(["policy", "--markdown"]);
  assert.equal(code, Exit.succeeded);
  assert.match(stdout, /^\| `read` \| fd is 3 \| allow \|/m);
  const text = readFileSync(join(root, "SECURITY.md"), "utf8");
  const [, section] = text.split(begin);
  assert.ok(section, "SECURITY.md marks where the table stands");
  assert.equal(section.split(end)[0], stdout, "put the output of `warder policy --markdown` between the marks");
});

test("a policy file is shown in canonical form, and says which line decides about a request", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "warder-policy-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "acme.policy");
  writeFileSync(file, "origin https://bücher.test\n");
  const bad = await run(["policy", "show", file]);
  assert.equal(bad.code, Exit.invalid);
  assert.match(bad.stderr, /acme\.policy: line 1, column 17: a character beyond ASCII/);

  writeFileSync(file, "allow GET,HEAD /v1/orders/{id}  # read\norigin https://API.acme.test:443\n");
  const shown = await run(["policy", "show", file, "--json"]);
  const { sha256, text } = JSON.parse(shown.stdout);
  assert.equal(text, "origin https://api.acme.test\nallow GET,HEAD /v1/orders/{id}\n");
  assert.equal(sha256, createHash("sha256").update(text).digest("hex"));

  const allowed = await run(["policy", "check", file, "--request", "GET https://api.acme.test/v1/orders/42", "--json"]);
  assert.equal(allowed.code, Exit.succeeded);
  assert.equal(JSON.parse(allowed.stdout).line, 1);
  const denied = await run(["policy", "check", file, "--request", "DELETE https://api.acme.test/v1/orders/42"]);
  assert.equal(denied.code, Exit.violation);
  assert.match(denied.stdout, /^denied: DELETE https:\/\/api\.acme\.test matches none of the policy's rules/);
});

test("the table comes in one form at a time", async () => {
  assert.equal((await run(["policy", "--json", "--markdown"])).code, Exit.invalid);
});
