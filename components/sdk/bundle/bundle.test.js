// The bundler as a library and as a command, on projects in temporary folders.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.js";

const cli = join(dirname(fileURLToPath(import.meta.url)), "cli.js");

function project(t, files) {
  const folder = mkdtempSync(join(tmpdir(), "warder-bundle-"));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries({ "package.json": "{}", ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const npmPackage = (name, source, more = {}) => ({
  [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: "1.2.3", main: "index.js", ...more }),
  [`node_modules/${name}/index.js`]: source,
});

const build = (folder, entry = "flow.ts", more = {}) => bundle({ entry: join(folder, entry), out: join(folder, "dist/flow.js"), ...more });
const command = (args, cwd) => spawnSync(process.execPath, [cli, ...args], { cwd, encoding: "utf8" });
const load = (file) => import(`${file}?${process.hrtime.bigint()}`);

test("TypeScript becomes one module, with its source map, and warder stays outside", async (t) => {
  const folder = project(t, {
    "flow.ts": 'import { flow } from "warder";\nimport { twice } from "./lib";\nexport default flow(twice(21) as number);\n',
    "lib.ts": "export const twice = (n: number): number => n * 2;\n",
  });
  const report = await build(folder);
  assert.deepEqual([report.ok, report.errors, report.warnings], [true, [], []]);
  const code = readFileSync(report.bundle, "utf8");
  assert.match(code, /import \{ flow \} from "warder";/);
  assert.match(code, /\n\/\/# sourceMappingURL=flow\.js\.map\n$/);
  const map = JSON.parse(readFileSync(report.map, "utf8"));
  assert.deepEqual(map.sources.sort(), ["../flow.ts", "../lib.ts"]);
  assert.equal(map.sourcesContent, undefined);
});

test("the same project gives the same bytes, wherever it lies and from wherever it is built", async (t) => {
  const files = { "src/flow.ts": 'import path from "node:path";\nimport a from "a";\nexport default [a, path.join("x", "y"), Buffer.from("z")];\n', ...npmPackage("a", "module.exports = 1;") };
  const [one, two] = [project(t, files), project(t, {})];
  cpSync(one, join(two, "deeper/inside"), { recursive: true });
  const reports = [await build(one, "src/flow.ts"), await build(join(two, "deeper/inside"), "src/flow.ts")];
  for (const kind of ["bundle", "map"]) {
    assert.equal(readFileSync(reports[0][kind], "utf8"), readFileSync(reports[1][kind], "utf8"));
  }
});

test("Node's built-in modules come from the bundler, and none of them is a global", async (t) => {
  const folder = project(t, {
    "flow.js": `import path from "node:path"; import { format } from "util"; import { EventEmitter } from "node:events";
      const emitter = new EventEmitter(); let heard; emitter.on("x", (v) => { heard = v; }); emitter.emit("x", 7);
      export const found = [path.basename("/a/b.js"), format("%s", 1), heard, Buffer.from("hi").toString("hex"),
        typeof process, process.versions.node, process.env.NODE_ENV, typeof setImmediate, global === globalThis];
      export const none = () => [typeof globalThis.Buffer, typeof globalThis.process];`,
  });
  const report = await build(folder, "flow.js");
  assert.deepEqual([report.errors, report.warnings], [[], []]);
  const run = `Reflect.deleteProperty(globalThis, "Buffer"); Reflect.deleteProperty(globalThis, "process");
    import("${report.bundle}").then(({ found, none }) => console.log(JSON.stringify([found, none()])));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", run], { encoding: "utf8" });
  const expected = ["b.js", "1", 7, "6869", "object", null, "production", "function", true];
  assert.deepEqual(JSON.parse(stdout || "null"), [expected, ["undefined", "undefined"]], stderr);
});

test("a package's own file for browsers comes before the built-in module", async (t) => {
  const folder = project(t, {
    "flow.js": 'import x from "a"; export default x;\n',
    ...npmPackage("a", 'module.exports = [require("fs"), require("crypto")];', { browser: { fs: false, crypto: "./crypto.js" } }),
    "node_modules/a/crypto.js": "module.exports = 'own';",
  });
  const report = await build(folder, "flow.js");
  assert.deepEqual([report.errors, report.warnings], [[], []]);
  assert.deepEqual((await load(report.bundle)).default, [{}, "own"]);
});

test("what cannot work is a warning with package, file and line; what is not in the bundle is none", async (t) => {
  const folder = project(t, {
    "flow.js": 'import { used } from "a";\nimport "b";\nexport default used;\nexport const run = () => new Function("return 1");\n',
    ...npmPackage("a", 'export { used } from "./used.js";\nexport { unused } from "./unused.js";\n', { type: "module", sideEffects: false }),
    "node_modules/a/used.js": 'import { createHash } from "crypto";\n\nexport const used = () => [createHash, typeof WebAssembly];\n',
    "node_modules/a/unused.js": 'import net from "net";\nexport const unused = () => net;\n',
    ...npmPackage("b", '"use strict";\n\n  exports.server = require("node:http").createServer;\nexports.run = (text) => eval(text);\nexports.old = Function("return this")();\n// eval(1) new Function()\nexports.text = "WebAssembly";\n'),
  });
  const { warnings } = await build(folder, "flow.js");
  assert.deepEqual(warnings.map(({ package: name, version, file, line }) => [name, version, file, line]), [
    ["", "", "flow.js", 4],
    ["a", "1.2.3", "node_modules/a/used.js", 1],
    ["b", "1.2.3", "node_modules/b/index.js", 3],
    ["b", "1.2.3", "node_modules/b/index.js", 4],
  ]);
  assert.match(warnings[1].message, /of "crypto", only .* work/);
  assert.match(warnings[2].message, /"node:http" does not work: a cell has no sockets/);
  assert.match(warnings[3].message, /eval\(…\) throws/);
});

test("errors are one sentence each, with file and line, and nothing is written", async (t) => {
  const folder = project(t, { "flow.ts": 'import a from "absent";\nexport default a;\n', "syntax.ts": "const a = ;\n", "ghost.ts": 'import "node:ghost";\n' });
  for (const [entry, line] of [["flow.ts", /^error: flow\.ts:1:15: Could not resolve "absent"\n$/], ["syntax.ts", /^error: syntax\.ts:1:11: Unexpected ";"\n$/], ["ghost.ts", /^error: ghost\.ts:1:8: "node:ghost" is no module of Node's\n$/]]) {
    const { status, stdout, stderr } = command([entry], folder);
    assert.deepEqual([status, stdout], [2, ""]);
    assert.match(stderr, line);
  }
  assert.ok(!existsSync(join(folder, "dist")));
});

test("the command says where the bundle is; wrong usage is one sentence", (t) => {
  const folder = project(t, { "flow.ts": "export default 1;\n", "out.js": "" });
  const made = command(["flow.ts"], folder);
  assert.deepEqual([made.status, made.stdout, made.stderr], [0, "dist/flow.js\n", ""]);
  const { ok, bytes, warnings } = JSON.parse(command(["flow.ts", "--out", "x.js", "--json", "--minify"], folder).stdout);
  assert.deepEqual([ok, bytes > 0, warnings], [true, true, []]);
  const help = command(["--help"], folder);
  assert.deepEqual([help.status, help.stderr], [0, ""]);
  assert.match(help.stdout, /^usage: .*\n[^]*examples:\n[^]*Exit codes: /);
  for (const args of [[], ["a.ts", "b.ts"], ["flow.ts", "--bogus"], ["absent.ts"], ["flow.ts", "--out", "x.ts"], ["out.js", "--out", "out.js"]]) {
    const { status, stdout, stderr } = command(args, folder);
    assert.deepEqual([status, stdout], [2, ""], args.join(" "));
    assert.match(stderr, /^warder-bundle: .+\n$/);
  }
});

test("--watch bundles again when a file changes", async (t) => {
  const folder = project(t, { "flow.ts": "export default 1;\n" });
  const child = spawn(process.execPath, [cli, "flow.ts", "--watch", "--json"], { cwd: folder });
  t.after(() => child.kill("SIGKILL"));
  const lines = [];
  const waiting = [];
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (data) => {
    text += data;
    for (let end; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) {
      lines.push(JSON.parse(text.slice(0, end)));
      waiting.shift()?.();
    }
  });
  const next = async () => {
    if (lines.length === 0) await new Promise((done) => waiting.push(done));
    return lines.shift();
  };
  assert.equal((await next()).ok, true);
  writeFileSync(join(folder, "flow.ts"), "export default ;\n");
  assert.equal((await next()).errors.length, 1);
  writeFileSync(join(folder, "flow.ts"), "export default 2;\n");
  const { ok, bundle: file } = await next();
  assert.deepEqual([ok, (await load(file)).default], [true, 2]);
  const exited = new Promise((done) => child.once("exit", done));
  child.kill("SIGTERM");
  assert.equal(await exited, 0);
});
