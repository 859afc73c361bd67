// Encoding: TextEncoder, TextDecoder for UTF-8, UTF-16 and latin1. HTML, section 8.3: atob, btoa.
import { defineInterfaces } from "./install.js";
import { DOMException } from "./dom_exception.js";
import { bytesOf, isBufferSource, toLowerCase } from "./primordials.js";

const { base64Decode, base64Encode, decode, utf8Encode, utf8EncodeInto } = host;

const UTF8 = 0, UTF16LE = 1, UTF16BE = 2, LATIN1 = 3;  // as in natives_text.cc
const NAMES = ["utf-8", "utf-16le", "utf-16be", "windows-1252"];
// windows-1252 is latin1 but for 0x80 to 0x9f, and these labels mean it: decoded as latin1 until the legacy
// encodings come.
const LABELS = {
  __proto__: null,
  "utf-8": UTF8, utf8: UTF8, "unicode-1-1-utf-8": UTF8, unicode11utf8: UTF8, unicode20utf8: UTF8,
  "x-unicode20utf8": UTF8,
  "utf-16le": UTF16LE, "utf-16": UTF16LE, unicode: UTF16LE, "ucs-2": UTF16LE, "iso-10646-ucs-2": UTF16LE,
  csunicode: UTF16LE, unicodefeff: UTF16LE,
  "utf-16be": UTF16BE, unicodefffe: UTF16BE,
  latin1: LATIN1, "iso-8859-1": LATIN1, "iso8859-1": LATIN1, l1: LATIN1, ascii: LATIN1, "us-ascii": LATIN1,
  "windows-1252": LATIN1, "x-cp1252": LATIN1, cp1252: LATIN1,
};

const EMPTY = new Uint8Array(0);
const BOM = "\uFEFF";

/** The UTF-8 bytes of a string. @param {string} text */
export const encodeUtf8 = (text) => utf8Encode(text);
/** A string from UTF-8 bytes, without a byte order mark. @param {Uint8Array} bytes @returns {string} */
export function decodeUtf8(bytes) {
  const text = decode(bytes, UTF8, false);
  return text[0] === BOM ? text.substring(1) : text;
}

export class TextEncoder {
  #self;
  get encoding() { return "utf-8"; }
  encode(input = "") { return utf8Encode(`${input}`); }
  /** @param {string} source @param {Uint8Array} destination */
  encodeInto(source, destination) {
    if (!(destination instanceof Uint8Array)) throw new TypeError("encodeInto writes to a Uint8Array");
    const result = new Uint32Array(2);
    utf8EncodeInto(`${source}`, destination, result);
    return { read: result[0], written: result[1] };
  }
}

/** How many bytes at the end begin a UTF-8 sequence that is not complete yet. @param {Uint8Array} bytes */
function unfinishedUtf8(bytes) {
  const { length } = bytes;
  for (let back = 1; back <= 3 && back <= length; ++back) {
    const byte = bytes[length - back];
    if ((byte & 0xc0) === 0x80) continue;
    let need = 1;
    if (byte >= 0xc2 && byte <= 0xf4) need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    if (need <= back) return 0;
    // The second byte may already rule the sequence out.
    const second = bytes[length - back + 1];
    if (back >= 2) {
      const low = byte === 0xe0 ? 0xa0 : byte === 0xf0 ? 0x90 : 0x80;
      const high = byte === 0xed ? 0x9f : byte === 0xf4 ? 0x8f : 0xbf;
      if (second < low || second > high) return 0;
    }
    return back;
  }
  return 0;
}

/** The same for UTF-16: half a code unit, and a high surrogate that waits for its other half. */
function unfinishedUtf16(bytes, encoding) {
  const odd = bytes.length % 2;
  const end = bytes.length - odd;
  const high = end < 2 ? 0 : bytes[encoding === UTF16LE ? end - 1 : end - 2];
  return odd + ((high & 0xfc) === 0xd8 ? 2 : 0);
}

export class TextDecoder {
  #encoding;
  #fatal;
  #ignoreBom;
  #held = EMPTY;
  #bomSeen = false;
  #streaming = false;

  /** @param {string} [label] @param {TextDecoderOptions} [options] */
  constructor(label = "utf-8", options = {}) {
    this.#encoding = LABELS[toLowerCase(`${label}`).trim()];
    if (this.#encoding === undefined) throw new RangeError(`The encoding "${label}" is not known here`);
    this.#fatal = !!options?.fatal;
    this.#ignoreBom = !!options?.ignoreBOM;
  }

  get encoding() { return NAMES[this.#encoding]; }
  get fatal() { return this.#fatal; }
  get ignoreBOM() { return this.#ignoreBom; }

  /** @param {BufferSource} [input] @param {TextDecodeOptions} [options] */
  decode(input = EMPTY, options = {}) {
    if (!isBufferSource(input)) throw new TypeError("TextDecoder decodes an ArrayBuffer or a view of one");
    const stream = !!options?.stream;
    if (!this.#streaming) {
      this.#held = EMPTY;
      this.#bomSeen = false;
    }
    this.#streaming = stream;
    let bytes = bytesOf(input);
    if (this.#held.length > 0) {
      const all = new Uint8Array(this.#held.length + bytes.length);
      all.set(this.#held);
      all.set(bytes, this.#held.length);
      bytes = all;
      this.#held = EMPTY;
    }
    const encoding = this.#encoding;
    let tail = 0;
    if (encoding === UTF8 && stream) tail = unfinishedUtf8(bytes);
    if (encoding === UTF16LE || encoding === UTF16BE) {
      tail = stream ? unfinishedUtf16(bytes, encoding) : bytes.length % 2;
    }
    if (tail > 0) {
      this.#held = bytes.slice(bytes.length - tail);
      bytes = bytes.subarray(0, bytes.length - tail);
    }
    let text = decode(bytes, encoding, this.#fatal);
    if (!stream && this.#held.length > 0) {  // half a UTF-16 code unit
      if (this.#fatal) text = undefined;
      else text += "\uFFFD";
      this.#held = EMPTY;
    }
    if (text === undefined) {
      this.#streaming = false;
      throw new TypeError(`The encoded data was not valid for encoding ${this.encoding}`);
    }
    if (!this.#bomSeen && text.length > 0) {
      this.#bomSeen = true;
      if (!this.#ignoreBom && encoding !== LATIN1 && text[0] === BOM) text = text.substring(1);
    }
    return text;
  }
}

defineInterfaces({ TextEncoder, TextDecoder });

/** @param {string} data */
export function atob(data) {
  const text = base64Decode(`${data}`);
  if (text === undefined) {
    throw new DOMException("The string to be decoded is not correctly encoded", "InvalidCharacterError");
  }
  return text;
}

/** @param {string} data */
export function btoa(data) {
  const text = base64Encode(`${data}`);
  if (text === undefined) {
    throw new DOMException(
      "The string to be encoded contains characters outside of the Latin1 range", "InvalidCharacterError",
    );
  }
  return text;
}
