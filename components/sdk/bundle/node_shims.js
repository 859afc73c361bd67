// An esbuild plugin that supplies Node's built-in modules and globals: unenv's, or ours in shims/. A package that
// brings its own for browsers keeps it.
//
// They live in namespaces of their own, so that a bundle does not depend on where this package is installed.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { defineEnv } from "unenv";
import { IMPOSSIBLE, PARTIAL, moduleOf } from "./builtins.js";

const NODE = "node", SHIM = "shim", PATHE = "pathe";
const TRIED = Symbol("tried");
const shims = join(dirname(fileURLToPath(import.meta.url)), "shims");
const unenv = join(dirname(createRequire(import.meta.url).resolve("unenv/package.json")), "dist/runtime");
const pathe = dirname(createRequire(join(unenv, "anchor.js")).resolve("pathe"));
const { alias } = defineEnv({ nodeCompat: true }).env;

/** The free identifiers that name something of Node's. */
export const GLOBALS = join(shims, "globals.js");

/** @param {string} specifier such as "node:path", "fs/promises" */
function shimOf(specifier) {
  const name = specifier.replace(/^node:/, "");
  if (name === "process") return { path: "process.js", namespace: SHIM, sideEffects: false };
  const target = alias[name];
  if (!target?.startsWith("unenv/")) return undefined;
  const path = target === "unenv/mock/proxy-cjs" ? "mock/proxy" : target.slice("unenv/".length);
  return { path: `${path}.mjs`, namespace: NODE, sideEffects: false };
}

/** @param {string} specifier */
function warningsFor(specifier) {
  const name = moduleOf(specifier);
  const why = IMPOSSIBLE[name] ?? PARTIAL[name];
  if (!why) return [];
  return [{ text: IMPOSSIBLE[name] ? `"${specifier}" does not work: ${why}` : `of "${specifier}", ${why}` }];
}

export const nodeShims = {
  name: "node-shims",
  /** @param {import("esbuild").PluginBuild} build */
  setup(build) {
    const names = Object.keys(alias).filter((each) => alias[each].startsWith("unenv/") && !each.startsWith("node:"));
    const builtin = new RegExp(`^(?:node:.+|${names.map((each) => each.replace("/", "\\/")).join("|")})$`);

    build.onResolve({ filter: builtin }, async ({ path, importer, namespace, resolveDir, kind, pluginData }) => {
      if (pluginData === TRIED) return undefined;
      const shim = shimOf(path);
      if (!shim) return { errors: [{ text: `"${path}" is no module of Node's` }] };
      if (namespace === "file" && importer !== GLOBALS) {
        const own = await build.resolve(path, { importer, namespace, resolveDir, kind, pluginData: TRIED });
        if (own.errors.length === 0 && !own.external) return undefined;
        return { ...shim, warnings: warningsFor(path) };
      }
      return shim;
    });
    // unenv's one dependency.
    build.onResolve({ filter: /^pathe$/, namespace: NODE }, () => ({ path: "index.mjs", namespace: PATHE, sideEffects: false }));
    for (const [namespace, folder] of [[NODE, unenv], [SHIM, shims], [PATHE, pathe]]) {
      build.onResolve({ filter: /^\.\.?\//, namespace }, ({ path, importer }) => (
        { path: posix.join(posix.dirname(importer), path), namespace, sideEffects: false }
      ));
      build.onLoad({ filter: /.*/, namespace }, async ({ path }) => (
        { contents: await readFile(join(folder, path), "utf8"), loader: "js", resolveDir: folder }
      ));
    }
    build.onResolve({ filter: /globals\.js$/ }, ({ path }) => (
      path === GLOBALS ? { path: "globals.js", namespace: SHIM, sideEffects: false } : undefined
    ));
  },
};
