// The bundle of the walk: what is reachable, and samples of what only calls give.
import * as warder from "warder";
import { walk } from "./walk.js";

const { flow, integration } = warder;

/** What the language has no global for. */
const language = {
  "arguments#": (function () { return arguments; })(),
  "array iterator#": [].values(),
  "async function#": async () => {},
  "async generator#": (async function* () {})(),
  "async from sync iterator#": Array.fromAsync([]),
  "generator#": (function* () {})(),
  "iterator helper#": [].values().map((each) => each),
  "wrapped iterator#": Iterator.from({ next() {} }),
  "map iterator#": new Map().entries(),
  "set iterator#": new Set().values(),
  "string iterator#": ""[Symbol.iterator](),
  "match iterator#": "".matchAll(/a/g),
  "proxy and its revoke#": Proxy.revocable({}, {}),
  "segments#": new Intl.Segmenter().segment("a")[Symbol.iterator](),
  "template#": ((strings) => strings)`a`,
  "error#": new Error(),
};

/** What the platform gives when it is called. */
const samples = (context) => ({
  "AbortController#": new AbortController(),
  "AbortSignal#": AbortSignal.any([]),
  "Blob#": new Blob(["a"]),
  "CompressionStream#": new CompressionStream("gzip"),
  "crypto.subtle's promise#": (() => {
    const promise = crypto.subtle.digest("SHA-256", new Uint8Array(1));
    promise.catch(() => {});
    return promise;
  })(),
  "CustomEvent#": new CustomEvent("a"),
  "DOMException#": new DOMException(),
  "ErrorEvent#": new ErrorEvent("a"),
  "Event#": new Event("a"),
  "EventTarget#": new EventTarget(),
  "File#": new File(["a"], "a"),
  "FormData#": new FormData(),
  "FormData iterator#": new FormData().entries(),
  "Headers#": new Headers(),
  "Headers iterator#": new Headers().entries(),
  "PromiseRejectionEvent#": new PromiseRejectionEvent("a", { promise: Promise.resolve() }),
  "ReadableStream#": new ReadableStream({ type: "bytes" }),
  "ReadableStream reader#": new ReadableStream().getReader(),
  "ReadableStream BYOB reader#": new ReadableStream({ type: "bytes" }).getReader({ mode: "byob" }),
  "ReadableStream iterator#": new ReadableStream().values(),
  "Request#": new Request("https://a.test/", { method: "POST", body: "a" }),
  "Response#": new Response("a"),
  "TextDecoder#": new TextDecoder(),
  "TextEncoder#": new TextEncoder(),
  "TextDecoderStream#": new TextDecoderStream(),
  "TextEncoderStream#": new TextEncoderStream(),
  "TransformStream#": new TransformStream(),
  "URL#": new URL("https://a.test/?b=c"),
  "URLSearchParams#": new URLSearchParams(),
  "URLSearchParams iterator#": new URLSearchParams().entries(),
  "WritableStream#": new WritableStream(),
  "WritableStream writer#": new WritableStream().getWriter(),
  "context.state#": context.state,
  "fetch's promise#": (() => { const promise = fetch("data:,a"); promise.catch(() => {}); return promise; })(),
  "context.connections.acme.fetch's promise#": (() => {
    const promise = context.connections.acme.fetch("data:,a");
    promise.catch(() => {});
    return promise;
  })(),
});

export default integration({
  name: "Walk", version: "1",
  flows: [flow({
    name: "Walk", key: "walk",
    run: (context) => {
      const { lines, natives } = walk(
        { globalThis, warder, context, "import.meta": import.meta, ...language }, samples(context),
      );
      for (const line of lines) context.log.info(line);
      for (const line of natives) context.log.error(line);
      return {};
    },
  })],
});
