// File API, sections 3 and 4: Blob, File. What they hold never changes, so slices, clones, Blobs made of Blobs, bodies
// and Files of a form share it; it is in ArrayBuffers, which the cell's limit counts. There are no blob: URLs: nothing
// here could resolve one but the script that holds the Blob.
import { streamOfPieces } from "./body_streams.js";
import { decodeUtf8, encodeUtf8 } from "./utf8.js";
import { checkArguments, toDictionary } from "./idl.js";
import { defineInspected, defineInspectedAttributes } from "./inspect_types.js";
import { defineInterfaces, defineSerializable } from "./install.js";
import { toSequence } from "./iterable.js";
import { interfaces } from "./late.js";
import { joinPieces, sizeOfPieces } from "./pieces.js";
import {
  bufferOf, bytesOf, floor, indexOf, isBufferSource, typedArrayLength, max, min, now, sliceString, test, toLowerCase,
  toWellFormed, trunc, viewOf,
} from "./primordials.js";

/** A Blob up to this size is copied into the one that it becomes a part of: many small pieces cost more. */
const SMALL_BYTES = 4096;
const TYPE = /^[\x20-\x7e]*$/;
/** What the constructors are given by makeBlob and makeFile. */
const MADE = {};

/** @param {unknown} type */
function toType(type) {
  const text = `${type}`;
  return test(TYPE, text) ? toLowerCase(text) : "";
}

/** The line endings of this system are those of Unix. @param {string} text */
function toNativeEndings(text) {
  let result = "";
  let from = 0;
  for (let at; (at = indexOf(text, "\r", from)) >= 0;) {
    result += `${sliceString(text, from, at)}\n`;
    from = text[at + 1] === "\n" ? at + 2 : at + 1;
  }
  return result + sliceString(text, from);
}

/** Web IDL, section 3.3.6: [Clamp] long long. @param {unknown} value */
function toClamped(value) {
  const number = Number(value);
  if (number !== number) return 0;
  const clamped = max(min(number, Number.MAX_SAFE_INTEGER), -Number.MAX_SAFE_INTEGER);
  const low = floor(clamped);
  const rest = clamped - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
}

/** Web IDL, section 3.2.4.8: long long, as far as a number is exact. @param {unknown} value */
function toInteger(value) {
  const number = trunc(Number(value));
  return number >= -Number.MAX_SAFE_INTEGER && number <= Number.MAX_SAFE_INTEGER ? number + 0 : 0;
}

/** @param {unknown} part @returns {string | BufferSource | Blob} */
function toPart(part) {
  return isBlob(part) || isBufferSource(part) ? part : `${part}`;
}

/** @param {(string | BufferSource | Blob)[]} parts @param {boolean} native @returns {Uint8Array[]} */
function toPieces(parts, native) {
  const pieces = [];
  /** What goes into one piece, in turn. @type {Uint8Array[]} */
  let run = [];
  let ours = false;
  const endRun = () => {
    if (run.length === 0) return;
    pieces[pieces.length] = run.length === 1 && ours ? run[0] : joinPieces(run);
    run = [];
  };
  const add = (bytes, made) => {
    if (typedArrayLength(bytes) === 0) return;
    run[run.length] = bytes;
    ours = made;
  };
  for (let i = 0; i < parts.length; ++i) {
    const part = parts[i];
    if (typeof part === "string") {
      add(encodeUtf8(native ? toNativeEndings(part) : part), true);
    } else if (!isBlob(part)) {
      add(bytesOf(part), false);
    } else {
      const held = piecesOf(part);
      const small = sizeOfPieces(held) <= SMALL_BYTES;
      if (!small) endRun();
      for (let k = 0; k < held.length; ++k) {
        if (small) add(held[k], true);
        else pieces[pieces.length] = held[k];
      }
    }
  }
  endRun();
  return pieces;
}

/** The bytes from `start` to `end`. @param {Uint8Array[]} pieces @param {number} start @param {number} end */
function slicePieces(pieces, start, end) {
  const part = [];
  let offset = 0;
  for (let i = 0; i < pieces.length && offset < end; ++i) {
    const length = typedArrayLength(pieces[i]);
    const from = start > offset ? start - offset : 0;
    const to = end - offset < length ? end - offset : length;
    if (from < to) part[part.length] = from === 0 && to === length ? pieces[i] : viewOf(pieces[i], from, to);
    offset += length;
  }
  return part;
}

/** @param {any} options @param {string} what @returns {{ native: boolean, type: string }} */
function readOptions(options, what) {
  const dictionary = toDictionary(options, what);
  const given = dictionary?.endings;
  const endings = given === undefined ? "transparent" : `${given}`;
  if (endings !== "transparent" && endings !== "native") {
    throw new TypeError(`"${endings}" is no kind of line endings: transparent, native`);
  }
  const type = dictionary?.type;
  return { native: endings === "native", type: type === undefined ? "" : toType(type) };
}

let isBlob, isFile, piecesOf, typeOf, nameOf, renamed, copyFile, describeFile;

export class Blob {
  /** @type {Uint8Array[]} */
  #pieces;
  #size;
  #type;

  static {
    isBlob = (value) => typeof value === "object" && value !== null && #pieces in value;
    piecesOf = (blob) => blob.#pieces;
    typeOf = (blob) => blob.#type;
  }

  /** @param {Iterable<BlobPart>} [parts] @param {BlobPropertyBag} [options] */
  constructor(parts = undefined, options = undefined) {
    if (/** @type {unknown} */ (parts) === MADE) {
      this.#pieces = options.pieces;
      this.#type = options.type;
    } else {
      const list = parts === undefined ? [] : toSequence(parts, toPart, "the parts of a Blob");
      const { native, type } = readOptions(options, "the options of a Blob");
      this.#pieces = toPieces(list, native);
      this.#type = type;
    }
    this.#size = sizeOfPieces(this.#pieces);
  }

  get size() { return this.#size; }
  get type() { return this.#type; }
  /** @param {number} [start] @param {number} [end] @param {string} [type] */
  slice(start = undefined, end = undefined, type = undefined) {
    const size = this.#size;
    const from = start === undefined ? 0 : toClamped(start);
    const to = end === undefined ? size : toClamped(end);
    const first = from < 0 ? max(size + from, 0) : min(from, size);
    const last = to < 0 ? max(size + to, 0) : min(to, size);
    return makeBlob(slicePieces(this.#pieces, first, last), type === undefined ? "" : toType(type));
  }
  stream() { return streamOfPieces(this.#pieces); }
  async text() {
    const pieces = this.#pieces;
    return decodeUtf8(pieces.length === 1 ? pieces[0] : joinPieces(pieces));
  }
  async arrayBuffer() { return bufferOf(joinPieces(this.#pieces)); }
  async bytes() { return joinPieces(this.#pieces); }
}

export class File extends Blob {
  #name;
  #lastModified;

  static {
    isFile = (value) => typeof value === "object" && value !== null && #name in value;
    nameOf = (file) => file.#name;
    describeFile = (file) => ({
      __proto__: null, name: file.#name, size: sizeOfPieces(piecesOf(file)), type: typeOf(file),
      lastModified: file.#lastModified,
    });
    copyFile = (file) => (isFile(file) ? renamed(file, file.#name) : undefined);
    renamed = (blob, name) => makeFile(piecesOf(blob), name, typeOf(blob), #name in blob ? blob.#lastModified : now());
  }

  /** @param {Iterable<BlobPart>} parts @param {string} name @param {FilePropertyBag} [options] */
  constructor(parts, name, options = undefined) {
    if (/** @type {unknown} */ (parts) === MADE) {
      super(/** @type {any} */ (MADE), options);
      this.#name = name;
      this.#lastModified = options.lastModified;
      return;
    }
    checkArguments(arguments.length, 2, "File");
    const list = toSequence(parts, toPart, "the parts of a File");
    const text = toWellFormed(`${name}`);
    const { native, type } = readOptions(options, "the options of a File");
    const modified = options?.lastModified;
    const lastModified = modified === undefined ? now() : toInteger(modified);
    super(/** @type {any} */ (MADE), { pieces: toPieces(list, native), type });
    this.#name = text;
    this.#lastModified = lastModified;
  }

  get name() { return this.#name; }
  get lastModified() { return this.#lastModified; }
}

defineInterfaces({ Blob, File });
defineSerializable(Blob, (blob) => (isBlob(blob) ? makeBlob(piecesOf(blob), typeOf(blob)) : undefined));
defineSerializable(File, copyFile);
defineInspectedAttributes(Blob, ["size", "type"]);
defineInspected(File, describeFile);

export { isBlob, isFile };
interfaces.isBlob = isBlob;
/** A File of the same bytes and type, with this name. @type {(blob: Blob, name: string) => File} */
export const nameFile = renamed;
/** What a Blob holds: nobody may change it. @type {(blob: Blob) => Uint8Array[]} */
export const blobPieces = piecesOf;
/** @type {(blob: Blob) => string} */
export const blobType = typeOf;
/** @type {(file: File) => string} */
export const fileName = nameOf;

/** @param {Uint8Array[]} pieces that nobody changes from now on @param {string} type */
export function makeBlob(pieces, type) {
  return new Blob(/** @type {any} */ (MADE), /** @type {any} */ ({ pieces, type }));
}

/**
 * @param {Uint8Array[]} pieces that nobody changes from now on @param {string} name @param {string} type
 * @param {number} [lastModified]
 */
export function makeFile(pieces, name, type, lastModified = now()) {
  return new File(/** @type {any} */ (MADE), name, /** @type {any} */ ({ pieces, type, lastModified }));
}

/** The type that a Blob may have. @type {(type: string) => string} */
export const toBlobType = toType;
