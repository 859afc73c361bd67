// What is wrong with the declarations of a bundle. While the bundle loads, a malformed declaration only notes its
// problems and where it stands, so that the author hears of all of them at once: from integration(…), or when all is
// loaded. Once a flow runs, a malformed declaration throws where it stands.
import { consoleText } from "../console_text.js";
import { freeze, join, map, push, slice, sliceString, splice, startsWith, uncurry } from "../primordials.js";

const { callerPlace } = host;

const SHAPE = 3;  // BundleRejected.Kind
const MAX_TOLD = 40;
const MAX_VALUE = 60;

/**
 * What a declaration made: how sentences speak of it.
 * @typedef {{ kind: string, name: string, unreadable: string[] }} Thing
 */
/** @typedef {{ thing: Thing, field: string, rule: string, place: [string, number, number] }} Problem */

/** @type {WeakMap<object, Thing>} */
const things = new WeakMap();
const find = uncurry(WeakMap.prototype.get);
const keep = uncurry(WeakMap.prototype.set);
/** What integration(…) threw, and what is to be said of it. @type {WeakMap<object, unknown[]>} */
const malformed = new WeakMap();

/** @type {Problem[]} */
const noted = [];
let loading = true;

/** A value as it stands in a sentence. @param {unknown} value */
export function show(value) {
  const text = consoleText().inspect(value, { __proto__: null, length: 2 * MAX_VALUE });
  return text.length > MAX_VALUE ? `${sliceString(text, 0, MAX_VALUE)}…` : text;
}

/** @param {string} kind "flow", "action", … @returns {Thing} */
export const thing = (kind) => ({ kind, name: "", unreadable: [] });

/** "the action "acme.getOrder"". @param {Thing} of */
export function nameOf({ kind, name }) {
  if (name !== "") return `the ${kind} "${name}"`;
  return kind === "action" || kind === "integration" ? `an ${kind}` : `a ${kind}`;
}

/**
 * Notes that a field of a declaration is not as it must be. Without a field it is the declaration itself.
 * @param {Thing} of @param {string} field @param {string} rule "must be …, but is …"
 */
export function problem(of, field, rule) {
  for (let i = 0; i < of.unreadable.length; ++i) if (startsWith(field, of.unreadable[i])) return;
  push(noted, { thing: of, field, rule, place: callerPlace() });
}

/** Whatever is below the field has no values of its own to complain of. @param {Thing} of @param {string} field */
export function skipBelow(of, field) { push(of.unreadable, field === "" ? "" : `${field}.`); }

const sentence = ({ thing: of, field, rule }) => (field === "" ? `${nameOf(of)} ${rule}` : `the ${field} of ${nameOf(of)} ${rule}`);

/** All that was noted, which is then forgotten: [kind, sentences, file, line, column]. */
function takeReport() {
  const all = splice(noted, 0, noted.length);
  const told = map(slice(all, 0, MAX_TOLD), (each, i) => {
    const { place } = each;
    return i === 0 || place[0] === "" ? sentence(each) : `${place[0]}:${place[1]}:${place[2]}: ${sentence(each)}`;
  });
  if (all.length > MAX_TOLD) push(told, `and ${all.length - MAX_TOLD} more`);
  const { place } = all[0];
  return [SHAPE, join(told, "\n"), place[0], place[1], place[2]];
}

/** Throws what was noted, where anything was. */
export function throwNoted() {
  if (noted.length === 0) return;
  const report = takeReport();
  const error = new TypeError(report[1]);
  keep(malformed, error, report);
  throw error;
}

/**
 * The end of a declaration: what it made is known as such from here on.
 * @template {object} T @param {Thing} of @param {T} result @returns {T}
 */
export function declared(of, result) {
  freeze(result);
  keep(things, result, of);
  if (!loading) throwNoted();
  return result;
}

/** Whether a declaration of this kind made the value. @param {string} kind @param {unknown} value */
export const isDeclared = (kind, value) => typeof value === "object" && value !== null && find(things, value)?.kind === kind;

/** What is known of what was declared. @param {object} value @returns {Thing} */
export const thingOf = (value) => find(things, value);

/** The bundle's top level is through: what was noted, if anything. @returns {unknown[] | undefined} */
export function endLoading() {
  loading = false;
  return noted.length > 0 ? takeReport() : undefined;
}

/**
 * The bundle's top level has thrown. [kind, sentences, file, line, column] where declarations are malformed, which may
 * be why; undefined where it was an error of the author's own.
 * @param {unknown} error
 */
export function rejection(error) {
  const report = typeof error === "object" && error !== null ? find(malformed, error) : undefined;
  return report ?? (noted.length > 0 ? takeReport() : undefined);
}
