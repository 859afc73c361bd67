// Web IDL, section 3.2: how what a script passes becomes what an operation takes.

/** @param {unknown} value @returns {value is object} */
export const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

/**
 * A dictionary (section 3.2.17): undefined and null are one without members.
 * @param {any} value @param {string} what
 */
export function toDictionary(value, what) {
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw new TypeError(`${what} must be an object`);
  return value;
}

/** @param {number} given @param {number} needed @param {string} where */
export function checkArguments(given, needed, where) {
  if (given < needed) throw new TypeError(`${where} takes at least ${needed} argument${needed > 1 ? "s" : ""}`);
}
