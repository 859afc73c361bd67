// Compression Streams: CompressionStream, DecompressionStream, by zlib.
//
// The standard's transform gives all that a chunk comes to at once. Here a piece of bounded size is made whenever one
// is read, and the write of a chunk lasts until it is used up: a bomb grows no faster than somebody reads it.
import { defineInterfaces } from "./install.js";
import { Promise, Uint8Array, bytesOf, copyBytes, isBufferSource, typedArrayLength, viewOf } from "./primordials.js";
import { streams } from "./streams.js";

const { zlibStart, zlibStep } = host;

const FORMATS = { __proto__: null, deflate: 0, "deflate-raw": 1, gzip: 2 };  // as in natives_compression.cc
const EMPTY = new Uint8Array(0);

/** @param {string} format @param {boolean} decompress @param {string} name */
function makePair(format, decompress, name) {
  const number = FORMATS[`${format}`];
  if (number === undefined) throw new TypeError(`"${format}" is no format of a ${name}: gzip, deflate, deflate-raw`);
  const { ReadableStream, WritableStream } = streams();
  /** @type {object | undefined} */
  let zlib;
  let input = EMPTY;
  let offset = 0;
  let finishing = false;
  let ended = false;
  /** The write or close under way. @type {{ resolve: () => void, reject: (error: unknown) => void } | null} */
  let task = null;
  /** Goes on with a pull that waits for a task. @type {(() => void) | null} */
  let resume = null;
  let output, sink;

  const forget = () => {
    zlib = undefined;
    input = EMPTY;
  };
  const fail = (error) => {
    forget();
    output.error(error);
    sink.error(error);
    task?.reject(error);
    task = null;
    resume?.();
  };
  const startTask = () => new Promise((resolve, reject) => {
    task = { resolve, reject };
    resume?.();
  });
  const endTask = () => {
    input = EMPTY;
    const { resolve } = task;
    task = null;
    if (finishing) {
      forget();
      output.close();
    }
    resolve();
  };

  /** Works on the task until there is something to read, or the task is done. @returns {boolean} something was given */
  const work = () => {
    if (finishing && decompress) {
      if (!ended) throw new TypeError("the compressed data breaks off");
      endTask();
      return false;
    }
    zlib ??= zlibStart(number, decompress);
    for (;;) {
      const step = zlibStep(zlib, input, offset, finishing);
      const chunk = step[0];
      offset += step[1];
      ended = step[2];
      const more = step[3];
      if (chunk) output.enqueue(chunk);
      if (ended && offset < typedArrayLength(input)) throw new TypeError("something follows the compressed data");
      if (ended || (!more && !finishing && offset >= typedArrayLength(input))) {
        endTask();
        return chunk !== undefined;
      }
      if (chunk) {
        // The script goes on before the rest is used, and could change it.
        input = copyBytes(viewOf(input, offset));
        offset = 0;
        return true;
      }
    }
  };

  const readable = new ReadableStream({
    __proto__: null,
    start(controller) { output = controller; },
    async pull() {
      try {
        while (!(finishing && task === null)) {
          if (task === null) {
            await new Promise((resolve) => { resume = resolve; });
            resume = null;
          } else if (work()) {
            return;
          }
        }
      } catch (error) {
        fail(error);
      }
    },
    cancel(reason) {
      forget();
      sink.error(reason);
      task?.reject(reason);
      task = null;
    },
  }, { highWaterMark: 0 });

  const writable = new WritableStream({
    __proto__: null,
    start(controller) { sink = controller; },
    write(chunk) {
      if (!isBufferSource(chunk)) {
        const error = new TypeError(`${name} takes an ArrayBuffer or a view of one`);
        fail(error);
        throw error;
      }
      const bytes = bytesOf(chunk);
      if (ended && typedArrayLength(bytes) > 0) {
        const error = new TypeError("something follows the compressed data");
        fail(error);
        throw error;
      }
      if (ended) return undefined;
      input = bytes;
      offset = 0;
      return startTask();
    },
    close() {
      finishing = true;
      return startTask();
    },
    abort(reason) {
      forget();
      output.error(reason);
      resume?.();
    },
  });
  return { readable, writable };
}

export class CompressionStream {
  #pair;
  /** @param {"gzip" | "deflate" | "deflate-raw"} format */
  constructor(format) { this.#pair = makePair(format, false, "CompressionStream"); }
  get readable() { return this.#pair.readable; }
  get writable() { return this.#pair.writable; }
}

export class DecompressionStream {
  #pair;
  /** @param {"gzip" | "deflate" | "deflate-raw"} format */
  constructor(format) { this.#pair = makePair(format, true, "DecompressionStream"); }
  get readable() { return this.#pair.readable; }
  get writable() { return this.#pair.writable; }
}

defineInterfaces({ CompressionStream, DecompressionStream });
