// Console, section 2.2: what is logged as one text. The text has a bound, and what does not fit is not formatted.
import { cut, inspect } from "./inspect.js";
import { MAX_TEXT } from "../inspect_types.js";
import { boundedJson } from "../json_text.js";
import { codeUnitAt, indexOf, max, numberToString, sliceString } from "../primordials.js";

const { isNaN } = Number;
const { parseFloat, parseInt } = Number;
const MAX_INDENT = 40;  // levels that are shown

/** @param {unknown} value @param {number} length */
export function show(value, length = MAX_TEXT) {
  return typeof value === "string" ? cut(value, length) : inspect(value, { __proto__: null, length });
}

/** %d, %i and %f take numbers and texts; converting an object would run it. */
function number(value, convert) {
  if (typeof value === "bigint") return inspect(value);
  const result = typeof value === "string" || typeof value === "number" ? convert(value) : NaN;
  return isNaN(result) ? "NaN" : numberToString(result);
}

function json(value, length) {
  try {
    return boundedJson(value, length) ?? inspect(value, { __proto__: null, length });
  } catch {
    return inspect(value, { __proto__: null, length });
  }
}

/** What a directive makes of its value; undefined: it is none. */
function direct(directive, value, length) {
  switch (directive) {
    case 0x63: return "";                                            // %c
    case 0x64: return number(value, Number);                         // %d
    case 0x66: return number(value, parseFloat);                     // %f
    case 0x69: return number(value, (text) => parseInt(text, 10));   // %i
    case 0x6a: return json(value, length);                           // %j
    case 0x73:                                                       // %s
      return typeof value === "object" ? inspect(value, { __proto__: null, length, depth: 1 }) : show(value, length);
    case 0x4f: case 0x6f: return inspect(value, { __proto__: null, length });  // %O %o
    default: return undefined;
  }
}

const PERCENT = 0x25;

/** @param {any[]} args @param {string} [text] what stands before */
export function formatArguments(args, text = "") {
  let next = 0;
  if (args.length > 1 && typeof args[0] === "string") {
    next = 1;
    const format = cut(args[0], MAX_TEXT);
    let at = 0;
    for (let found; (found = indexOf(format, "%", at)) >= 0 && found + 1 < format.length;) {
      const directive = codeUnitAt(format, found + 1);
      let shown;
      if (directive === PERCENT) shown = "%";
      else if (next < args.length) shown = direct(directive, args[next], max(MAX_TEXT - text.length, 0));
      if (shown === undefined) {
        text += sliceString(format, at, found + 1);
        at = found + 1;
        continue;
      }
      if (directive !== PERCENT) ++next;
      text += sliceString(format, at, found) + shown;
      at = found + 2;
    }
    text += sliceString(format, at);
    if (next < args.length) text += " ";
  }
  for (let i = next; i < args.length; ++i) {
    if (text.length >= MAX_TEXT) return `${text}… ${args.length - i} more`;
    text += show(args[i], MAX_TEXT - text.length) + (i < args.length - 1 ? " " : "");
  }
  return text;
}

/** @param {string} text @param {number} level how many groups it stands in */
export function indentLines(text, level) {
  if (level === 0) return text;
  let prefix = "";
  for (let i = 0; i < level && i < MAX_INDENT; ++i) prefix += "  ";
  let result = "";
  for (let at = 0; at <= text.length && result.length < MAX_TEXT;) {
    let end = indexOf(text, "\n", at);
    if (end < 0) end = text.length;
    result += `${at === 0 ? "" : "\n"}${prefix}${sliceString(text, at, end)}`;
    at = end + 1;
  }
  return result;
}
