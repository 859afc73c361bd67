// See run.sh.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { changes } from "./changes.mjs";
import { root } from "./executions.mjs";
import { readRecords, writeRecords } from "./journal.mjs";
import { record } from "./record.mjs";

const warder = process.env.WARDER ?? join(root, "build/warder");
const count = Number(process.argv[2]);
const folder = mkdtempSync(join(tmpdir(), "warder-replay-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const seconds = (from) => Math.round((performance.now() - from) / 100) / 10;
const replay = (...paths) => spawnSync(warder, ["replay", ...paths], { encoding: "utf8", maxBuffer: 1 << 28 });

const begun = performance.now();
const journals = await record(warder, folder, count);
const recorded = seconds(begun);
console.error(`${count} executions recorded in ${recorded} s`);

const again = performance.now();
const { status, stdout, stderr } = replay(folder);
const replayed = seconds(again);
const totals = /(\d+) identical, (\d+) diverged[^\n]*\n$/.exec(stdout) ?? [];
for (const line of stdout.split("\n")) if (!/: identical \(/.test(line)) console.error(line);
if (stderr) console.error(stderr);

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

const identical = Number(totals[1] ?? 0);
const passed = status === 0 && identical === count && missed.length === 0;
console.log(JSON.stringify({ executions: count, identical, diverged: Number(totals[2] ?? -1), recordedSeconds: recorded,
  replayedSeconds: replayed, changesFound: found, changesMissed: missed.length, passed }));
process.exitCode = passed ? 0 : 1;
