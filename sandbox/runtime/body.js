// Fetch, section 5.3: the Body mixin. A body is bytes, or pieces of them that others share, or a source of chunks, and
// becomes a stream when somebody asks for one.
import { decodeUtf8, encodeUtf8 } from "./utf8.js";
import { interfaces } from "./late.js";
import { joinPieces, sizeOfPieces } from "./pieces.js";
import {
  bufferOf, bytesOf, copyBytes, defineProperty, getOwnPropertyDescriptor, isBufferSource, ownKeys, parse, push,
  typedArrayLength, typedArrayName,
} from "./primordials.js";
import { isDisturbed, streamOperations } from "./streams.js";

/**
 * Chunks that come in. `take` gives one that is here; where none is, the body is `over` or `more` tells that it has
 * gone on. There is one reader at a time.
 * @typedef {{
 *   take: () => Uint8Array | undefined, over: () => boolean, more: () => Promise<void>,
 *   cancel: (reason: unknown) => void, onError: (report: (error: unknown) => void) => void,
 * }} Source
 */
/**
 * `bytes` belong to this body alone, `pieces` to nobody, and `size` is theirs.
 * @typedef {{
 *   stream?: ReadableStream, bytes?: Uint8Array, pieces?: Uint8Array[], size?: number, source?: Source, type?: string,
 * }} Body
 */

/** Fetch, section 5.2: extracts a body. @param {any} init @returns {Body} */
export function extractBody(init) {
  if (typeof init === "string") {
    const bytes = encodeUtf8(init);
    return { __proto__: null, bytes, size: typedArrayLength(bytes), type: "text/plain;charset=UTF-8" };
  }
  if (interfaces.isReadableStream(init)) {
    if (isDisturbed(init) || init.locked) throw new TypeError("the body is a stream that somebody has read, or reads");
    return { __proto__: null, stream: init };
  }
  if (interfaces.isSearchParams(init)) {
    const bytes = encodeUtf8(require("./url.js").serializeParams(init));
    return { __proto__: null, bytes, size: typedArrayLength(bytes), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  }
  if (isBufferSource(init)) {
    const bytes = copyBytes(bytesOf(init));
    return { __proto__: null, bytes, size: typedArrayLength(bytes) };
  }
  if (interfaces.isBlob(init)) {
    const { blobPieces, blobType } = require("./blob.js");
    const pieces = blobPieces(init);
    return { __proto__: null, pieces, size: sizeOfPieces(pieces), type: blobType(init) === "" ? undefined : blobType(init) };
  }
  if (interfaces.isFormData(init)) {
    const { pieces, boundary } = require("./multipart.js").writeMultipart(require("./form_data.js").formDataList(init));
    return { __proto__: null, pieces, size: sizeOfPieces(pieces), type: `multipart/form-data; boundary=${boundary}` };
  }
  const bytes = encodeUtf8(`${init}`);
  return { __proto__: null, bytes, size: typedArrayLength(bytes), type: "text/plain;charset=UTF-8" };
}

/** @param {Uint8Array[]} chunks that belong to nobody else */
const joined = (chunks) => (chunks.length === 1 ? chunks[0] : joinPieces(chunks));

/** @param {ReadableStream} stream */
async function readStream(stream) {
  const { getReader, read } = streamOperations();
  const reader = getReader(stream);
  const chunks = [];
  for (;;) {
    const { done, value } = await read(reader);
    if (done) return joinPieces(chunks);  // a script may have kept a chunk
    if (typedArrayName(value) !== "Uint8Array") {
      throw new TypeError("a body's stream gave something that is no Uint8Array");
    }
    push(chunks, value);
  }
}

/** @param {Source} source @param {Uint8Array[]} chunks */
function takeAll(source, chunks) { for (let chunk; (chunk = source.take()) !== undefined;) push(chunks, chunk); }

/** @param {Source} source @returns {Uint8Array | Promise<Uint8Array>} */
function readSource(source) {
  const chunks = [];
  takeAll(source, chunks);
  return source.over() ? joined(chunks) : readRest(source, chunks);
}

/** @param {Source} source @param {Uint8Array[]} chunks */
async function readRest(source, chunks) {
  while (!source.over()) {
    await source.more();
    takeAll(source, chunks);
  }
  return joined(chunks);
}

/** The body of one Request or Response. */
export class BodyHolder {
  #taken = false;
  /** @type {ReadableStream | undefined} */
  #used;

  /** @param {Body | null} body */
  constructor(body) { this.body = body; }

  get used() { return this.#taken || (!!this.body?.stream && isDisturbed(this.body.stream)); }
  get stream() {
    const { body } = this;
    if (!body) return null;
    if (this.#taken && !body.stream) return this.#used ??= require("./body_streams.js").usedStream();
    return body.stream ??= require("./body_streams.js").streamOfBody(body);
  }
  #check() {
    if (this.used || this.body?.stream?.locked) throw new TypeError("the body has been read already");
  }
  /** The body, for good. */
  take() {
    this.#check();
    this.#taken = this.body !== null;
    return this.body;
  }
  /** A body that gives the same bytes; this one still can be read. @returns {Body | null} */
  copy() {
    this.#check();
    const { body } = this;
    if (!body) return null;
    if (body.stream || body.source) {
      const branches = streamOperations().tee(this.stream);
      this.body = { __proto__: null, stream: branches[0] };
      return { __proto__: null, stream: branches[1] };
    }
    const { pieces = [body.bytes], size } = body;
    this.body = { __proto__: null, pieces, size };
    return { __proto__: null, pieces, size };
  }
  /** All of it, for good. @returns {Uint8Array | Promise<Uint8Array>} */
  read() {
    const body = this.take();
    if (!body) return new Uint8Array(0);
    if (body.stream) return readStream(body.stream);
    if (body.source) return readSource(body.source);
    return body.bytes ?? joinPieces(body.pieces);
  }
  /** The same, to be shared. @returns {Promise<Uint8Array[]>} */
  async readPieces() {
    const { pieces, stream } = this.body ?? {};
    if (!pieces || stream) return [await this.read()];
    this.take();
    return pieces;
  }
}

/**
 * Adds the members of the mixin to an interface.
 * @param {Function} constructor @param {(owner: any) => { holder: BodyHolder, headers: Headers }} stateOf
 */
export function defineBody(constructor, stateOf) {
  const members = {
    get body() { return stateOf(this).holder.stream; },
    get bodyUsed() { return stateOf(this).holder.used; },
    async arrayBuffer() {
      const bytes = await stateOf(this).holder.read();
      const buffer = bufferOf(bytes);
      return typedArrayLength(bytes) === buffer.byteLength ? buffer : bufferOf(copyBytes(bytes));
    },
    async blob() {
      const { holder, headers } = stateOf(this);
      const pieces = await holder.readPieces();
      const { mimeTypeOf, serializeMimeType } = require("./mime.js");
      const type = mimeTypeOf(headers);
      return require("./blob.js").makeBlob(pieces, type ? serializeMimeType(type) : "");
    },
    async bytes() { return stateOf(this).holder.read(); },
    async formData() { return require("./form_body.js").readFormData(stateOf(this)); },
    async text() { return decodeUtf8(await stateOf(this).holder.read()); },
    async json() { return parse(decodeUtf8(await stateOf(this).holder.read())); },
  };
  const names = ownKeys(members);
  for (let i = 0; i < names.length; ++i) {
    const descriptor = getOwnPropertyDescriptor(members, names[i]);
    defineProperty(constructor.prototype, names[i], { __proto__: null, ...descriptor });
  }
}
