// Web Cryptography, section 13: CryptoKey. A script gets at a key's material by exporting it and in no other way: the
// handle is in a private field, and the natives that understand it are in closures.
import { isObject } from "../idl.js";
import { defineInterfaces, defineSerializable } from "../install.js";
import { HASHES } from "./digest.js";
import { usageNames } from "./usages.js";
import { natives } from "./natives.js";

/**
 * The slots of a key. What belongs to its algorithm: `hash` for RSA and HMAC, `length` in bits for HMAC, `curve` for
 * ECDSA and ECDH.
 * @typedef {{
 *   handle: import("./natives.js").Handle, type: "secret" | "public" | "private", extractable: boolean,
 *   algorithm: any, usages: number, hash?: number, length?: number, curve?: any,
 * }} Slots
 */

/** @type {Slots | undefined} */
let next;
/** @type {(key: unknown) => Slots | undefined} */
let read;

export class CryptoKey {
  /** @type {Slots} */
  #slots;
  #algorithm;
  #usages;

  constructor() {
    if (next === undefined) throw new TypeError("Illegal constructor");
    this.#slots = next;
    next = undefined;
  }

  static {
    read = (key) => (isObject(key) && #slots in key ? key.#slots : undefined);
  }

  get type() { return this.#slots.type; }
  get extractable() { return this.#slots.extractable; }
  get algorithm() { return this.#algorithm ??= this.#slots.algorithm.describe(this.#slots); }
  get usages() { return this.#usages ??= usageNames(this.#slots.usages); }
}

/** @param {Slots} slots @returns {CryptoKey} */
export const makeKey = (slots) => {
  next = slots;
  return new CryptoKey();
};

defineInterfaces({ CryptoKey });
// Section 13.5: a clone is another object for the same key.
defineSerializable(CryptoKey, (key) => {
  const slots = read(key);
  return slots === undefined ? undefined : makeKey(slots);
});

/** @param {unknown} key @param {string} name @returns {Slots} */
export const slotsOf = (key, name) => {
  const slots = read(key);
  if (slots === undefined) throw new TypeError(`${name} is no CryptoKey`);
  return slots;
};

/** @param {number} hash */
export const describeHash = (hash) => ({ name: HASHES[hash].name });

/** @param {Slots} slots */
export const describeNothing = ({ algorithm }) => ({ name: algorithm.name });

/** @param {Slots} slots */
export const describeLength = ({ algorithm, handle }) => ({
  name: algorithm.name, length: natives.secretLength(handle) * 8,
});
