// What comes into being when a script first names it: nearly all of the web platform. Its modules are late (see
// build.mjs): until then they cost a cell nothing but the source and the code that it maps.
//
// A late module may run when scripts have changed whatever they can reach, so it takes what it needs from early modules
// and from nowhere else.

// What several late modules use, and is small.
import "./idl.js";
import "./inspect_types.js";
import "./pieces.js";

const { defineLazy } = host;
const none = () => undefined;

/**
 * What tells the objects of interfaces, once these are there: before, there are none.
 * @type {{
 *   isBlob: (value: unknown) => value is Blob, isFormData: (value: unknown) => value is FormData,
 *   isReadableStream: (value: unknown) => value is ReadableStream, isSearchParams: (value: unknown) => value is URLSearchParams,
 *   isSignal: (value: unknown) => value is AbortSignal,
 *   readDOMException: (value: object) => { name: string, message: string } | undefined,
 * }}
 */
export const interfaces = {
  __proto__: null,
  isBlob: none, isFormData: none, isReadableStream: none, isSearchParams: none, isSignal: none, readDOMException: none,
};

/** @param {string} name @returns {Record<string, unknown>} */
function moduleOf(name) {
  switch (name) {
    case "AbortController": case "AbortSignal": return require("./abort.js");
    case "Blob": case "File": return require("./blob.js");
    case "CompressionStream": case "DecompressionStream": return require("./compression.js");
    case "Crypto": case "crypto": return require("./crypto.js");
    case "CryptoKey": case "SubtleCrypto": return require("./crypto/subtle.js");
    case "CustomEvent": case "ErrorEvent": case "PromiseRejectionEvent": return require("./event_types.js");
    case "DOMException": return require("./dom_exception.js");
    case "Event": return require("./event.js");
    case "FormData": return require("./form_data.js");
    case "Headers": return require("./headers.js");
    case "Performance": case "performance": return require("./performance.js");
    case "QuotaExceededError": return require("./quota_exceeded_error.js");
    case "Request": return require("./request.js");
    case "Response": return require("./response.js");
    case "TextDecoder": case "TextEncoder": case "atob": case "btoa": return require("./encoding.js");
    case "TextDecoderStream": case "TextEncoderStream": return require("./text_streams.js");
    case "URL": case "URLSearchParams": return require("./url.js");
    case "clearInterval": case "clearTimeout": case "queueMicrotask": case "setInterval": case "setTimeout":
      return require("./timers.js");
    case "console": return require("./console.js");
    case "fetch": return require("./fetch.js");
    case "structuredClone": return require("./clone.js");
    default: return require("./streams.js").streams();
  }
}

const NAMES = [
  "AbortController", "AbortSignal", "Blob", "ByteLengthQueuingStrategy", "CompressionStream", "CountQueuingStrategy",
  "Crypto", "CryptoKey", "CustomEvent", "DOMException", "DecompressionStream", "ErrorEvent", "Event", "File", "FormData",
  "Headers", "Performance", "PromiseRejectionEvent", "QuotaExceededError", "ReadableByteStreamController",
  "ReadableStream", "ReadableStreamBYOBReader", "ReadableStreamBYOBRequest", "ReadableStreamDefaultController",
  "ReadableStreamDefaultReader", "Request", "Response", "SubtleCrypto", "TextDecoder", "TextDecoderStream", "TextEncoder",
  "TextEncoderStream", "TransformStream", "TransformStreamDefaultController", "URL", "URLSearchParams", "WritableStream",
  "WritableStreamDefaultController", "WritableStreamDefaultWriter", "atob", "btoa", "clearInterval", "clearTimeout",
  "console", "crypto", "fetch", "performance", "queueMicrotask", "setInterval", "setTimeout", "structuredClone",
];

/** Defines the globals. To a script each is a plain property. */
export function defineLate() { for (const name of NAMES) defineLazy(globalThis, name); }

/** The cell asks for a global that a script has named. @param {string} name */
export function makeLazily(name) { return moduleOf(name)[name]; }
