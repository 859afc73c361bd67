// Bundles the runtime into scripts and writes them as the C++ header that the cell and the snapshot tool compile in.
// usage: node build.mjs SOURCE_DIR NODE_MODULES OUT.h DEPFILE
//
// The early script is what main.js imports: it runs when the snapshot is made, and each of its functions costs every
// cell. What is reached by require("./x.js") alone is late: it stands in scripts that a cell runs when it first needs
// one of their modules, from code that is compiled with the snapshot. Modules that the same requires reach share a
// script, so that none is in two and loading one loads little else.
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
  format: "esm",
  target: "es2022",
  charset: "ascii",  // V8 reads it from the program's memory, one byte a character
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
};

const PRIMORDIALS = "primordials.js";

const isOwn = (path) => !path.startsWith("..") && !path.includes("node_modules");
const read = (path) => readFileSync(join(top, path), "utf8");
/** The path of an import of a module of ours; undefined: it is another's. */
const targetOf = ({ resolveDir, path }) => path.startsWith(".") ? relative(top, resolve(resolveDir, path)) : undefined;

/** All modules that are imported from `path`, with it. */
function reach(inputs, path) {
  const found = new Set();
  for (const todo = [path]; todo.length > 0;) {
    const next = todo.pop();
    if (found.has(next)) continue;
    found.add(next);
    for (const each of inputs[next].imports) if (each.kind === "import-statement") todo.push(each.path);
  }
  return found;
}

/** The early modules, and the late ones of each script; `roots` are those that somebody requires. */
async function sortModules() {
  const { metafile: { inputs } } = await build({ ...options, entryPoints: [join(top, "main.js")] });
  const early = reach(inputs, "main.js");
  const required = Object.values(inputs).flatMap(({ imports }) => imports).filter(({ kind }) => kind === "require-call");
  const roots = [...new Set(required.map(({ path }) => path))].filter((path) => !early.has(path)).sort();
  const reached = new Map(roots.map((root) => [root, reach(inputs, root)]));
  const scripts = new Map();
  for (const path of Object.keys(inputs).filter((path) => isOwn(path) && !early.has(path)).sort()) {
    const from = roots.filter((root) => reached.get(root).has(path)).join();
    scripts.set(from, [...scripts.get(from) ?? [], path]);
  }
  return { inputs, early, roots: new Set(roots), scripts: [...scripts.values()] };
}

/** The names of all exports of a module. */
async function exportsOf(path) {
  const { metafile: { outputs } } = await build({
    ...options, bundle: false, entryPoints: [join(top, path)], outdir: top,
    logLevel: "error",  // it would warn of each require
  });
  return Object.values(outputs)[0].exports;
}

/** What the modules `importers` import from others, by path. */
function importsOf(importers) {
  const imported = new Map();
  for (const path of importers) {
    for (const [, names, from] of read(path).matchAll(/^import \{([^}]*)\} from "(\.[^"]*)";$/gm)) {
      const target = relative(top, resolve(top, dirname(path), from));
      const known = imported.get(target) ?? new Set();
      for (const name of names.split(",")) if (name.trim() !== "") known.add(name.trim().split(" as ")[0]);
      imported.set(target, known);
    }
  }
  return imported;
}

/** The natives that modules name: all that their script gets. */
function nativesOf(paths) {
  const found = new Set();
  for (const text of paths.filter(isOwn).map(read)) {
    for (const [, names] of text.matchAll(/^const \{([^}]*)\} = host;$/gm)) {
      for (const name of names.split(",")) if (name.trim() !== "") found.add(name.trim().split(":")[0]);
    }
    for (const [, name] of text.matchAll(/\bhost\.(\w+)/g)) found.add(name);
  }
  return [...found].sort();
}

/** What late scripts name as globals: they get what these were before any script could replace them. */
const GLOBALS = /^export const globals = \{([^}]*)\};$/m.exec(read(PRIMORDIALS))[1].split(",")
  .map((entry) => entry.trim().split(":")[0]).filter((name) => name !== "");

const { inputs, early, roots, scripts } = await sortModules();
const scriptOf = new Map(scripts.flatMap((paths, number) => paths.map((path) => [path, number])));

/** Asks for what is late when it is needed. */
const askForLate = {
  name: "ask-for-late",
  setup(context) {
    context.onLoad({ filter: /\.js$/ }, ({ path }) => {
      if (!isOwn(relative(top, path))) return undefined;
      const contents = readFileSync(path, "utf8").replace(/\brequire\("(\.[^"]*)"\)/g, (call, from) => {
        const target = relative(top, resolve(dirname(path), from));
        return scriptOf.has(target) ? `$late(${scriptOf.get(target)}, ${JSON.stringify(target)})` : call;
      });
      return { contents };
    });
  },
};

/** Leaves out what is in other scripts. @param {readonly string[]} own */
const leaveOthers = (own) => ({
  name: "leave-others",
  setup(context) {
    context.onResolve({ filter: /^\./ }, (args) => {
      const target = targetOf(args);
      return own.includes(target) || args.kind === "entry-point" ? undefined : { path: target, external: true };
    });
  },
});

/** An ES module's text without its one export statement, and the names of what it exports. */
function takeExports(text) {
  const [all, list] = /export\{([^}]*)\};?\s*$/.exec(text) ?? [undefined, ""];
  const body = all === undefined ? text : text.slice(0, -all.length);
  if (/\bexport\{/.test(body)) throw new Error("a script has more than one export statement");
  const exported = list.split(",").filter((each) => each !== "").map((each) => each.split(" as "));
  return { body, names: new Map(exported.map(([local, name = local]) => [name, local])) };
}

/** @param {Map<string, Iterable<string>>} wanted names of exports by path */
async function bundle(wanted, plugins) {
  const parts = [...wanted].map(([path, names], i) => {
    const list = [...names].map((name) => `${name} as $${i}_${name}`);
    return list.length > 0 ? `export { ${list} } from "./${path}";` : `import "./${path}";`;
  });
  const { outputFiles: [{ text }] } =
    await build({ ...options, stdin: { contents: parts.join("\n"), resolveDir: top }, plugins });
  const { body, names } = takeExports(text);
  const objects = new Map([...wanted].map(([path, wantedNames], i) =>
    [path, `{${[...wantedNames].map((name) => `${name}:${names.get(`$${i}_${name}`)}`)}}`]));
  return { body, objects };
}

/** What late modules import from early ones. */
const shared = new Map([...importsOf(scripts.flat())].filter(([path]) => early.has(path)));
shared.get(PRIMORDIALS).add("globals");

/**
 * `$early` gives what late modules import from an early one, by path.
 */
async function earlyScript() {
  const wanted = new Map(shared);
  wanted.set("main.js", ["hooks"]);
  const { body, objects } = await bundle(wanted, [askForLate]);
  const cases = [...shared.keys()].map((path) => `case ${JSON.stringify(path)}: return ${objects.get(path)};`);
  return `(function (host) { "use strict";
const $loaded = { __proto__: null };
function $late(number, path) { return ($loaded[number] ??= host.runLate(number, $early, $late))[path]; }
function $early(path) { switch (path) { ${cases.join(" ")} } }
${body}
return ${objects.get("main.js")}.hooks; })`;
}

/** @param {readonly string[]} paths @param {number} number */
async function lateScript(paths, number) {
  const others = importsOf(scripts.filter((_, i) => i !== number).flat());
  const wanted = new Map();
  for (const path of paths) wanted.set(path, roots.has(path) ? await exportsOf(path) : [...others.get(path) ?? []]);
  const { body, objects } = await bundle(wanted, [askForLate, leaveOthers(paths)]);
  const linked = body.replace(/\bimport(?:\{([^}]*)\}from)?"([^"]*)";/g, (_, names, path) => {
    const from = early.has(path) ? `$early(${JSON.stringify(path)})` : `$late(${scriptOf.get(path)},${JSON.stringify(path)})`;
    return names === undefined ? (early.has(path) ? "" : `${from};`) : `const {${names.replaceAll(" as ", ":")}}=${from};`;
  });
  const globals = GLOBALS.filter((name) => new RegExp(`\\b${name}\\b`).test(linked));
  const exported = [...objects].filter(([, object]) => object !== "{}").map(([path, object]) => `${JSON.stringify(path)}:${object}`);
  return `(function (host, $early, $late) { "use strict"; const {${globals}}=$early(${JSON.stringify(PRIMORDIALS)}).globals; { ${linked}
return {__proto__:null,${exported}}; } })`;
}

/** @param {string} name @param {string} text @param {string[]} natives */
function toCpp(name, text, natives) {
  const bytes = [...Buffer.from(text, "latin1")];
  if (bytes.some((byte) => byte > 127)) throw new Error(`the script ${name} is not ASCII`);
  return { name, natives, bytes };
}

const all = [toCpp("warder:runtime", await earlyScript(), ["runLate", ...nativesOf([...early])])];
for (const [number, paths] of scripts.entries()) {
  const root = paths.find((path) => roots.has(path)) ?? paths[0];
  all.push(toCpp(`warder:runtime/${root.replace(/\.js$/, "")}`, await lateScript(paths, number), nativesOf(paths)));
}
writeFileSync(header, `// Made by sandbox/runtime/build.mjs.
#pragma once

#include <array>
#include <string_view>

#include "sandbox/cell/runtime_script.h"

namespace warder::cell {

${all.map(({ bytes }, i) => `inline constexpr char kScriptBytes${i}[] = {${bytes.join(",")}};`).join("\n")}
${all.map(({ natives }, i) => `inline constexpr std::array<std::string_view, ${natives.length}> kScriptNatives${i} = {${
  natives.map((name) => JSON.stringify(name)).join(",")}};`).join("\n")}

// The early one first.
inline constexpr std::array<RuntimeScript, ${all.length}> kRuntimeScripts = {{
${all.map(({ name, bytes }, i) =>
  `    {${JSON.stringify(name)}, {kScriptBytes${i}, ${bytes.length}}, kScriptNatives${i}},`).join("\n")}
}};

}  // namespace warder::cell
`);
writeFileSync(depfile, `${header}: ${Object.keys(inputs).map((path) => resolve(top, path)).join(" ")}\n`);
