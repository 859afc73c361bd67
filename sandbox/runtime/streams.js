// Streams: the reference implementation, by web-streams-polyfill. It is the largest part of the runtime, and most flows
// read their responses whole, so its classes come into being when a script first names one, or first asks for a body as
// a stream.
import { defineLazy } from "./install.js";
import { defineProperty, getPrototypeOf, getter, setPrototypeOf, uncurry } from "./primordials.js";

const NAMES = [
  "ByteLengthQueuingStrategy", "CountQueuingStrategy", "ReadableByteStreamController", "ReadableStream",
  "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest", "ReadableStreamDefaultController",
  "ReadableStreamDefaultReader", "TransformStream", "TransformStreamDefaultController", "WritableStream",
  "WritableStreamDefaultController", "WritableStreamDefaultWriter",
];

const TEXT_STREAMS = ["TextDecoderStream", "TextEncoderStream"];

/** @type {typeof import("web-streams-polyfill") | undefined} */
let loaded;

const asyncIteratorPrototype = getPrototypeOf(getPrototypeOf((async function* () {}).prototype));

/** What the runtime does to streams, whatever a script puts in the place of the methods. */
let operations;

/** The classes. */
export function streams() {
  if (loaded !== undefined) return loaded;
  // Not an import: the bundler leaves the module's code in a function that runs here.
  loaded = require("web-streams-polyfill");
  // The bundler may rename a class.
  for (let i = 0; i < NAMES.length; ++i) defineProperty(loaded[NAMES[i]], "name", { value: NAMES[i] });
  const { ReadableStream, ReadableStreamDefaultReader, TransformStream, TransformStreamDefaultController } = loaded;
  // A stream's iterator is one of the language's; the reference implementation brings a prototype of its own.
  setPrototypeOf(getPrototypeOf(new ReadableStream().values()), asyncIteratorPrototype);
  operations = {
    readableOf: getter(TransformStream.prototype, "readable"),
    writableOf: getter(TransformStream.prototype, "writable"),
    enqueue: uncurry(TransformStreamDefaultController.prototype.enqueue),
    getReader: uncurry(ReadableStream.prototype.getReader),
    tee: uncurry(ReadableStream.prototype.tee),
    cancel: uncurry(ReadableStream.prototype.cancel),
    read: uncurry(ReadableStreamDefaultReader.prototype.read),
    cancelReader: uncurry(ReadableStreamDefaultReader.prototype.cancel),
  };
  return loaded;
}

/** @returns {Record<"readableOf" | "writableOf" | "enqueue" | "getReader" | "tee" | "cancel" | "read" | "cancelReader", (...args: any[]) => any>} */
export function streamOperations() {
  streams();
  return operations;
}

/** @param {unknown} value @returns {value is ReadableStream} */
export function isReadableStream(value) {
  return loaded !== undefined && value instanceof loaded.ReadableStream;
}

/** The reference implementation keeps this in a property that is no secret. @param {any} stream */
export function isDisturbed(stream) { return !!stream._disturbed; }

export function defineStreams() {
  for (const name of NAMES) defineLazy(name, () => streams()[name]);
  for (const name of TEXT_STREAMS) defineLazy(name, () => require("./text_streams.js")[name]);
}
