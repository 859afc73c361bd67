// Runs web-platform-tests inside real cells and compares the results with what is expected; see run.sh.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readTest, writeBundle } from "./bundle.mjs";
import { compare, loadExpected, saveExpected } from "./expected.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const top = resolve(here, "../..");
const { values: options } = parseArgs({
  options: {
    area: { type: "string", multiple: true },
    file: { type: "string" },
    update: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    tests: { type: "string", default: join(top, "build/webapi") },
    warder: { type: "string", default: process.env.WARDER ?? join(top, "build/warder") },
  },
});
const wpt = resolve(options.tests, "wpt");
const modules = resolve(options.tests, "modules/node_modules");
const own = join(here, "own");  // tests of ours, in the same form, which find the others' files as if they were beside them
const { nodejs, areas } = JSON.parse(readFileSync(join(here, "areas.json"), "utf8"));
for (const name of options.area ?? []) {
  if (!Object.hasOwn(areas, name)) {
    console.error(`There is no area "${name}"; there are ${Object.keys(areas).join(", ")}.`);
    process.exit(2);
  }
}
const scratch = mkdtempSync(join(tmpdir(), "warder-webapi-"));
process.on("exit", () => rmSync(scratch, { recursive: true, force: true }));

// Generous: what is tested is the platform; the limits have tests of their own.
const limitsFile = join(scratch, "limits.json");
writeFileSync(limitsFile, JSON.stringify({
  wall: "3m", cpu: "2m", heap: "512MB", "array-buffer": "256MB", timers: 10000, log: "16MB",
}));

/** "*" stands for any text. */
const matches = (pattern, text) =>
  new RegExp(`^${pattern.split("*").map((part) => part.replace(/[.?+^$()[\]{}|\\]/g, "\\$&")).join(".*")}$`).test(text);

/** The tests of an area: every .any.js and .worker.js, and the .window.js that need no document, less what is skipped. */
function* testsOf(area) {
  const { folders, window, skip } = areas[area];
  const roots = [wpt, own];
  for (const [root, folder] of folders.flatMap((each) => roots.map((from) => [from, each]))) {
    if (!existsSync(join(root, folder))) continue;
    for (const entry of readdirSync(join(root, folder), { recursive: true }).sort()) {
      const file = join(folder, entry);
      if (!/\.(any|worker)\.js$/.test(file) && !window.includes(file)) continue;
      const test = readTest(root, file);
      if (test.windowOnly && !window.includes(file)) continue;
      const skipped = (name) => Object.keys(skip).some((pattern) => matches(pattern, name));
      const variants = skipped(file) ? [] : test.variants.filter((variant) => !skipped(file + variant));
      if (variants.length > 0) yield { ...test, variants };
    }
  }
}

/** Runs one variant of a test in a cell of its own: its results by name, and how the execution ended. */
function runInCell(test, variant, folder) {
  const event = { path: `/${test.file}`, variant, timeoutMs: test.long ? 60_000 : 15_000 };
  const child = spawn(options.warder, ["run", "--json", "--quiet", "--limits", limitsFile, "--event", "-", folder], {
    env: { ...process.env, XDG_STATE_HOME: scratch, XDG_CONFIG_HOME: scratch },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {}).end(JSON.stringify(event));
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) {
    child[stream].setEncoding("utf8").on("data", (text) => (output[stream] += text));
  }
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => {
      try {
        done(collect(JSON.parse(output.stdout)));
      } catch {
        fail(new Error(`${test.file}: warder run ended with ${code}: ${output.stderr || output.stdout.slice(0, 500)}`));
      }
    });
  });
}

/** @returns {Map<string, { passed: boolean, message: string }>} the harness itself has an entry only where it failed */
function collect({ status, reason, logs }) {
  const results = new Map();
  const set = (name, passed, message) => {
    let unique = name;
    for (let i = 2; results.has(unique); ++i) unique = `${name} (${i})`;
    results.set(unique, { passed, message });
  };
  for (const { message, fields } of logs) {
    if (message === "result") set(fields.name, fields.status === 0, fields.message);
  }
  if (status !== "succeeded") set("(harness)", false, `the execution ended: ${reason}`);
  return results;
}

/**
 * Takes out what an area does not claim, whether it passes or fails: subtests by "FILE: SUBTEST" in areas.json, each with
 * its reason.
 * @param {Map<string, unknown>} results
 */
function dropUnclaimed(area, key, results) {
  const patterns = Object.keys(areas[area].unclaimed ?? {});
  for (const name of results.keys()) {
    if (patterns.some((pattern) => matches(pattern, `${key}: ${name}`))) results.delete(name);
  }
}

/** Runs an area; returns the results of each file and variant. */
async function runArea(area) {
  const jobs = [];
  for (const test of testsOf(area)) {
    if (options.file !== undefined && !test.file.includes(options.file)) continue;
    const folder = join(scratch, test.file.replaceAll("/", "_"));
    writeBundle(wpt, modules, test, folder);
    for (const variant of test.variants) jobs.push({ key: test.file + variant, test, variant, folder });
  }
  const found = new Map(jobs.map(({ key }) => [key, new Map()]));
  const worker = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const results = await runInCell(job.test, job.variant, job.folder);
      dropUnclaimed(area, job.key, results);
      found.set(job.key, results);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return found;
}

/** Never rounded up: 98.999 is not 99. */
const percent = (part, whole) => (whole === 0 ? 0 : Math.floor((part / whole) * 10000) / 100);

async function main() {
  const source = JSON.parse(readFileSync(join(wpt, "source.json"), "utf8"));
  const same = source.version === nodejs;
  const rows = [];
  let bad = false;
  for (const area of options.area ?? Object.keys(areas)) {
    const expectedFile = join(here, "expected", `${area}.json`);
    const expected = existsSync(expectedFile) ? loadExpected(expectedFile) : {};
    const started = Date.now();
    const found = await runArea(area);
    if (options.verbose) {
      for (const [key, results] of found) {
        for (const [name, { passed, message }] of results) if (!passed) console.log(`${key}: ${name}: ${message}`);
      }
    }
    if (options.update && options.file === undefined) saveExpected(expectedFile, found, expected);
    const partial = options.file !== undefined;
    const { total, passed, expectedFailures, differences } =
      compare(found, options.update && !partial ? loadExpected(expectedFile) : expected, partial);
    for (const difference of differences) console.error(`${same ? "unexpected" : "different"}: ${difference}`);
    const reached = percent(passed, total);
    const enough = partial || reached >= areas[area].required;
    bad ||= !enough || (same && differences.length > 0);
    rows.push({
      area, files: found.size, passed, expectedFailures, differences: differences.length, total, reached, enough,
      required: areas[area].required, seconds: (Date.now() - started) / 1000,
    });
  }
  if (!same) {
    console.error(`These are the tests of nodejs ${source.version}; what is expected was written down for those of ` +
      `${nodejs}, so only the percentages decide. To follow: tests/webapi/run.sh --update, and "nodejs" in areas.json.`);
  }
  console.log("area              files  passed   total  percent  required  seconds");
  for (const { area, files, passed, total, reached, required, seconds, enough } of rows) {
    console.log(`${area.padEnd(16)}  ${`${files}`.padStart(5)}  ${`${passed}`.padStart(6)}  ${`${total}`.padStart(6)}  ` +
      `${reached.toFixed(2).padStart(7)}  ${`${required}`.padStart(8)}  ${seconds.toFixed(1).padStart(7)}` +
      `${enough ? "" : "  below"}`);
  }
  // Counted by tests/lib/results.py. To be below what is required counts as one more.
  for (const { area, passed, expectedFailures, differences, enough } of rows) {
    const unexpected = (same ? differences : 0) + (enough ? 0 : 1);
    console.log(`webapi ${area}: ${passed} passed, ${expectedFailures} expected to fail, ${unexpected} unexpected`);
  }
  return bad ? 1 : 0;
}

process.exitCode = await main();
