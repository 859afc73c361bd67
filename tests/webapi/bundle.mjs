// Makes bundles of web-platform-tests: a cell has no network and no eval, so all that a test would load is inside.
//
// A bundle is ES modules, hence strict, where these files are scripts and may be sloppy. They stand in one function
// each for the harness and for the test, called with `this` as the global object. What scripts do and functions do
// not, declare properties of the global object, is done for them at the end of each. Nothing in the areas that run here
// needs more of sloppy mode; a file that does would fail.
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

const here = dirname(fileURLToPath(import.meta.url));

// Debian takes these files out, which are minified; the same come from npm.
const IDL_PARSER = "resources/WebIDLParser.js";
const FROM_NPM = {
  [IDL_PARSER]: "webidl2/dist/webidl2.js",
  "compression/third_party/pako/pako_inflate.min.js": "pako/dist/pako_inflate.min.js",
};

/** The texts in a test that idlharness.js will evaluate: those of add_objects that are expressions. */
function findExpressions(source) {
  const expressions = [];
  for (const [, list] of source.matchAll(/\badd_objects\(([^]*?)\);/g)) {
    for (const [literal] of list.matchAll(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g)) {
      const text = literal.slice(1, -1).replace(/\\(.)/g, "$1");
      try {
        new Script(`(${text})`);
        expressions.push(`${literal}: () => (${text}),\n`);
      } catch {
        // Some other text; if it is evaluated after all, that subtest fails.
      }
    }
  }
  return expressions.join("");
}

/** A test file below `root`: its scripts in order, variants and time-out, from its META comments. */
export function readTest(root, file) {
  const source = readFileSync(join(root, file), "utf8");
  const meta = (key) => [...source.matchAll(new RegExp(`^// META: ${key}=(.*)$`, "gm"))].map(([, value]) => value.trim());
  const resolve = (name) => name.startsWith("/") ? name.slice(1) : posix.join(posix.dirname(file), name);
  // A worker's test loads its scripts itself.
  const imported = [...source.matchAll(/^importScripts\(([^)]*)\);?$/gm)].flatMap(([, list]) =>
    [...list.matchAll(/["']([^"']+)["']/g)].map(([, name]) => name));
  const scripts = [...meta("script"), ...imported].map(resolve).filter((name) => name !== "resources/testharness.js");
  const globals = meta("global").flatMap((list) => list.split(","));
  return {
    file, scripts,
    source: source.replace(/^importScripts\(.*$/gm, ""),
    variants: meta("variant").length > 0 ? meta("variant") : [""],
    long: meta("timeout").includes("long"),
    windowOnly: globals.length > 0 && globals.every((name) => name === "window"),
  };
}

/** A script's code, followed by what makes its declarations properties of the global object. */
function asScript(name, source) {
  if (FROM_NPM[name]) return `${source}\n;`;  // publishes itself
  const functions = [...source.matchAll(/^(?:async )?function\s*\*?\s*([\w$]+)/gm)].map(([, id]) => id);
  const variables = [...source.matchAll(/^var\s+([\w$]+)/gm)].map(([, id]) => id);
  // Assigning to what nobody has declared makes a global in a script, and is an error in a module.
  const declared = (id) => {
    const name = id.replaceAll("$", "\\$");
    return new RegExp(`\\b(?:var|let|const)\\s+${name}\\b|\\([^()]*\\b${name}\\b[^()]*\\)\\s*(?:=>|\\{)`).test(source);
  };
  const undeclared = [...new Set([...source.matchAll(/^\s*([\w$]+) = /gm)].map(([, id]) => id))]
    .filter((id) => !declared(id)).map((id) => `if (typeof ${id} === "undefined") globalThis.${id} = undefined;`).join(" ");
  // A script's functions are there before its first statement runs.
  const publish = (names) =>
    [...new Set(names)].map((id) => `if (typeof ${id} !== "undefined") globalThis.${id} = ${id};`).join(" ");
  return `/* ${name} */ ${undeclared} ${publish(functions)}\n${source}\n;${publish(variables)}\n`;
}

/** The files that the scripts fetch, by path. */
function findResources(wpt, test, texts) {
  const resources = {};
  const add = (path) => {
    const name = path.startsWith("/") ? path.slice(1) : posix.join(posix.dirname(test.file), path);
    if (existsSync(join(wpt, name))) resources[`/${name}`] = readFileSync(join(wpt, name), "utf8");
  };
  for (const text of texts) for (const [, path] of text.matchAll(/\bfetch\(["'`]([^"'`?]+)["'`]/g)) add(path);
  if (test.scripts.includes("resources/idlharness.js")) {
    for (const name of readdirSync(join(wpt, "interfaces"))) add(`/interfaces/${name}`);
  }
  return resources;
}

/** Writes the bundle of a test into `folder`. `modules` has what package-lock.json names. */
export function writeBundle(wpt, modules, test, folder) {
  const path = (name) => FROM_NPM[name] ? join(modules, FROM_NPM[name]) : join(wpt, name);
  const read = (name) => readFileSync(path(name), "utf8");
  const parts = test.scripts.map((name) => [name, read(name)]);
  parts.push([test.file, test.source]);
  const texts = parts.map(([, source]) => source);
  mkdirSync(folder, { recursive: true });
  const write = (name, text) => writeFileSync(join(folder, name), text);
  write("environment.js", readFileSync(join(here, "environment.js"), "utf8"));
  write("resources.json", JSON.stringify(findResources(wpt, test, texts)));
  // Nothing in this module but `expressions` and `scripts` has a name that a script could mean.
  write("scripts.js", `export const expressions = {\n${findExpressions(test.source)}};\nexport const scripts = [function () {\n${read("resources/testharness.js")}\n}, function () {\n` +
    `${parts.map(([name, source]) => asScript(name, source)).join("")}}];\n`);
  write("index.js", `import { flow, integration } from "warder";
import { run } from "./environment.js";
export default integration({ name: "web-platform-tests", version: "1.0.0", flows: [flow({ name: "Test", key: "test", run })] });
`);
}
