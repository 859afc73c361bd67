// MIME Sniffing, section 4: MIME types, parsed and serialised. Fetch, section 3.7: what headers say of a body's type.
import { headerValue } from "./headers.js";
import {
  Map, indexOf, mapForEach, mapGet, mapHas, mapSet, replaceAll, sliceString, test, toLowerCase,
} from "./primordials.js";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const QUOTABLE = /^[\t\x20-\x7e\x80-\xff]*$/;

/** @typedef {{ essence: string, parameters: Map<string, string> }} MimeType */

/** "HTTP whitespace". @param {string} c */
const isWhite = (c) => c === " " || c === "\t" || c === "\n" || c === "\r";

/** @param {string} text @param {number} start @param {number} end */
function trimmedEnd(text, start, end) {
  while (end > start && isWhite(text[end - 1])) --end;
  return sliceString(text, start, end);
}

/** @param {string} text @param {number} start @param {number} end */
function trimmed(text, start, end) {
  while (start < end && isWhite(text[start])) ++start;
  return trimmedEnd(text, start, end);
}

/** Where `what` is next, or the end. @param {string} text @param {string} what @param {number} from */
function find(text, what, from) {
  const at = indexOf(text, what, from);
  return at < 0 ? text.length : at;
}

/** "Collect an HTTP quoted string", from behind its opening quote. @param {string} text @param {number} at */
function quotedString(text, at) {
  let value = "";
  for (let from = at; ;) {
    while (at < text.length && text[at] !== '"' && text[at] !== "\\") ++at;
    value += sliceString(text, from, at);
    if (at >= text.length || text[at] === '"') return { value, end: at };
    from = at + 1 < text.length ? at + 1 : at;  // a backslash at the end stands for itself
    at += 2;
  }
}

/** Linear in its input. @param {string} input @returns {MimeType | null} */
export function parseMimeType(input) {
  const text = trimmed(input, 0, input.length);
  const slash = indexOf(text, "/");
  if (slash < 0) return null;
  const typeEnd = find(text, ";", slash);
  const type = sliceString(text, 0, slash);
  const subtype = trimmedEnd(text, slash + 1, typeEnd);
  if (!test(TOKEN, type) || !test(TOKEN, subtype)) return null;
  const parameters = new Map();
  for (let at = typeEnd; at < text.length;) {
    ++at;
    while (at < text.length && isWhite(text[at])) ++at;
    const start = at;
    while (at < text.length && text[at] !== ";" && text[at] !== "=") ++at;
    const name = toLowerCase(sliceString(text, start, at));
    if (text[at] !== "=") continue;
    ++at;
    let value;
    if (text[at] === '"') {
      const quoted = quotedString(text, at + 1);
      value = quoted.value;
      at = find(text, ";", quoted.end);
    } else {
      const end = find(text, ";", at);
      value = trimmedEnd(text, at, end);
      at = end;
      if (value === "") continue;
    }
    if (test(TOKEN, name) && test(QUOTABLE, value) && !mapHas(parameters, name)) mapSet(parameters, name, value);
  }
  return { essence: toLowerCase(`${type}/${subtype}`), parameters };
}

/** @param {MimeType} type */
export function serializeMimeType(type) {
  let text = type.essence;
  mapForEach(type.parameters, (value, name) => {
    const plain = test(TOKEN, value);
    text += `;${name}=${plain ? value : `"${replaceAll(replaceAll(value, "\\", "\\\\"), '"', '\\"')}"`}`;
  });
  return text;
}

/** The values of a header's field: split at the commas outside of quotes. @param {string} text @returns {string[]} */
function splitValues(text) {
  const values = [];
  for (let at = 0, start = 0; ; ++at) {
    if (text[at] === '"') at = quotedString(text, at + 1).end;
    if (at < text.length && text[at] !== ",") continue;
    values[values.length] = trimmed(text, start, at < text.length ? at : text.length);
    if (at >= text.length) return values;
    start = at + 1;
  }
}

/** "Extract a MIME type". @param {Headers} headers @returns {MimeType | null} */
export function mimeTypeOf(headers) {
  const text = headerValue(headers, "content-type");
  if (text === null) return null;
  const values = splitValues(text);
  /** @type {MimeType | null} */
  let found = null;
  let charset;
  for (let i = 0; i < values.length; ++i) {
    const type = parseMimeType(values[i]);
    if (type === null || type.essence === "*/*") continue;
    if (found?.essence !== type.essence) charset = mapGet(type.parameters, "charset");
    else if (charset !== undefined && !mapHas(type.parameters, "charset")) mapSet(type.parameters, "charset", charset);
    found = type;
  }
  return found;
}
