// Looks at one field of a declaration after the other, and notes what is not as it must be: what every flow has. Others
// are in fields.js.
import { arrayIncludes, isArray, join, keys, test } from "../primordials.js";
import { problem, show, skipBelow } from "./problems.js";

/** @typedef {import("./problems.js").Thing} Thing */

const KEY = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
/** The length of a key, and of other names in code. */
export const MAX_KEY = 64;
const MAX_TEXT = 4096;

/** @param {readonly unknown[]} list @param {unknown} value */
export const includes = arrayIncludes;

/** @param {unknown} value @returns {value is Record<string, unknown>} */
export const isObject = (value) => typeof value === "object" && value !== null && !isArray(value);

/** @param {string} what "a text", "a list" @param {unknown} value */
export const not = (what, value) => (value === undefined ? `is missing: it must be ${what}` : `must be ${what}, but is ${show(value)}`);

/**
 * An object with known fields only. Without a field's name it is the declaration itself.
 * @param {Thing} of @param {string} field @param {unknown} value @param {readonly string[]} known
 * @returns {Record<string, any>} empty where it is none
 */
export function objectOf(of, field, value, known) {
  if (!isObject(value)) {
    problem(of, field, field === "" ? `takes an object, but got ${show(value)}` : not("an object", value));
    skipBelow(of, field);
    return { __proto__: null };
  }
  const names = keys(value);
  for (let i = 0; i < names.length; ++i) {
    if (!includes(known, names[i])) {
      problem(of, field, `has no "${names[i]}"; it takes ${known.length === 0 ? "nothing" : join(known, ", ")}`);
    }
  }
  return value;
}

/** A text that must be there. @param {Thing} of @param {string} field @param {unknown} value */
export function textOf(of, field, value) {
  if (typeof value !== "string" || value === "") problem(of, field, not("a text", value));
  else if (value.length > MAX_TEXT) problem(of, field, `must have at most ${MAX_TEXT} characters, but has ${value.length}`);
  else return value;
  return "";
}

/** A text that may be left out. @param {Thing} of @param {string} field @param {unknown} value */
export const optionalText = (of, field, value) => (value === undefined ? undefined : textOf(of, field, value));

/** "tag-big-orders". @param {Thing} of @param {unknown} value */
export function keyOf(of, value) {
  const key = textOf(of, "key", value);
  if (key === "") return "";
  if (test(KEY, key) && key.length <= MAX_KEY) return key;
  problem(of, "key", `must be words of a-z and 0-9 joined by "-", at most ${MAX_KEY} characters, but is ${show(key)}`);
  return "";
}

/** @param {Thing} of @param {string} field @param {unknown} value */
export function functionOf(of, field, value, signature) {
  if (typeof value !== "function") problem(of, field, not(`a function ${signature}`, value));
  return value;
}

/** @param {Thing} of @param {string} field @param {unknown} value */
export function optionalFunction(of, field, value, signature) {
  return value === undefined ? undefined : functionOf(of, field, value, signature);
}
