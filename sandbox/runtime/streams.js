// Streams: the reference implementation, by web-streams-polyfill. It is the largest part of the runtime, and most flows
// read their responses whole, so its classes come into being when a script first names one, or first asks for a
// body as a
// stream.
import { defineLazy } from "./install.js";

const NAMES = [
  "ByteLengthQueuingStrategy", "CountQueuingStrategy", "ReadableByteStreamController", "ReadableStream",
  "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest", "ReadableStreamDefaultController",
  "ReadableStreamDefaultReader", "TransformStream", "TransformStreamDefaultController", "WritableStream",
  "WritableStreamDefaultController", "WritableStreamDefaultWriter",
];

/** @type {typeof import("web-streams-polyfill") | undefined} */
let loaded;

/** The classes. */
export function streams() {
  // Not an import: the bundler leaves the module's code in a function that runs here.
  return loaded ??= require("web-streams-polyfill");
}

/** @param {unknown} value @returns {value is ReadableStream} */
export function isReadableStream(value) {
  return loaded !== undefined && value instanceof loaded.ReadableStream;
}

export function defineStreams() {
  for (const name of NAMES) defineLazy(name, () => streams()[name]);
}
