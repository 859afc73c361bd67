// A journal recorded on this machine's processor is played to cells on others, which qemu-user emulates: V8, ICU, OpenSSL,
// simdutf and glibc find there what CPUID says of them.
//
//   node tests/replay/other_processors.mjs WARDER LOADER LIBRARIES CELL_DRIVER SNAPSHOT
//
// The cells have no jail: none can be set up under an emulator. They are the same program on the same libraries as those in
// the image. One execution of each kind (executions.mjs); exit code 77 where there is no qemu-x86_64.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { changes } from "./changes.mjs";
import { readRecords, writeRecords } from "./journal.mjs";
import { play } from "./play.mjs";
import { record } from "./record.mjs";

const [warder, loader, libraries, driver, snapshot] = process.argv.slice(2);
const command = [loader, "--inhibit-cache", "--library-path", libraries, driver, snapshot, "--on-3"];

// Of each, how glibc's loader calls what it can do: from nothing beyond the first x86-64 to AVX2 and fused multiply-add.
const processors = { Conroe: "", Nehalem: "x86-64-v2", "EPYC-Rome": "x86-64-v3" };

if (spawnSync("qemu-x86_64", ["--version"]).error) {
  console.log("There is no qemu-x86_64 here (Debian's qemu-user), which emulates other processors.");
  process.exit(77);
}

const folder = mkdtempSync(join(tmpdir(), "warder-processors-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const journals = await record(warder, folder);

function levelOf(before) {
  const { stdout } = spawnSync(before[0] ?? loader, [...before.slice(1), ...(before.length > 0 ? [loader] : []), "--help"], { encoding: "utf8" });
  return /^ {2}(x86-64-v\d) \(supported, searched\)/m.exec(stdout)?.[1] ?? "";
}

async function playAll(name, before) {
  const began = performance.now();
  for (const journal of journals) assert.equal(await play([...before, ...command], journal), null, `${basename(journal)} on ${name}`);
  console.log(`${name} (${levelOf(before) || "x86-64"}): ${journals.length} identical in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
}

await playAll("this processor", []);
for (const [name, level] of Object.entries(processors)) {
  const before = ["qemu-x86_64", "-cpu", name];
  assert.equal(levelOf(before), level, `what ${name} can do`);
  await playAll(name, before);
}

// What is changed is found there too.
const everything = journals.find((path) => path.includes("everything"));
const changed = join(folder, "changed");
for (const name of ["seed", "clock", "reply"]) {
  const all = readRecords(everything);
  changes[name].change(all);
  writeRecords(changed, all);
  assert.match((await play(["qemu-x86_64", "-cpu", "Nehalem", ...command], changed)) ?? "nothing", /is not as it was recorded/, name);
}
