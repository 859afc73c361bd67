// JSON of what a script wants kept beside a log's text: bounded, and with texts for what has no JSON of its own.
import { errorTitle } from "./inspect.js";
import { stringify } from "./primordials.js";

/**
 * Undefined: there is none, or it would be longer than `length` code units. Throws what JSON.stringify throws.
 * @param {unknown} value @param {number} length @returns {string | undefined}
 */
export function boundedJson(value, length) {
  const tooLong = {};
  let left = length;
  try {
    return stringify(value, (key, item) => {
      const kept = typeof item === "bigint" ? `${item}` : errorTitle(item) ?? item;
      left -= key.length + (typeof kept === "string" ? kept.length : 4);
      if (left < 0) throw tooLong;
      return kept;
    });
  } catch (error) {
    if (error === tooLong) return undefined;
    throw error;
  }
}
