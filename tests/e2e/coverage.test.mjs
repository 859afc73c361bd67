// warder test --coverage: which lines of a bundle its fixtures have run, by V8's own counts in their cells.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, refusalOf, run, writeFiles } from "./support.mjs";

const index = `import { flow, integration } from "warder";
import { double, never } from "./lib/numbers.js";

export default integration({ name: "test", version: "1.0.0", flows: [flow({ name: "Main", key: "main", run: async (context, event) => {
  if (event.bad) {
    throw new Error("bad");
  }
  if (event.slow) {
    for (;;);
  }
  return { data: event.many ? [1, 2, 3].map(double) : double(event.n) };
} })] });
`;
const numbers = `export function double(n) {
  return 2 * n;
}
export function never() {
  return 0;
}
`;
const files = { "index.js": index, "lib/numbers.js": numbers, "lib/unused.js": "export const unused = 1;\n", "lib/table.json": "{}" };
const one = { name: "one", event: { n: 2 }, expect: { output: 4 } };
const many = { name: "many", event: { many: true }, expect: { output: [2, 4, 6] } };
const bad = { name: "bad", event: { bad: true }, expect: { error: { message: "bad" } } };
const slow = { name: "slow", event: { slow: true }, limits: { cpu: "50ms" }, expect: { limit: "cpu" } };

const folderOf = (t, fixtures) => writeFiles(t, { ...files, "all.fixture.json": JSON.stringify(fixtures) });

// {file: {line: count}} of an lcov file.
function readLcov(path) {
  const found = {};
  let lines;
  for (const line of readFileSync(path, "utf8").split("\n")) {
    if (line.startsWith("SF:")) lines = found[line.slice(3)] = {};
    const [, at, count] = /^DA:(\d+),(\d+)$/.exec(line) ?? [];
    if (at) lines[at] = Number(count);
  }
  return found;
}

test("the lines that no fixture has run are named, and what ran is added up", async (t) => {
  const folder = folderOf(t, [one, many]);
  const lcov = join(folder, "lcov.info");
  const { code, stdout, stderr } = await run(["test", folder, "--coverage", "--coverage-lcov", lcov]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^TAP version 14\n1\.\.2\nok 1 [^\n]+\nok 2 [^\n]+\n(# [^\n]+\n){5}2 passed, 0 failed\n$/);
  assert.match(stdout, /# \S+index\.js +66\.66 +6-7, 9-10\n/);
  // "export" stands before the function, so not all of that line is what never ran.
  assert.match(stdout, /# \S+lib\/numbers\.js +66\.66 +5-6\n/);
  assert.match(stdout, /# \S+lib\/unused\.js +0\.00 +1\n/);
  const found = readLcov(lcov);
  assert.deepEqual(Object.keys(found).map((path) => path.slice(folder.length + 1)), ["index.js", "lib/numbers.js", "lib/unused.js"]);
  assert.deepEqual(found[join(folder, "lib/numbers.js")], { 1: 2, 2: 4, 3: 4, 4: 2, 5: 0, 6: 0 });
  const lines = found[join(folder, "index.js")];
  assert.deepEqual([lines[1], lines[6], lines[9], lines[11]], [2, 0, 0, 2]);
});

test("a flow that fails has run, and what a limit has ended is not counted, which is said", async (t) => {
  const folder = folderOf(t, [bad, slow]);
  const lcov = join(folder, "lcov.info");
  const { code, stdout, stderr } = await run(["test", folder, "--coverage", "--coverage-lcov", lcov]);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stderr, /^warder: what ran in 1 fixture is not counted: a limit or a violation ended them/m);
  const lines = readLcov(lcov)[join(folder, "index.js")];
  assert.deepEqual([lines[1], lines[6], lines[9]], [1, 1, 0]);
});

test("too few lines are a failure", async (t) => {
  const folder = folderOf(t, [one]);
  const fails = await run(["test", folder, "--coverage", "--coverage-min", "90"]);
  assert.equal(fails.code, Exit.failed);
  assert.match(fails.stdout, /1 passed, 0 failed\n$/);
  assert.match(fails.stderr, /^warder: of all lines \d+\.\d\d % have run, and --coverage-min asks for 90\.00 %$/m);
  assert.equal((await run(["test", folder, "--coverage", "--coverage-min=20"])).code, 0);
  assert.match(await refusalOf(["test", folder, "--coverage-min", "90"]), /--coverage-min requires --coverage/);
  assert.match(await refusalOf(["test", folder, "--coverage", "--coverage-min", "101"]), /101/);
});

test("without --coverage nothing is counted and nothing said", async (t) => {
  const { stdout, stderr } = await run(["test", folderOf(t, [one])]);
  assert.match(stdout, /^TAP version 14\n1\.\.1\nok 1 [^\n]+\n1 passed, 0 failed\n$/);
  assert.equal(stderr, "");
});

test("where a bundle has a source map the lines are the author's", async (t) => {
  // Line 1 of the bundle is line 3 of src/flow.ts, each line further one line further; the last has no original but in a package.
  const mappings = ["AAEA", "AACA", "AACA", "AACA", "ACHA"].join(";");
  const map = { version: 3, sources: ["../src/flow.ts", "../node_modules/x/index.js"], mappings };
  const bundle = `import { flow, integration } from "warder"; const f = async () => ({ data: 1 });
function never() {
return 1;
}
export default integration({ name: "test", version: "1.0.0", flows: [flow({ name: "Main", key: "main", run: f })] });
//# sourceMappingURL=index.js.map
`;
  const folder = writeFiles(t, {
    "dist/index.js": bundle,
    "dist/index.js.map": JSON.stringify(map),
    "all.fixture.json": JSON.stringify({ bundle: "dist/index.js", expect: { output: 1 } }),
  });
  const lcov = join(folder, "lcov.info");
  const { code, stdout, stderr } = await run(["test", folder, "--coverage", "--coverage-lcov", lcov]);
  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(readLcov(lcov), { [join(folder, "src/flow.ts")]: { 3: 1, 4: 0, 5: 0, 6: 0 } });
});
