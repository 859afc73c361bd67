// Web IDL, section 2.8.2: QuotaExceededError, the one exception with a class of its own.
import { DOMException } from "./dom_exception.js";
import { toDictionary } from "./idl.js";
import { defineInterfaces, defineSerializable } from "./install.js";
import { isFinite } from "./primordials.js";

/** A double that is not negative, or null. @param {unknown} value @param {string} name */
const toQuantity = (value, name) => {
  if (value === undefined) return null;
  const number = +(/** @type {any} */ (value));
  if (!isFinite(number)) throw new TypeError(`${name} of a QuotaExceededError is a finite number`);
  if (number < 0) throw new RangeError(`${name} of a QuotaExceededError is not negative`);
  return number;
};

/** @type {(value: any) => QuotaExceededError | undefined} */
let copy;

export class QuotaExceededError extends DOMException {
  #quota;
  #requested;

  /** @param {string} [message] @param {{ quota?: number, requested?: number }} [options] */
  constructor(message = "", options = undefined) {
    super(message, "QuotaExceededError");
    const dictionary = toDictionary(options, "the options of a QuotaExceededError");
    this.#quota = toQuantity(dictionary?.quota, "quota");
    this.#requested = toQuantity(dictionary?.requested, "requested");
    if (this.#quota !== null && this.#requested !== null && this.#requested < this.#quota) {
      throw new RangeError("requested is less than the quota");
    }
  }

  static {
    copy = (value) => {
      if (!(#quota in value)) return undefined;
      const made = new QuotaExceededError(value.message);
      made.#quota = value.#quota;
      made.#requested = value.#requested;
      return made;
    };
  }

  get quota() { return this.#quota; }
  get requested() { return this.#requested; }
}

defineInterfaces({ QuotaExceededError });
defineSerializable(QuotaExceededError, copy);
