// Web Cryptography, section 13.1: key usages, held as bits. The last four are of the draft "Modern Algorithms in the Web
// Cryptography API": names, so that asking an algorithm of ours for them is a SyntaxError and not a TypeError.
import { getPrototypeOf, makeList, setPrototypeOf } from "../primordials.js";
import { toSequence, toText } from "./idl.js";
import { require_ } from "./errors.js";

const NAMES = [
  "encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey", "encapsulateKey",
  "encapsulateBits", "decapsulateKey", "decapsulateBits",
];
export const ENCRYPT = 1, DECRYPT = 2, SIGN = 4, VERIFY = 8, DERIVE_KEY = 16, DERIVE_BITS = 32, WRAP_KEY = 64,
  UNWRAP_KEY = 128;

/** 0 for what is no usage. @param {string} name */
export const usageOf = (name) => {
  for (let i = 0; i < NAMES.length; ++i) if (NAMES[i] === name) return 1 << i;
  return 0;
};

/** sequence<KeyUsage>. @param {unknown} value */
export const toUsages = (value) => {
  let bits = 0;
  for (const each of toSequence(value, "keyUsages")) {
    const bit = usageOf(toText(each));
    if (bit === 0) throw new TypeError(`"${toText(each)}" is no key usage`);
    bits |= bit;
  }
  return bits;
};

/** @param {number} bits */
export const usageNames = (bits) => {
  const names = makeList();
  for (let i = 0; i < NAMES.length; ++i) if ((bits & (1 << i)) !== 0) names[names.length] = NAMES[i];
  return setPrototypeOf(names, getPrototypeOf([])) && names;
};

/** @param {number} usages @param {number} allowed */
export const checkUsages = (usages, allowed) => {
  require_((usages & ~allowed) === 0, "SyntaxError", "A key of this algorithm and type cannot be used for all of that");
};
