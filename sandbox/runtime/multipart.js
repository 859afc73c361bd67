// multipart/form-data (RFC 7578): HTML, section 4.10.21.8, writes it; Fetch, section 5.3, reads it. Files are neither
// copied into what is written nor out of what is read. What is read comes from anywhere: reading is linear in its
// length, and takes so many parts and such headers and no more.
import { blobPieces, blobType, fileName, makeFile, toBlobType } from "./blob.js";
import { encodeUtf8 } from "./utf8.js";
import {
  Uint8Array, indexOf, typedArrayLength, push, replaceAll, sliceString, test, toLowerCase, viewOf,
} from "./primordials.js";

const { decode, findBytes, randomBytes } = host;

const UTF8 = 0;  // as in natives_text.cc
const DASH = 0x2d, CR = 0x0d, LF = 0x0a, SPACE = 0x20, TAB = 0x09;
const DIGITS = "0123456789abcdef";
const BOUNDARY_BYTES = 16;
const MAX_BOUNDARY = 70;  // RFC 2046, section 5.1.1
/** Far more fields than a form has. */
export const MAX_ENTRIES = 10_000;
/** Of one part; far more than a name and a type need. */
const MAX_HEADER_BYTES = 16_384;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

// ---- writing

/** Small letters, so that it is found again by code that treats types as such. */
function makeBoundary() {
  const bytes = new Uint8Array(BOUNDARY_BYTES);
  randomBytes(bytes);
  let text = "----form-boundary-";
  for (let i = 0; i < BOUNDARY_BYTES; ++i) text += DIGITS[bytes[i] >> 4] + DIGITS[bytes[i] & 15];
  return text;
}

/** Each line end as CR and LF. @param {string} text */
function withCrlf(text) {
  if (indexOf(text, "\r") < 0 && indexOf(text, "\n") < 0) return text;
  return replaceAll(replaceAll(replaceAll(text, "\r\n", "\n"), "\r", "\n"), "\n", "\r\n");
}

/** @param {string} text */
function escapeName(text) {
  return replaceAll(replaceAll(replaceAll(text, "\n", "%0A"), "\r", "%0D"), '"', "%22");
}

/** @param {(string | File)[]} list names and values in turn @returns {{ pieces: Uint8Array[], boundary: string }} */
export function writeMultipart(list) {
  const boundary = makeBoundary();
  const pieces = [];
  let text = "";
  for (let i = 0; i < list.length; i += 2) {
    const value = list[i + 1];
    text += `--${boundary}\r\nContent-Disposition: form-data; name="${escapeName(withCrlf(list[i]))}"`;
    if (typeof value === "string") {
      text += `\r\n\r\n${withCrlf(value)}\r\n`;
      continue;
    }
    const type = blobType(value) === "" ? "application/octet-stream" : blobType(value);
    text += `; filename="${escapeName(fileName(value))}"\r\nContent-Type: ${type}\r\n\r\n`;
    push(pieces, encodeUtf8(text));
    const held = blobPieces(value);
    for (let k = 0; k < held.length; ++k) push(pieces, held[k]);
    text = "\r\n";
  }
  push(pieces, encodeUtf8(`${text}--${boundary}--\r\n`));
  return { pieces, boundary };
}

// ---- reading

/** @param {string} what @returns {never} */
function malformed(what) {
  throw new TypeError(`the body is no multipart/form-data: ${what}`);
}

/**
 * The line of the next boundary: where it begins, with the line end before it, and where the next part does; that is -1
 * behind the last part.
 * @param {Uint8Array} bytes @param {Uint8Array} delimiter CR, LF, two dashes, the boundary @param {number} from
 */
function nextBoundary(bytes, delimiter, from) {
  const size = typedArrayLength(bytes);
  for (let start = from; ;) {
    start = findBytes(bytes, delimiter, start, size);
    if (start < 0) malformed("it has no end");
    let at = start + typedArrayLength(delimiter);
    if (bytes[at] === DASH && bytes[at + 1] === DASH) return { start, next: -1 };
    while (bytes[at] === SPACE || bytes[at] === TAB) ++at;  // "transport padding"
    if (bytes[at] === CR && bytes[at + 1] === LF) return { start, next: at + 2 };
    start += 2;  // a text that only begins like the boundary
  }
}

/** A parameter's value: where it ends, and what it is. @param {string} text @param {number} at */
function readParameter(text, at) {
  if (text[at] === '"') {
    const end = indexOf(text, '"', at + 1);
    if (end < 0) malformed("a name has no closing quote");
    const value = sliceString(text, at + 1, end);
    return { value: replaceAll(replaceAll(replaceAll(value, "%0A", "\n"), "%0D", "\r"), "%22", '"'), end: end + 1 };
  }
  let end = at;
  while (end < text.length && text[end] !== ";" && text[end] !== " ") ++end;
  const value = sliceString(text, at, end);
  if (!test(TOKEN, value)) malformed("a name is neither quoted nor a word");
  return { value, end };
}

/** @param {string} text behind the colon @returns {{ name: string, filename: string | undefined }} */
function readDisposition(text) {
  let at = 0;
  const skip = () => { while (text[at] === " " || text[at] === "\t") ++at; };
  skip();
  if (toLowerCase(sliceString(text, at, at + 9)) !== "form-data") malformed("a part is no form-data");
  at += 9;
  let name;
  let filename;
  for (skip(); at < text.length; skip()) {
    if (text[at] !== ";") malformed("a Content-Disposition cannot be read");
    ++at;
    skip();
    if (at === text.length) break;
    const equals = indexOf(text, "=", at);
    if (equals < 0) malformed("a Content-Disposition cannot be read");
    const key = toLowerCase(sliceString(text, at, equals));
    const { value, end } = readParameter(text, equals + 1);
    at = end;
    if (key === "name") name ??= value;
    else if (key === "filename") filename ??= value;
  }
  if (name === undefined) malformed("a part has no name");
  return { name, filename };
}

/** @param {string} text the lines of a part's header, without the last line end */
function readHeader(text) {
  let disposition;
  let type = "text/plain";
  for (let at = 0; at < text.length;) {
    const next = indexOf(text, "\r\n", at);
    const end = next < 0 ? text.length : next;
    const line = sliceString(text, at, end);
    const colon = indexOf(line, ":");
    const key = toLowerCase(sliceString(line, 0, colon < 0 ? 0 : colon));
    if (!test(TOKEN, key)) malformed("a part has a header that is none");
    if (key === "content-disposition") disposition = readDisposition(sliceString(line, colon + 1));
    if (key === "content-type") {
      let start = colon + 1;
      while (line[start] === " " || line[start] === "\t") ++start;
      type = sliceString(line, start);
    }
    at = end + 2;
  }
  if (disposition === undefined) malformed("a part has no Content-Disposition");
  return { name: disposition.name, filename: disposition.filename, type: toBlobType(type) };
}

/**
 * @param {Uint8Array} bytes that nobody changes from now on: Files are views of it
 * @param {string | undefined} boundary
 * @returns {(string | File)[]} names and values in turn
 */
export function readMultipart(bytes, boundary) {
  if (boundary === undefined || boundary.length === 0 || boundary.length > MAX_BOUNDARY) {
    malformed(`its type has no boundary of 1 to ${MAX_BOUNDARY} characters`);
  }
  const delimiter = encodeUtf8(`\r\n--${boundary}`);
  const blankLine = encodeUtf8("\r\n\r\n");
  const opening = viewOf(delimiter, 2);
  const size = typedArrayLength(bytes);
  // What stands before the first boundary and behind the last is nobody's (RFC 2046, section 5.1.1). The first one may
  // be at the very beginning.
  let at;
  if (findBytes(bytes, opening, 0, typedArrayLength(opening)) === 0) {
    at = typedArrayLength(opening);
    if (bytes[at] === DASH && bytes[at + 1] === DASH) return [];
    while (bytes[at] === SPACE || bytes[at] === TAB) ++at;
    at = bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : -1;
    if (at < 0) malformed("its first line is no boundary");
  } else {
    at = nextBoundary(bytes, delimiter, 0).next;
  }
  const list = [];
  while (at >= 0) {
    if (list.length >= 2 * MAX_ENTRIES) malformed(`it has more than ${MAX_ENTRIES} parts`);
    const limit = at + MAX_HEADER_BYTES < size ? at + MAX_HEADER_BYTES : size;
    const headerEnd = findBytes(bytes, blankLine, at, limit);
    if (headerEnd < 0) malformed(`a part has no header, or one longer than ${MAX_HEADER_BYTES} bytes`);
    const { name, filename, type } = readHeader(decode(viewOf(bytes, at, headerEnd), UTF8, false));
    // The line end of the blank line may be the boundary's: then the part is empty.
    const { start, next } = nextBoundary(bytes, delimiter, headerEnd + 2);
    const content = viewOf(bytes, headerEnd + 4, start < headerEnd + 4 ? headerEnd + 4 : start);
    push(list, name, filename === undefined ? decode(content, UTF8, false) : makeFile([content], filename, type));
    at = next;
  }
  return list;
}
