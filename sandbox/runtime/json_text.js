// JSON of what a script wants kept beside a log's text: bounded, and with texts for what has no JSON of its own.
import { consoleText } from "./console_text.js";
import { indexOf, sliceString, stringify } from "./primordials.js";

/**
 * JSON that every reader takes. JSON.stringify escapes half a surrogate pair, which stands for no character, and many
 * readers, the engine's too, refuse that: it becomes U+FFFD.
 * @template {string | undefined} T @param {T} json what JSON.stringify made @returns {T}
 */
export function readableJson(json) {
  if (json === undefined || indexOf(json, "\\ud") < 0) return json;
  let text = "";
  let done = 0;
  let next;
  for (let at = indexOf(json, "\\"); at >= 0; at = indexOf(json, "\\", next)) {
    next = at + 2;
    if (json[at + 1] !== "u" || json[at + 2] !== "d") continue;  // another escape; it escapes nothing else as "\ud…"
    next = at + 6;
    text += `${sliceString(json, done, at)}\uFFFD`;
    done = next;
  }
  return text + sliceString(json, done);
}

const { kindOf } = host;
const ERROR = 11;  // as in natives_inspect.cc

/** @param {unknown} value */
export const isError = (value) => typeof value === "object" && value !== null && kindOf(value) === ERROR;

/**
 * Undefined: there is none, or it would be longer than `length` code units. Throws what JSON.stringify throws.
 * @param {unknown} value @param {number} length @returns {string | undefined}
 */
export function boundedJson(value, length) {
  const tooLong = {};
  let left = length;
  try {
    return readableJson(stringify(value, (key, item) => {
      const kept = typeof item === "bigint" ? `${item}` : isError(item) ? consoleText().errorTitle(item) : item;
      left -= key.length + (typeof kept === "string" ? kept.length : 4);
      if (left < 0) throw tooLong;
      return kept;
    }));
  } catch (error) {
    if (error === tooLong) return undefined;
    throw error;
  }
}
