// Fetch, section 6: the data: URL processor. Linear in the URL, and what it gives is no longer than that.
import { encodeUtf8 } from "./utf8.js";
import { parseMimeType, serializeMimeType } from "./mime.js";
import { copyWithin, indexOf, typedArrayLength, sliceString, toLowerCase, viewOf } from "./primordials.js";

const { base64Bytes } = host;

const FALLBACK = "text/plain;charset=US-ASCII";
const PERCENT = 0x25;

/** @param {number} byte @returns {number} -1: no digit */
function hexDigit(byte) {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : -1;
}

/** URL, section 1.3: percent-decode. @param {string} text the ASCII that a URL is serialised to */
function percentDecode(text) {
  const bytes = encodeUtf8(text);
  const size = typedArrayLength(bytes);
  let length = indexOf(text, "%");
  if (length < 0) return bytes;
  for (let at = length; at < size;) {
    const high = at + 2 < size ? hexDigit(bytes[at + 1]) : -1;
    const low = at + 2 < size ? hexDigit(bytes[at + 2]) : -1;
    const decoded = high >= 0 && low >= 0;
    bytes[length++] = decoded ? high * 16 + low : PERCENT;
    at += decoded ? 3 : 1;
    const next = indexOf(text, "%", at);
    const end = next < 0 ? size : next;
    copyWithin(bytes, length, at, end);
    length += end - at;
    at = end;
  }
  return viewOf(bytes, 0, length);
}

/** Where ";", spaces and "base64" at the end of a type begin; -1: it does not end so. @param {string} type */
function base64Start(type) {
  let at = type.length - 6;
  if (at < 0 || toLowerCase(sliceString(type, at)) !== "base64") return -1;
  while (at > 0 && type[at - 1] === " ") --at;
  return at > 0 && type[at - 1] === ";" ? at - 1 : -1;
}

/** @param {string} url without its fragment @returns {{ type: string, bytes: Uint8Array } | null} */
export function readDataUrl(url) {
  const comma = indexOf(url, ",");
  if (comma < 0) return null;
  let start = 5;
  let end = comma;
  while (start < end && url[start] === " ") ++start;  // a serialised URL has no other whitespace of ASCII
  while (end > start && url[end - 1] === " ") --end;
  let type = sliceString(url, start, end);
  let bytes = percentDecode(sliceString(url, comma + 1));
  const base64 = base64Start(type);
  if (base64 >= 0) {
    bytes = base64Bytes(bytes);
    if (bytes === undefined) return null;
    type = sliceString(type, 0, base64);
  }
  const parsed = parseMimeType(type[0] === ";" ? `text/plain${type}` : type);
  return { type: parsed ? serializeMimeType(parsed) : FALLBACK, bytes };
}
