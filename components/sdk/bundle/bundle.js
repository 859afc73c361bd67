// Makes a Warder bundle: one ES module for a cell, and its source map beside it.
import { existsSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { build, context } from "esbuild";
import { domFree } from "./dom_free.js";
import { findEvaluation } from "./evaluation.js";
import { GLOBALS, nodeShims } from "./node_shims.js";
import { finding, ordered } from "./report.js";

/**
 * @typedef {{ entry: string, out: string, minify?: boolean }} Options
 * @typedef {import("./report.js").Finding} Finding
 * @typedef {{ ok: boolean, bundle: string, map: string, bytes: number, warnings: Finding[], errors: Finding[] }} Report
 */

/** The nearest folder with a package.json: names in a bundle are relative to it, wherever the command is given. */
function projectOf(file) {
  const start = dirname(file);
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) return start;
  }
}

/** @param {Options} options @returns {import("esbuild").BuildOptions} */
function settings({ entry, out, minify = false }) {
  const file = existsSync(entry) ? realpathSync(entry) : resolve(entry);
  return {
    absWorkingDir: projectOf(file),
    entryPoints: [file],
    outfile: resolve(out),
    bundle: true,
    write: false,
    metafile: true,
    platform: "browser",
    conditions: ["workerd", "worker", "browser"],
    format: "esm",
    target: "chrome136",  // V8 13.6
    external: ["warder", "warder/test"],
    sourcemap: "linked",
    sourcesContent: false,
    charset: "utf8",
    minify,
    keepNames: minify,  // errors are told by their names
    define: { "process.env.NODE_ENV": '"production"', global: "globalThis" },
    inject: [GLOBALS],
    plugins: [nodeShims, domFree],
    logLevel: "silent",
    logOverride: { "direct-eval": "silent" },  // evaluation.js says it, also of packages
  };
}

/** @param {import("esbuild").BuildResult} result @param {import("esbuild").BuildOptions} options @returns {Report} */
function conclude(result, { absWorkingDir: folder, outfile }) {
  const report = { ok: false, bundle: outfile, map: `${outfile}.map`, bytes: 0, warnings: [], errors: [] };
  const said = ({ text, location }) => finding(text, location, folder);
  report.errors = ordered(result.errors.map(said));
  if (report.errors.length > 0) return report;

  const [map, code] = ["map", "js"].map((kind) => result.outputFiles.find(({ path }) => path.endsWith(`.${kind}`)));
  const [{ inputs }] = Object.entries(result.metafile.outputs).filter(([path]) => !path.endsWith(".map")).map(([, each]) => each);
  const isThere = ({ location }) => !location || !(inputs[location.file]?.bytesInOutput === 0 || !(location.file in inputs));
  const evaluated = findEvaluation(code.text, map.text).map(({ text, source, line, column }) => (
    finding(text, source ? { file: relative(folder, resolve(dirname(outfile), source)), line, column } : null, folder)
  ));
  report.warnings = ordered([...result.warnings.filter(isThere).map(said), ...evaluated]);
  mkdirSync(dirname(outfile), { recursive: true });
  writeFileSync(outfile, code.contents);
  writeFileSync(report.map, map.contents);
  return { ...report, ok: true, bytes: code.contents.length };
}

/** Bundles once. Writes nothing where there are errors. @param {Options} options @returns {Promise<Report>} */
export async function bundle(options) {
  const chosen = settings(options);
  try {
    return conclude(await build(chosen), chosen);
  } catch (error) {
    if (!Array.isArray(error.errors)) throw error;
    return conclude({ ...error, errors: error.errors }, chosen);
  }
}

/**
 * Bundles now and whenever a file changes. @param {Options} options @param {(report: Report) => void} onReport
 * @returns {Promise<() => Promise<void>>} ends it
 */
export async function watch(options, onReport) {
  const chosen = settings(options);
  const report = { name: "report", setup: ({ onEnd }) => onEnd((result) => onReport(conclude(result, chosen))) };
  const watching = await context({ ...chosen, plugins: [...chosen.plugins, report] });
  await watching.watch();
  return () => watching.dispose();
}

/** Where the bundle of an entry goes unless said otherwise. @param {string} entry */
export const defaultOut = (entry) => join("dist", `${basename(entry).replace(/\.[cm]?[jt]sx?$/, "")}.js`);
