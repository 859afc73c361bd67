// Bundles the runtime into one script and writes it as the C++ header that the cell and the snapshot tool compile in.
// usage: node build.mjs SOURCE_DIR NODE_MODULES OUT.h DEPFILE
//
// There are two bundles. The early one is what main.js imports, and runs when the snapshot is made. What is reached by
// require("./x.js") alone is late: its bundle is the body of one function inside the early one, which V8 has not even
// looked into until a script needs the first of its modules. Inside one bundle esbuild would lift the functions of
// late modules out to where each of them costs every cell.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const [source, modules, header, depfile] = process.argv.slice(2);
const { build } = createRequire(resolve(modules, "anchor.js"))("esbuild");
const top = resolve(source);

const options = {
  nodePaths: [modules],
  bundle: true,
  write: false,
  metafile: true,
  absWorkingDir: top,
  format: "iife",
  target: "es2022",
  charset: "ascii",  // V8 reads it from the program's memory, one byte a character
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
};

/** The modules by path, and which of them are early. */
async function sortModules() {
  const { metafile: { inputs } } = await build({ ...options, entryPoints: [join(top, "main.js")] });
  const early = new Set();
  const todo = ["main.js"];
  for (let path; (path = todo.pop()) !== undefined;) {
    if (early.has(path)) continue;
    early.add(path);
    for (const each of inputs[path].imports) if (each.kind === "import-statement") todo.push(each.path);
  }
  const own = Object.keys(inputs).filter((path) => !path.startsWith("..") && !path.includes("node_modules"));
  return { inputs, early, late: own.filter((path) => !early.has(path)) };
}

/** What late modules import from early ones, by path. */
function findShared(inputs, { early, late }) {
  const shared = new Map();
  for (const path of late) {
    const text = readFileSync(join(top, path), "utf8");
    for (const [, names, from] of text.matchAll(/^import \{([^}]*)\} from "(\.[^"]*)";$/gm)) {
      const target = relative(top, resolve(top, dirname(path), from));
      if (!early.has(target)) continue;
      const known = shared.get(target) ?? new Set();
      for (const name of names.split(",")) if (name.trim() !== "") known.add(name.trim().split(" as ")[0]);
      shared.set(target, known);
    }
  }
  return shared;
}

/** The path of an import of a module of ours; undefined: it is another's. */
const targetOf = ({ resolveDir, path }) => path.startsWith(".") ? relative(top, resolve(resolveDir, path)) : undefined;

/** Early modules ask `loadLate` for late ones. @param {(path: string) => boolean} isLate */
const askForLate = (isLate) => ({
  name: "ask-for-late",
  setup(context) {
    context.onLoad({ filter: /\.js$/ }, ({ path }) => {
      if (relative(top, path).startsWith("..")) return undefined;
      const contents = readFileSync(path, "utf8").replace(/\brequire\("(\.[^"]*)"\)/g, (call, from) => {
        const target = relative(top, resolve(dirname(path), from));
        return isLate(target) ? `loadLate(${JSON.stringify(target)})` : call;
      });
      return { contents };
    });
  },
});

/** Late modules get from `shared` what they import from early ones. @param {Map<string, Set<string>>} shared */
const takeShared = (shared) => ({
  name: "take-shared",
  setup(context) {
    context.onResolve({ filter: /^\./ }, (args) =>
      shared.has(targetOf(args)) ? { path: targetOf(args), namespace: "shared" } : undefined);
    context.onLoad({ filter: /./, namespace: "shared" }, ({ path }) =>
      ({ contents: `export const { ${[...shared.get(path)]} } = shared[${JSON.stringify(path)}];` }));
  },
});

/** What esbuild's helpers use, and what they use instead: functions that were taken before any script ran. */
const HELPERS = [
  ["__defProp=Object.defineProperty;", "__defProp=__captured.define;"],
  ["__getOwnPropDesc=Object.getOwnPropertyDescriptor;", "__getOwnPropDesc=__captured.describe;"],
  ["__getOwnPropNames=Object.getOwnPropertyNames;", "__getOwnPropNames=__captured.names;"],
  ["__hasOwnProp=Object.prototype.hasOwnProperty", "__hasOwnProp={__proto__:null,call:__captured.hasOwn}"],
  ["for(var name in all)__defProp(", "for(var name in all)__captured.hasOwn(all,name)&&__defProp("],
];

/** A descriptor of a helper's inherits from Object.prototype, where a script may have put anything. */
const CAPTURED = `const __captured = ((define, hasOwn) => ({
  __proto__: null, hasOwn, describe: Object.getOwnPropertyDescriptor, names: Object.getOwnPropertyNames,
  define(target, name, given) {
    const own = { __proto__: null, enumerable: hasOwn(given, "enumerable") && given.enumerable };
    if (hasOwn(given, "get")) own.get = given.get;
    else own.value = given.value;
    return define(target, name, own);
  },
}))(Object.defineProperty, Object.hasOwn);`;

/**
 * A late module may be loaded after a script has run, which must neither get hold of it nor break it.
 * @param {string} text
 */
function harden(text) {
  let hardened = text;
  for (const [from, to] of HELPERS) {
    if (text.split(from).length !== 2) throw new Error(`esbuild's helpers are not those that were known: there is no one ${from}`);
    hardened = hardened.replace(from, to);
  }
  return hardened;
}

const sorted = await sortModules();
const shared = findShared(sorted.inputs, sorted);
const list = (entries) => entries.join(",");

const early = await build({
  ...options,
  stdin: {
    contents: `export { hooks } from "./main.js";
${[...shared.keys()].map((path, i) => `import * as m${i} from "./${path}";`).join("\n")}
export const shared = () => ({ ${list([...shared].map(([path, names], i) =>
  `${JSON.stringify(path)}: { ${list([...names].map((name) => `${name}: m${i}.${name}`))} }`))} });`,
    resolveDir: top,
  },
  globalName: "runtime",
  plugins: [askForLate((path) => sorted.late.includes(path))],
});
const late = await build({
  ...options,
  stdin: {
    contents: `export default { ${list(sorted.late.map((path) => `${JSON.stringify(path)}: () => require("./${path}")`))} };`,
    resolveDir: top,
  },
  globalName: "late",
  plugins: [takeShared(shared)],
});

const script = `(function (host) { "use strict";
${CAPTURED}
let lateModules;
function loadLate(path) { return (lateModules ??= makeLate(runtime.shared()))[path](); }
function makeLate(shared) { ${harden(late.outputFiles[0].text)}; return late.default; }
${harden(early.outputFiles[0].text)}; return runtime.hooks; })`;
const bytes = [...Buffer.from(script, "latin1")];
if (bytes.some((byte) => byte > 127)) throw new Error("the runtime is not ASCII");

writeFileSync(header, `// Made by sandbox/runtime/build.mjs.
#pragma once

#include <string_view>

namespace warder::cell {

inline constexpr char kRuntimeSourceBytes[] = {${bytes.join(",")}};
inline constexpr std::string_view kRuntimeSource(kRuntimeSourceBytes, sizeof(kRuntimeSourceBytes));

}  // namespace warder::cell
`);
writeFileSync(depfile, `${header}: ${Object.keys(sorted.inputs).map((path) => resolve(top, path)).join(" ")}\n`);
