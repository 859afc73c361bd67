// Text as UTF-8, for the runtime's own use.
import { sliceString } from "./primordials.js";

const { decode, utf8Encode } = host;

const UTF8 = 0;  // as in natives_text.cc
const BOM = "\uFEFF";

/** The UTF-8 bytes of a string. @param {string} text @returns {Uint8Array} */
export const encodeUtf8 = (text) => utf8Encode(text);

/** A string from UTF-8 bytes, without a byte order mark. @param {Uint8Array} bytes @returns {string} */
export function decodeUtf8(bytes) {
  const text = decode(bytes, UTF8, false);
  return text[0] === BOM ? sliceString(text, 1) : text;
}
