// What a build has to say, as people and programs read it: one sentence, with package, file and line.
import { readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";

/** @typedef {{ package: string, version: string, file: string, line: number, column: number, message: string }} Finding */

const PACKAGE = /^(.*(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+))\//;

/** The package that a file belongs to; nothing for the author's own. @param {string} file @param {string} folder */
function packageOf(file, folder) {
  const [, path, name] = PACKAGE.exec(file.replaceAll("\\", "/")) ?? [];
  if (!name) return { package: "", version: "" };
  try {
    const { version } = JSON.parse(readFileSync(join(isAbsolute(path) ? path : join(folder, path), "package.json"), "utf8"));
    return { package: name, version: `${version}` };
  } catch {
    return { package: name, version: "" };
  }
}

/**
 * @param {string} message @param {{ file: string, line: number, column: number } | null} place column from 0
 * @returns {Finding}
 */
export function finding(message, place, folder) {
  const file = place?.file ?? "";
  return { ...packageOf(file, folder), file, line: place?.line ?? 0, column: place ? place.column + 1 : 0, message };
}

/** @param {Finding} each */
export function sentence(each) {
  const from = each.package && `${each.package}${each.version && ` ${each.version}`}: `;
  return `${each.file && `${each.file}:${each.line}:${each.column}: `}${from}${each.message}`;
}

/** @param {Finding[]} findings */
export function ordered(findings) {
  const key = (each) => `${each.file}\0${`${each.line}`.padStart(9, "0")}\0${`${each.column}`.padStart(9, "0")}\0${each.message}`;
  const unique = new Map(findings.map((each) => [key(each), each]));
  return [...unique.keys()].sort().map((each) => unique.get(each));
}
