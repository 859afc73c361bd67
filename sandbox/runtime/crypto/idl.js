// Web IDL, section 3.2: the conversions that Web Cryptography's arguments and dictionaries need.
import { isObject } from "../idl.js";
import { isFinite, isView, trunc, typedArrayName } from "../primordials.js";
import { natives } from "./natives.js";

/** DOMString. @param {unknown} value */
export const toText = (value) => `${value}`;

/** @param {unknown} value */
export const toBoolean = (value) => !!value;

/** [EnforceRange] of an unsigned integer. @param {number} most @returns {(value: unknown, name: string) => number} */
export const toInteger = (most) => (value, name) => {
  const number = +(/** @type {any} */ (value));
  const whole = trunc(number);
  if (!isFinite(number) || whole < 0 || whole > most) throw new TypeError(`${name} is not a number up to ${most}`);
  return whole + 0;  // not -0
};
export const toOctet = toInteger(0xff);
export const toUnsignedShort = toInteger(0xffff);
export const toUnsignedLong = toInteger(0xffffffff);

/** BufferSource, as it stands. @param {unknown} value @param {string} name @returns {BufferSource} */
export const toBufferSource = (value, name) => {
  if (!natives.isBufferSource(value)) throw new TypeError(`${name} is no ArrayBuffer and no view of one`);
  return value;
};

/** BufferSource, copied: a dictionary's is read long before it is used. @param {unknown} value @param {string} name */
export const toBytes = (value, name) => natives.copy(toBufferSource(value, name));

/** BigInteger (section 8). @param {unknown} value @param {string} name */
export const toBigInteger = (value, name) => {
  if (!isView(value) || typedArrayName(value) !== "Uint8Array") throw new TypeError(`${name} is no Uint8Array`);
  return toBytes(value, name);
};

/**
 * A member of a dictionary.
 * @template T @param {object} source @param {string} name @param {(value: unknown, name: string) => T} convert
 * @returns {T | undefined}
 */
export const optional = (source, name, convert) => {
  const value = source[name];
  return value === undefined ? undefined : convert(value, name);
};

/** The same, for one that must be there. @template T @param {object} source @param {string} name
 * @param {(value: unknown, name: string) => T} convert @returns {T} */
export const required = (source, name, convert) => {
  const value = source[name];
  if (value === undefined) throw new TypeError(`the algorithm needs the member "${name}"`);
  return convert(value, name);
};

/** @param {unknown} value @param {string} name @returns {Iterable<unknown>} */
export const toSequence = (value, name) => {
  if (!isObject(value)) throw new TypeError(`${name} is no sequence`);
  return /** @type {Iterable<unknown>} */ (value);
};
