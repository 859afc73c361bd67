// Looks at fields that only some declarations have, as checks.js does.
import { isArray, isFinite, isInteger, join, keys, map, push, stringify, test } from "../primordials.js";
import { MAX_KEY, includes, not } from "./checks.js";
import { durationText, parseDuration } from "./duration.js";
import { problem, show } from "./problems.js";

/** @typedef {import("./problems.js").Thing} Thing */

const NAME = /^[A-Za-z][A-Za-z0-9_]*$/;
const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** @param {readonly unknown[]} list */
export const quoted = (list) => join(map(list, (each) => stringify(each)), ", ");

/**
 * The names of an object's fields, as authors write them in code.
 * @param {Thing} of @param {string} field @param {object} value
 */
export function namesOf(of, field, value) {
  const names = keys(value);
  const good = [];
  for (let i = 0; i < names.length; ++i) {
    if (test(NAME, names[i]) && names[i].length <= MAX_KEY) push(good, names[i]);
    else problem(of, field, `must have names of letters, digits and "_" that begin with a letter, at most ${MAX_KEY} characters, but has ${show(names[i])}`);
  }
  return good;
}

/** @param {Thing} of @param {string} field @param {unknown} value @param {boolean} otherwise */
export function flagOf(of, field, value, otherwise) {
  if (value === undefined) return otherwise;
  if (typeof value !== "boolean") problem(of, field, not("true or false", value));
  return value === true;
}

/** @template T @param {Thing} of @param {string} field @param {T} value @param {readonly T[]} choices */
export function choiceOf(of, field, value, choices) {
  if (!includes(choices, value)) problem(of, field, not(`one of ${quoted(choices)}`, value));
  return value;
}

/** @param {Thing} of @param {string} field @param {unknown} value @param {number} least @param {number} most */
export function wholeNumber(of, field, value, least, most) {
  if (isInteger(value) && value >= least && value <= most) return value;
  problem(of, field, not(`a whole number from ${least} to ${most}`, value));
  return least;
}

/** @param {Thing} of @param {string} field @param {unknown} value */
export function optionalNumber(of, field, value) {
  if (value !== undefined && !(typeof value === "number" && isFinite(value))) {
    problem(of, field, not("a number", value));
  }
  return value;
}

const MAX_DURATION = 31 * 86_400_000;

/** Milliseconds. @param {Thing} of @param {string} field @param {unknown} value @param {number} least milliseconds */
export function durationOf(of, field, value, least) {
  const milliseconds = parseDuration(value);
  if (milliseconds === undefined) problem(of, field, not('a duration such as "500ms", "30s", "5m", "2h" or "1d"', value));
  else if (milliseconds < least || milliseconds > MAX_DURATION) problem(of, field, `must be from ${durationText(least)} to 31d, but is ${show(value)}`);
  else return milliseconds;
  return least;
}

/**
 * A list of at least one, without repetitions.
 * @param {Thing} of @param {string} field @param {unknown} value @param {string} what
 */
export function listOf(of, field, value, what, check) {
  if (!isArray(value) || value.length === 0) {
    problem(of, field, not(`a list of at least one ${what}`, value));
    return [];
  }
  const list = [];
  for (let i = 0; i < value.length; ++i) {
    const why = check(value[i]);
    if (why !== undefined) problem(of, `${field}[${i}]`, `${why}, but is ${show(value[i])}`);
    else if (includes(list, value[i])) problem(of, field, `has ${show(value[i])} twice`);
    else push(list, value[i]);
  }
  return list;
}

/** @param {Thing} of @param {string} field @param {unknown} value */
export function optionalMethods(of, field, value) {
  if (value === undefined) return undefined;
  return listOf(of, field, value, "method", (each) => (includes(METHODS, each) ? undefined : `must be one of ${join(METHODS, ", ")}`));
}
