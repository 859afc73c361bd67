// SECURITY.md shows the table of system calls as the code has it.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
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

test("the table comes in one form at a time", async () => {
  assert.equal((await run(["policy", "--json", "--markdown"])).code, Exit.invalid);
});
