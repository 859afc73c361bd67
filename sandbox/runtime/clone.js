// HTML, section 2.7: structuredClone, by V8's serialiser. Nothing is transferred yet.
import { DOMException } from "./dom_exception.js";

const { clone } = host;

const makeError = (message) => new DOMException(message, "DataCloneError");

/** @template T @param {T} value @param {{ transfer?: unknown[] }} [options] @returns {T} */
export function structuredClone(value, options = undefined) {
  if (arguments.length === 0) throw new TypeError("structuredClone needs a value");
  if (options?.transfer?.length) throw makeError("structuredClone cannot transfer here");
  return /** @type {T} */ (clone(value, makeError));
}
