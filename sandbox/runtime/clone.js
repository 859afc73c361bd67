// HTML, section 2.7: structuredClone, by V8's serialiser. Of what can be transferred there are ArrayBuffers only.
import { DOMException } from "./dom_exception.js";
import { checkArguments, isObject, toDictionary } from "./idl.js";
import { makeList } from "./primordials.js";

const { clone } = host;

const makeError = (message) => new DOMException(message, "DataCloneError");

/** Web IDL's sequence<object>. @param {any} transfer @returns {object[]} */
function toTransferList(transfer) {
  const list = makeList();
  if (transfer === undefined) return list;
  if (!isObject(transfer)) throw new TypeError("the transfer list of structuredClone is a list");
  for (const each of transfer) {
    if (!isObject(each)) throw new TypeError("the transfer list of structuredClone holds objects");
    list[list.length] = each;
  }
  return list;
}

export const { structuredClone } = {  // an operation is no constructor
  /** @template T @param {T} value @param {StructuredSerializeOptions} [options] @returns {T} */
  structuredClone(value, options = undefined) {
    checkArguments(arguments.length, 1, "structuredClone");
    const transfer = toTransferList(toDictionary(options, "the options of structuredClone")?.transfer);
    return /** @type {T} */ (clone(value, transfer, makeError));
  },
};
