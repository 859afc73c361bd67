// Encoding: TextEncoder, TextDecoder. HTML, section 8.3: atob, btoa.
import { checkArguments, toDictionary } from "./idl.js";
import { defineInterfaces } from "./install.js";
import {
  Uint32Array, Uint8Array, bytesOf, copyBytes, isBufferSource, setBytes, sliceString, typedArrayLength, typedArrayName,
  viewOf,
} from "./primordials.js";

const { base64Decode, base64Encode, decode, decodeLegacy, utf8Encode, utf8EncodeInto } = host;

const UTF8 = 0, UTF16LE = 1, UTF16BE = 2, LEGACY = 3;  // as in natives_text.cc, which has another function for LEGACY

const EMPTY = new Uint8Array(0);
const BOM = "\uFEFF";

export class TextEncoder {
  #self = this;
  get encoding() {
    this.#self;
    return "utf-8";
  }
  encode(input = "") {
    this.#self;
    return utf8Encode(`${input}`);
  }
  /** @param {string} source @param {Uint8Array} destination */
  encodeInto(source, destination) {
    this.#self;
    checkArguments(arguments.length, 2, "encodeInto");
    const text = `${source}`;
    if (typedArrayName(destination) !== "Uint8Array") throw new TypeError("encodeInto writes to a Uint8Array");
    const result = new Uint32Array(2);
    utf8EncodeInto(text, destination, result);
    return { read: result[0], written: result[1] };
  }
}

/** How many bytes at the end begin a UTF-8 sequence that is not complete yet. @param {Uint8Array} bytes */
function unfinishedUtf8(bytes) {
  const length = typedArrayLength(bytes);
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
  const length = typedArrayLength(bytes);
  const odd = length % 2;
  const end = length - odd;
  const high = end < 2 ? 0 : bytes[encoding === UTF16LE ? end - 1 : end - 2];
  return odd + ((high & 0xfc) === 0xd8 ? 2 : 0);
}

/** Infra, section 4.6: ASCII white space. @param {string} text */
function trim(text) {
  const isWhite = (unit) => unit === " " || unit === "\n" || unit === "\t" || unit === "\r" || unit === "\f";
  let start = 0;
  let end = text.length;
  while (start < end && isWhite(text[start])) ++start;
  while (end > start && isWhite(text[end - 1])) --end;
  return sliceString(text, start, end);
}

/** The encoding's name for a label; undefined: there is none. @param {string} label @returns {string | undefined} */
function findEncoding(label) {
  const text = trim(label);
  if (text === "utf-8" || text === "utf8" || text === "UTF-8") return "utf-8";
  return require("./encoding_labels.js").encodingOf(text);
}

const kindOf = (name) =>
  name === "utf-8" ? UTF8 : name === "utf-16le" ? UTF16LE : name === "utf-16be" ? UTF16BE : LEGACY;

/** Decodes a piece, as decode does. @type {(decoder: TextDecoder, bytes: Uint8Array, stream: boolean) => string} */
export let decodePiece;
/** @type {(decoder: TextDecoder) => { encoding: string, fatal: boolean, ignoreBOM: boolean }} */
export let attributesOf;

export class TextDecoder {
  #name;
  #kind;
  #fatal;
  #ignoreBom;
  /** What a stream has not completed. Legacy encodings keep it in #state. */
  #held = EMPTY;
  #state;
  #bomSeen = false;
  #streaming = false;

  static {
    decodePiece = (decoder, bytes, stream) => decoder.#decode(bytes, stream);
    attributesOf = (decoder) => ({
      encoding: decoder.#name, fatal: decoder.#fatal, ignoreBOM: decoder.#ignoreBom,
    });
  }

  /** @param {string} [label] @param {TextDecoderOptions} [options] */
  constructor(label = "utf-8", options = {}) {
    const name = findEncoding(`${label}`);
    const given = toDictionary(options, "the options of a TextDecoder");
    if (name === undefined) throw new RangeError(`The encoding "${label}" is not known here`);
    this.#name = name;
    this.#kind = kindOf(name);
    if (this.#kind === LEGACY) this.#state = new Uint8Array(8);
    this.#fatal = !!given?.fatal;
    this.#ignoreBom = !!given?.ignoreBOM;
  }

  get encoding() { return this.#name; }
  get fatal() { return this.#fatal; }
  get ignoreBOM() { return this.#ignoreBom; }

  /** @param {BufferSource} [input] @param {TextDecodeOptions} [options] */
  decode(input = undefined, options = {}) {
    this.#name;
    if (input !== undefined && !isBufferSource(input)) {
      throw new TypeError("TextDecoder decodes an ArrayBuffer or a view of one");
    }
    const stream = !!toDictionary(options, "the options of decode")?.stream;
    return this.#decode(input === undefined ? EMPTY : bytesOf(input), stream);
  }

  /** @param {Uint8Array} input @param {boolean} stream */
  #decode(input, stream) {
    if (!this.#streaming) {
      this.#held = EMPTY;
      this.#bomSeen = false;
    }
    this.#streaming = stream;
    const text = this.#kind === LEGACY ? decodeLegacy(this.#name, input, !stream, this.#fatal, this.#state)
                                       : this.#decodeUnicode(input, stream);
    if (text === undefined) {
      this.#streaming = false;
      throw new TypeError(`The encoded data was not valid for encoding ${this.#name}`);
    }
    if (this.#bomSeen || text.length === 0 || this.#kind === LEGACY) return text;
    this.#bomSeen = true;
    return !this.#ignoreBom && text[0] === BOM ? sliceString(text, 1) : text;
  }

  /** @param {Uint8Array} input @param {boolean} stream @returns {string | undefined} */
  #decodeUnicode(input, stream) {
    const kind = this.#kind;
    let bytes = input;
    const held = typedArrayLength(this.#held);
    if (held > 0) {
      bytes = new Uint8Array(held + typedArrayLength(input));
      setBytes(bytes, this.#held);
      setBytes(bytes, input, held);
      this.#held = EMPTY;
    }
    const length = typedArrayLength(bytes);
    let tail = 0;
    if (kind !== UTF8) tail = stream ? unfinishedUtf16(bytes, kind) : length % 2;
    else if (stream) tail = unfinishedUtf8(bytes);
    if (tail > 0) {
      if (stream) this.#held = copyBytes(viewOf(bytes, length - tail));
      bytes = viewOf(bytes, 0, length - tail);
    }
    const text = decode(bytes, kind, this.#fatal);
    if (stream || tail === 0 || text === undefined) return text;
    return this.#fatal ? undefined : `${text}\uFFFD`;  // half a UTF-16 code unit
  }
}

defineInterfaces({ TextEncoder, TextDecoder });

/** @param {string} message */
function throwInvalid(message) {
  throw new (require("./dom_exception.js").DOMException)(message, "InvalidCharacterError");
}

/** @param {string} data */
export function atob(data) {
  checkArguments(arguments.length, 1, "atob");
  const text = base64Decode(`${data}`);
  if (text === undefined) throwInvalid("The string to be decoded is not correctly encoded");
  return text;
}

/** @param {string} data */
export function btoa(data) {
  checkArguments(arguments.length, 1, "btoa");
  const text = base64Encode(`${data}`);
  if (text === undefined) throwInvalid("The string to be encoded contains characters outside of the Latin1 range");
  return text;
}
