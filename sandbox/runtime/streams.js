// Streams: the reference implementation, by web-streams-polyfill. It is the largest part of the runtime, and most flows
// read their responses whole, so its classes come into being when a script first names one, or first asks for a body as
// a stream.
import { interfaces } from "./late.js";
import { asyncIteratorPrototype, defineProperty, getPrototypeOf, getter, setPrototypeOf, uncurry } from "./primordials.js";

const NAMES = [
  "ByteLengthQueuingStrategy", "CountQueuingStrategy", "ReadableByteStreamController", "ReadableStream",
  "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest", "ReadableStreamDefaultController",
  "ReadableStreamDefaultReader", "TransformStream", "TransformStreamDefaultController", "WritableStream",
  "WritableStreamDefaultController", "WritableStreamDefaultWriter",
];

/** @type {typeof import("./stream_classes.js") | undefined} */
let loaded;

/** What the runtime does to streams, whatever a script puts in the place of the methods. */
let operations;

/** The classes. */
export function streams() {
  if (loaded !== undefined) return loaded;
  const classes = require("./stream_classes.js");
  // The bundler may rename a class.
  for (let i = 0; i < NAMES.length; ++i) {
    defineProperty(classes[NAMES[i]], "name", { __proto__: null, value: NAMES[i] });
  }
  const { ReadableStream, ReadableStreamDefaultReader, TransformStream, TransformStreamDefaultController } = classes;
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
  interfaces.isReadableStream = (value) => value instanceof ReadableStream;
  return loaded = classes;
}

/** @returns {Record<"readableOf" | "writableOf" | "enqueue" | "getReader" | "tee" | "cancel" | "read" | "cancelReader", (...args: any[]) => any>} */
export function streamOperations() {
  streams();
  return operations;
}

/** The reference implementation keeps this in a property that is no secret. @param {any} stream */
export function isDisturbed(stream) { return !!stream._disturbed; }
