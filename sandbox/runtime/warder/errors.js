// Errors that say more than a message: a code for whoever handles them, and whether a retry can help.
import { defineProperty, test } from "../primordials.js";
import { parseDuration } from "./duration.js";
import { show } from "./problems.js";

const CODE = /^[a-z][a-z0-9-]{0,63}$/;

class FlowError extends Error {
  constructor(code, message, cause) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
defineProperty(FlowError.prototype, "name", {
  __proto__: null, value: "FlowError", writable: true, configurable: true,
});

/**
 * context.error: an error to be thrown. `retry` is false where no retry can help, true where one can, or when.
 * @param {string} code @param {string} message @param {{ retry?: boolean | number | string, cause?: unknown }} [options]
 */
export function makeError(code, message, { retry, cause } = {}) {
  if (typeof code !== "string" || test(CODE, code) === null) {
    throw new TypeError(`the code of an error must be words of a-z and 0-9 joined by "-", such as "rate-limited", but is ${show(code)}`);
  }
  if (typeof message !== "string") {
    throw new TypeError(`the message of the error "${code}" must be a text, but is ${show(message)}`);
  }
  const error = new FlowError(code, message, cause);
  if (retry === undefined) return error;
  const when = typeof retry === "boolean" ? retry : parseDuration(retry);
  if (when === undefined) {
    throw new TypeError(`the retry of the error "${code}" must be true, false or a duration such as "30s", but is ${show(retry)}`);
  }
  error.retry = when;
  return error;
}

/**
 * What an error says about its retry: false, milliseconds, or undefined where it says nothing of that.
 * @param {any} error
 */
export function retryOfError(error) {
  const retry = typeof error === "object" && error !== null ? error.retry : undefined;
  return retry === false || (typeof retry === "number" && retry >= 0) ? retry : undefined;
}
