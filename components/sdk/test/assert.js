// Assertions: each throws an AssertionError, whose message says what was expected and what came.
import { differences } from "./differences.js";
import { containing } from "./patterns.js";
import { show } from "./show.js";

export class AssertionError extends Error {
  get name() { return "AssertionError"; }
}

function fail(said, what, diff = "") {
  const sentence = said === undefined ? what : `${said}: ${what}`;
  throw new AssertionError(diff === "" ? sentence : `${sentence}\n${diff}`);
}

const pair = (expected, actual) => `- ${expected}\n+ ${show(actual)}`;

function deepEqual(actual, expected, said) {
  const diff = differences(expected, actual);
  if (diff !== "") fail(said, "the value is not the expected one", diff);
}

/** What was thrown, held against what is expected of it: a regular expression, a class, or members with their values. */
function checkThrown(error, expected, said) {
  if (expected === undefined) return;
  if (expected instanceof RegExp) {
    const message = String(error?.message ?? error);
    const diff = differences(expected, message);
    if (diff !== "") fail(said, "it threw another error", pair(show(expected), message));
  } else if (typeof expected === "function") {
    if (!(error instanceof expected)) fail(said, "it threw another error", pair(`an instance of ${expected.name}`, error));
  } else if (typeof expected === "object" && expected !== null) {
    for (const [name, value] of Object.entries(expected)) {
      const diff = differences(value, error?.[name]);
      if (diff !== "") fail(said, `the ${name} of the error that it threw is another one`, diff);
    }
  } else {
    throw new TypeError(`an error is expected as a regular expression, a class or an object, not ${show(expected)}`);
  }
}

function functionOf(work, what) {
  if (typeof work !== "function") throw new TypeError(`assert.${what} takes a function, but got ${show(work)}`);
  return work;
}

export const assert = Object.freeze({
  ok(value, said) {
    if (!value) fail(said, `${show(value)} is not true`);
  },
  /** The same value: `===`, and NaN. */
  equal(actual, expected, said) {
    if (actual === expected || Object.is(actual, expected)) return;
    fail(said, "the value is not the expected one", pair(show(expected), actual));
  },
  notEqual(actual, unexpected, said) {
    if (actual === unexpected || Object.is(actual, unexpected)) fail(said, `the value is ${show(actual)}, which it must not be`);
  },
  /** The same members and elements, at any depth; `expected` may have patterns and regular expressions. */
  deepEqual,
  /** At least these members and elements. */
  contains(actual, expected, said) { deepEqual(actual, containing(expected), said); },
  match(text, pattern, said) {
    if (!(pattern instanceof RegExp)) throw new TypeError(`assert.match takes a regular expression, but got ${show(pattern)}`);
    if (typeof text === "string" && differences(pattern, text) === "") return;
    fail(said, "the text does not match", pair(show(pattern), text));
  },
  throws(work, expected, said) {
    functionOf(work, "throws");
    try {
      work();
    } catch (error) {
      return checkThrown(error, expected, said);
    }
    return fail(said, "it did not throw");
  },
  async rejects(work, expected, said) {
    functionOf(work, "rejects");
    try {
      await work();
    } catch (error) {
      return checkThrown(error, expected, said);
    }
    return fail(said, "it did not reject");
  },
  fail(said = "it failed") { fail(undefined, said); },
});
