// What is expected to fail: one file for each area, {"file?variant": {"subtests": N, "fail": {"subtest": "reason"}}}.
//
// N counts the subtests of the file, so that what does not run at all is known as failed instead of being absent. A file
// that has never run counts as one. The subtest "(harness)" is the file's run as a whole: it is there only where that
// failed, and counts like any other. The subtest "*" stands for all of them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const UNKNOWN = "not yet";
const ALL = "*";

export const loadExpected = (file) => JSON.parse(readFileSync(file, "utf8"));

/** How many subtests a file has, as far as is known. */
const count = (results, entry) => Math.max(results.size, entry?.subtests ?? 1);

/**
 * @param {Map<string, Map<string, { passed: boolean, message: string }>>} found
 * @param {boolean} partial not all files of the area were run
 */
export function compare(found, expected, partial) {
  const sum = { total: 0, passed: 0, expectedFailures: 0, differences: [] };
  for (const [key, results] of found) {
    if (expected[key] === undefined) sum.differences.push(`${key}: nothing is expected of this file yet`);
    const entry = expected[key] ?? { subtests: results.size, fail: {} };
    const all = count(results, entry);
    sum.total += all;
    for (const [name, { passed, message }] of results) {
      const reason = entry.fail[name] ?? entry.fail[ALL];
      if (passed) ++sum.passed;
      else if (reason !== undefined) ++sum.expectedFailures;
      if (passed && reason !== undefined) sum.differences.push(`${key}: ${name}: passes, but: ${reason}`);
      if (!passed && reason === undefined) sum.differences.push(`${key}: ${name}: fails: ${message}`);
    }
    const absent = Object.keys(entry.fail).filter((name) => name !== ALL && !results.has(name));
    for (const name of absent) {
      if (name === "(harness)") sum.differences.push(`${key}: runs as a whole, but: ${entry.fail[name]}`);
      else sum.differences.push(`${key}: ${name}: did not run`);
    }
    if (entry.fail[ALL] !== undefined) sum.expectedFailures += all - results.size;
    else if (all > results.size) sum.differences.push(`${key}: ${results.size} subtests ran, of ${all}`);
    else if (results.size > entry.subtests) sum.differences.push(`${key}: ${results.size} subtests ran, not ${entry.subtests}`);
  }
  if (!partial) {
    for (const key of Object.keys(expected)) {
      if (!found.has(key)) sum.differences.push(`${key}: is expected and did not run`);
    }
  }
  return sum;
}

/** Writes down what was found; reasons that were given stay. */
export function saveExpected(file, found, before) {
  const after = {};
  for (const key of [...found.keys()].sort()) {
    const results = found.get(key);
    const old = before[key]?.fail ?? {};
    const failed = [...results].filter(([, { passed }]) => !passed).map(([name]) => name);
    const fail = {};
    if (failed.length === results.size && results.size !== 1 || failed.includes("(harness)") && results.size === 1) {
      fail[ALL] = old[ALL] ?? old[failed[0]] ?? UNKNOWN;
    } else {
      for (const name of failed.sort()) fail[name] = old[name] ?? old[ALL] ?? UNKNOWN;
    }
    const subtests = fail[ALL] === undefined ? results.size : count(results, before[key]);
    after[key] = { subtests, fail };
  }
  mkdirSync(dirname(file), { recursive: true });
  const lines = Object.entries(after).map(([key, entry]) => {
    const fails = Object.entries(entry.fail).map(([name, why]) => `\n      ${JSON.stringify(name)}: ${JSON.stringify(why)}`);
    return `  ${JSON.stringify(key)}: { "subtests": ${entry.subtests}, "fail": {${fails.join(",")}${fails.length > 0 ? "\n    " : ""}} }`;
  });
  writeFileSync(file, `{\n${lines.join(",\n")}\n}\n`);
}
