// Bad input gives one clear sentence on stderr, exit code 2, no stack of ours and nothing half-written: what wrong-inputs.test.mjs
// has no row for.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, flowSource, refusalOf, run, start, temporaryFolder, writeFiles } from "./support.mjs";

const good = flowSource(`return { data: 1 };`);

// Checks that the command is refused with one sentence (or `sentences`, one a line) that names each of `names`.
async function refused(args, names, { sentences = 1, ...options } = {}) {
  const said = await refusalOf(args, options);
  assert.equal(said.trimEnd().split("\n").length, sentences, `not ${sentences} lines: ${said}`);
  for (const name of names) assert.ok(said.includes(name), `"${name}" is missing in: ${said}`);
}

test("positive control: the good bundle runs", async (t) => {
  const { code, stderr } = await run(["run", writeFiles(t, { "index.js": good })]);
  assert.equal(code, Exit.succeeded, stderr);
});

test("a folder without index.js, and a file that is no module", async (t) => {
  const folder = writeFiles(t, { "other.js": good, "notes.txt": "hello" });
  await refused(["run", folder], ["index.js"]);
  await refused(["run", join(folder, "notes.txt")], ["notes.txt"]);
});

test("a syntax error names file, line and column", async (t) => {
  await refused(
    ["run", writeFiles(t, { "index.js": `import "./broken.js";\n${good}`, "broken.js": "\nlet = = 3;\n" })],
    ["broken.js:2:"],
  );
});

test("several flows and none chosen", async (t) => {
  const source = `import { flow, integration } from "warder";
    const make = (key) => flow({ name: key, key, run: async () => ({ data: key }) });
    export default integration({ name: "two", version: "1.0.0", flows: [make("first"), make("second")] });`;
  await refused(["run", writeFiles(t, { "index.js": source })], ["first", "second"]);
});

test("a default export that is no integration", async (t) => {
  for (const source of ["export default 1;", "export const x = 1;", "export default { flows: [] };"]) {
    await refused(["run", writeFiles(t, { "index.js": source })], ["integration"]);
  }
});

test("an integration without its fields names every one, the file and the line", async (t) => {
  for (const [fields, missing] of [
    ["", ["name", "version", "flows"]],
    [`name: "x"`, ["version", "flows"]],
    [`name: "x", version: "1.0.0"`, ["flows"]],
  ]) {
    const source = `import { integration } from "warder";\nexport default integration({ ${fields} });`;
    const names = ["index.js:2:16", "missing", ...missing.map((field) => `the ${field} of`)];
    await refused(["run", writeFiles(t, { "index.js": source })], names, { sentences: missing.length });
  }
});

test("an event that is not JSON", async (t) => {
  const folder = writeFiles(t, { "index.js": good, "event.txt": "{not json" });
  await refused(["run", folder, "--event", join(folder, "event.txt")], ["event"]);
  await refused(["run", folder, "--event", "-"], ["event"], { input: "" });
  await refused(["run", folder, "--event", "-"], ["event"], { input: `{"a":1} trailing` });
  await refused(["run", folder, "--event", "-"], ["event"], { input: "[".repeat(100_000) });
});

test("a 1 GB event is refused without being read into memory", async (t) => {
  const folder = writeFiles(t, { "index.js": good });
  const huge = join(temporaryFolder(t), "event.json");
  execFileSync("truncate", ["--size=1G", huge]);
  await refused(["run", folder, "--event", huge], ["event", "8MB"]);
});

test("an event without end on standard input is refused", async (t) => {
  const folder = writeFiles(t, { "index.js": good });
  const { child, exited } = start(["run", folder, "--event", "-"], { input: null });
  const piece = Buffer.alloc(1 << 20, " ");
  const pour = () => {
    while (child.stdin.writable && child.stdin.write(piece));
  };
  child.stdin.on("drain", pour);
  pour();
  const { code, stderr } = await exited;
  assert.equal(code, Exit.invalid, stderr);
  assert.match(stderr, /event/);
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
});

test("a bundle beyond its limit, one endless file included", async (t) => {
  const folder = writeFiles(t, { "index.js": good });
  execFileSync("truncate", ["--size=1G", join(folder, "large.js")]);
  await refused(["run", folder], ["16MB"]);
  const device = temporaryFolder(t);
  symlinkSync("/dev/zero", join(device, "index.js"));
  await refused(["run", device], ["index.js"]);
});

test("imports that leave the bundle", async (t) => {
  const folder = writeFiles(t, { "outside.js": "export default 1;", "bundle/index.js": "" });
  for (const [specifier, shown] of [
    ["../outside.js", "../outside.js"],
    ["./absent.js", "./absent.js"],
    [join(folder, "outside.js"), "outside.js"],
    ["file:///etc/passwd", "/etc/passwd"],
    ["https://example.com/x.js", "example.com"],
    ["node:fs", "node:fs"],
    ["lodash", "lodash"],
    ["./a/../../outside.js", "outside.js"],
  ]) {
    writeFileSync(join(folder, "bundle/index.js"), `import x from ${JSON.stringify(specifier)};\n${good}`);
    await refused(["run", join(folder, "bundle")], ["index.js", shown]);
  }
});

test("symbolic links that leave the bundle", async (t) => {
  const folder = writeFiles(t, { "outside.js": "export default 1;", "bundle/index.js": good });
  symlinkSync("../outside.js", join(folder, "bundle/link.js"));
  await refused(["run", join(folder, "bundle")], ["link.js"]);
});

test("a symbolic link to a folder, inside the bundle or outside", async (t) => {
  const folder = writeFiles(t, {
    "outside/a.js": "export default 1;",
    "bundle/index.js": good,
    "bundle/own/a.js": "export default 1;",
  });
  for (const target of ["../outside", "own"]) {
    symlinkSync(target, join(folder, "bundle/lib"));
    await refused(["run", join(folder, "bundle")], ["lib of the bundle", "symbolic link"]);
    rmSync(join(folder, "bundle/lib"));
  }
});

test("text that is not UTF-8, wherever it comes from", async (t) => {
  const latin1 = Buffer.from([0x22, 0x61, 0xe9, 0x22]);  // "aé" as Latin-1
  for (const name of ["index.js", "data.json", "lib.mjs"]) {
    await refused(["run", writeFiles(t, { "index.js": good, [name]: latin1 })], [`${name} of the bundle`, "offset 2"]);
  }
  const folder = writeFiles(t, { "index.js": good, "input.txt": latin1 });
  const input = join(folder, "input.txt");
  await refused(["run", folder, "--event", input], ["the event", input, "not UTF-8", "offset 2"]);
  await refused(["run", folder, "--config", input], ["the configuration", input, "not UTF-8", "offset 2"]);
  await refused(["run", folder, "--limits", input], [input]);
});

test("a loop of symbolic links", async (t) => {
  const loop = temporaryFolder(t);
  symlinkSync("index.js", join(loop, "index.js"));
  await refused(["run", loop], ["index.js"]);
});

test("a receipt that cannot be written is refused before the flow runs, and nothing is left half-written", async (t) => {
  const folder = writeFiles(t, { "index.js": good });
  const target = temporaryFolder(t);
  await refused(["run", folder, "--receipt", join(target, "absent/receipt.json")], ["receipt"]);
  await refused(["run", folder, "--receipt", target], [target]);
  assert.deepEqual(readdirSync(target), []);
});

test("a receipt in a folder without write permission", async (t) => {
  if (process.getuid() === 0) return t.skip("root may write everywhere");
  const folder = writeFiles(t, { "index.js": good });
  const target = temporaryFolder(t);
  chmodSync(target, 0o500);
  await refused(["run", folder, "--receipt", join(target, "receipt.json")], ["receipt"]);
  assert.ok(!existsSync(join(target, "receipt.json")));
});

test("files that a folder happens to hold are no part of the bundle", async (t) => {
  const folder = writeFiles(t, { "index.js": good, "README.md": "hello", "picture.png": Buffer.from([0xff, 0xd8]) });
  mkdirSync(join(folder, "empty"));
  closeSync(openSync(join(folder, "empty/.keep"), "w"));
  const { code, stderr } = await run(["run", folder]);
  assert.equal(code, Exit.succeeded, stderr);
});
