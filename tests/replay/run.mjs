// See run.sh.
import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, warder } from "../e2e/support.mjs";
import { changes } from "./changes.mjs";
import { readRecords, writeRecords } from "./journal.mjs";
import { record } from "./record.mjs";

const count = Number(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "warder-replay-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const seconds = (from) => Math.round((performance.now() - from) / 100) / 10;
const run = (program, args, env) => spawnSync(program, args, { encoding: "utf8", maxBuffer: 1 << 28, cwd: "/", env: { ...process.env, ...env } });
const replay = (...paths) => run(warder, ["replay", ...paths]);

const begun = performance.now();
const journals = await record(warder, folder, count);
const recorded = seconds(begun);
console.error(`${count} executions recorded in ${recorded} s`);

// Replays all of them by `program` and tells how many were identical, and what was said of the others.
function replayAll(program, args, env) {
  const began = performance.now();
  const { status, stdout, stderr } = run(program, [...args, "replay", folder], env);
  const [, identical = 0, diverged = -1] = (/(\d+) identical, (\d+) diverged[^\n]*\n$/.exec(stdout) ?? []).map(Number);
  for (const line of stdout.split("\n")) if (!/: identical \(/.test(line)) console.error(line);
  if (stderr) console.error(stderr);
  return { identical, diverged, seconds: seconds(began), passed: status === 0 && identical === count };
}

const again = replayAll(warder, []);

// As somebody else, elsewhere; by the command of another build where WARDER_ELSEWHERE names one.
let elsewhere = null;
if (process.getuid() === 0) {
  chmodSync(folder, 0o755);
  for (const path of journals) chmodSync(path, 0o644);
  elsewhere = replayAll(join(root, "tests/lib/as-user"), [process.env.WARDER_ELSEWHERE ?? warder],
    { TZ: "Asia/Kathmandu", LANG: "ne_NP.UTF-8", HOME: "/nonexistent" });
}

// What was changed is found, and named.
const found = {};
const missed = [];
const subjects = journals.filter((path) => path.includes("everything") && !/"fails":true/.test(readFileSync(path.replace(/journal$/, "event.json"), "utf8")));
for (const [name, { change, says }] of Object.entries(changes)) {
  found[name] = 0;
  for (const path of subjects.slice(0, 20)) {
    const all = readRecords(path);
    change(all);
    const changed = join(folder, "changed");
    writeRecords(changed, all);
    const { status: code, stdout: out, stderr: err } = replay(changed);
    if (code !== 0 && says.test(out + err)) found[name] += 1;
    else missed.push(`${name} in ${path}: ${code} ${out}${err}`);
  }
}
for (const each of missed.slice(0, 10)) console.error(`not found or not named: ${each}`);

const passed = again.passed && (elsewhere?.passed ?? true) && missed.length === 0;
console.log(JSON.stringify({ executions: count, recordedSeconds: recorded, replayed: again, replayedElsewhere: elsewhere,
  changesFound: found, changesMissed: missed.length, passed }));
process.exitCode = passed ? 0 : 1;
