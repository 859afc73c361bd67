// Fetch, section 5.3: the Body mixin. A body is bytes, or a source of chunks, and becomes a stream when somebody
// asks for one.
import { decodeUtf8, encodeUtf8 } from "./encoding.js";
import { bytesOf, isBufferSource, parse, push } from "./primordials.js";
import { isReadableStream, streams } from "./streams.js";
import { URLSearchParams } from "./url.js";

/**
 * Chunks that come in. `take` gives one that is here; where none is, the body is `over` or `more` tells that it has gone
 * on. There is one reader at a time.
 * @typedef {{ take: () => Uint8Array | undefined, over: () => boolean, more: () => Promise<void>, cancel: (reason: unknown) => void,
 *             onError: (report: (error: unknown) => void) => void }} Source
 */
/** @typedef {{ stream?: ReadableStream, bytes?: Uint8Array, source?: Source, type?: string }} Body */

/** A byte stream that holds `bytes` and ends. @param {Uint8Array} bytes */
function streamOfBytes(bytes) {
  const { ReadableStream } = streams();
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      if (bytes.length > 0) controller.enqueue(bytes.slice());
      controller.close();
    },
  });
}

/** @param {Source} source */
function streamOfSource(source) {
  const { ReadableStream } = streams();
  return new ReadableStream({
    type: "bytes",
    start(controller) {
      source.onError((error) => controller.error(error));
    },
    async pull(controller) {
      let chunk;
      while ((chunk = source.take()) === undefined && !source.over()) await source.more();
      if (chunk) {
        controller.enqueue(chunk);
      } else {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
    cancel(reason) { source.cancel(reason); },
  }, { highWaterMark: 0 });
}

/** Fetch, section 5.2: extracts a body. @param {any} init @returns {Body} */
export function extractBody(init) {
  if (typeof init === "string") return { bytes: encodeUtf8(init), type: "text/plain;charset=UTF-8" };
  if (isReadableStream(init)) {
    if (init.locked) throw new TypeError("the body is a stream that somebody else reads");
    return { stream: init };
  }
  if (init instanceof URLSearchParams) {
    return { bytes: encodeUtf8(init.toString()), type: "application/x-www-form-urlencoded;charset=UTF-8" };
  }
  if (isBufferSource(init)) return { bytes: bytesOf(init).slice() };
  return { bytes: encodeUtf8(`${init}`), type: "text/plain;charset=UTF-8" };
}

/** @param {Uint8Array[]} chunks */
function concatenate(chunks) {
  if (chunks.length === 1) return chunks[0];
  let length = 0;
  for (let i = 0; i < chunks.length; ++i) length += chunks[i].length;
  const all = new Uint8Array(length);
  let offset = 0;
  for (let i = 0; i < chunks.length; ++i) {
    all.set(chunks[i], offset);
    offset += chunks[i].length;
  }
  return all;
}

/** @param {ReadableStream} stream */
async function readStream(stream) {
  const reader = stream.getReader();
  const chunks = [];
  for (let chunk; (chunk = (await reader.read()).value) !== undefined;) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError("a body's stream gave something that is no Uint8Array");
    push(chunks, chunk);
  }
  return concatenate(chunks);
}

/** @param {Source} source @param {Uint8Array[]} chunks */
function takeAll(source, chunks) { for (let chunk; (chunk = source.take()) !== undefined;) push(chunks, chunk); }

/** @param {Source} source @returns {Uint8Array | Promise<Uint8Array>} */
function readSource(source) {
  const chunks = [];
  takeAll(source, chunks);
  return source.over() ? concatenate(chunks) : readRest(source, chunks);
}

/** @param {Source} source @param {Uint8Array[]} chunks */
async function readRest(source, chunks) {
  while (!source.over()) {
    await source.more();
    takeAll(source, chunks);
  }
  return concatenate(chunks);
}

/** The reference implementation keeps this in a property that is no secret. @param {any} stream */
function isDisturbed(stream) { return !!stream._disturbed; }

/** The body of one Request or Response. */
export class BodyHolder {
  #taken = false;

  /** @param {Body | null} body */
  constructor(body) { this.body = body; }

  get used() { return this.#taken || (!!this.body?.stream && isDisturbed(this.body.stream)); }
  get stream() {
    if (!this.body) return null;
    const { bytes, source } = this.body;
    return this.body.stream ??= source ? streamOfSource(source) : streamOfBytes(bytes);
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
    if (!this.body || this.body.bytes) return this.body && { bytes: this.body.bytes };
    const [one, two] = this.stream.tee();
    this.body.stream = one;
    return { stream: two };
  }
  /** All of it, for good. @returns {Uint8Array | Promise<Uint8Array>} */
  read() {
    const body = this.take();
    if (!body) return new Uint8Array(0);
    if (body.stream) return readStream(body.stream);
    return body.source ? readSource(body.source) : body.bytes;
  }
}

/**
 * Adds the members of the mixin to an interface.
 * @param {Function} constructor @param {(owner: any) => BodyHolder} holderOf
 */
export function defineBody(constructor, holderOf) {
  const members = {
    get body() { return holderOf(this).stream; },
    get bodyUsed() { return holderOf(this).used; },
    async arrayBuffer() {
      const bytes = await holderOf(this).read();
      return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
    },
    async bytes() { return holderOf(this).read(); },
    async text() { return decodeUtf8(await holderOf(this).read()); },
    async json() { return parse(decodeUtf8(await holderOf(this).read())); },
  };
  Object.defineProperties(constructor.prototype, Object.getOwnPropertyDescriptors(members));
}
