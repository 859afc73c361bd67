// The DOMExceptions of Web Cryptography, section 3.2 ("Concepts") and the steps that name them.
import { DOMException } from "../dom_exception.js";

/** @param {string} name @param {string} message @returns {never} */
export const fail = (name, message) => {
  throw new DOMException(message, name);
};

/** @param {boolean} ok @param {string} name @param {string} message */
export const require_ = (ok, name, message) => {
  if (!ok) fail(name, message);
};

/**
 * What a native has returned, or the error where it has not.
 * @template T @param {T | undefined} value @param {string} name @param {string} message @returns {T}
 */
export const orFail = (value, name, message) => (value === undefined ? fail(name, message) : value);
