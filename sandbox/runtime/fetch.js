// Fetch, section 5.6: fetch. The engine does the HTTP; bodies go in pieces, each side sending only what the other
// has room for.
import { BodyHolder } from "./body.js";
import { headerList, receivedHeaders } from "./headers.js";
import { hooks } from "./hooks.js";
import {
  Promise, Uint8Array, indexOf, mapDelete, mapGet, mapSet, push, shift, sliceString, startsWith, then,
  typedArrayLength, typedArrayName,
} from "./primordials.js";
import { Request, requestSignal, requestState } from "./request.js";
import { makeResponse } from "./response.js";
import { streamOperations } from "./streams.js";
import { onFailure } from "./timers.js";

const { cancel, httpConsumed, httpSend, httpStart } = host;

const REDIRECT = { __proto__: null, follow: 0, error: 1, manual: 2 };  // HttpRequest.Redirect
const isNullBody = (status) => status === 204 || status === 205 || status === 304;

/**
 * A call under way. `failed` tells whether `error` is one: a signal's reason can be anything. `wake` goes on with who
 * reads the response, `credit` with who sends the request; `stop` tells the latter's stream that nobody wants the rest.
 * @typedef {{
 *   id: number, head: boolean, resolve: (response: Response) => void, reject: (error: unknown) => void,
 *   chunks: Uint8Array[], ended: boolean, failed: boolean, error: unknown,
 *   wake: (() => void) | null, credit: (() => void) | null, stop: ((reason: unknown) => void) | null,
 *   report: ((error: unknown) => void) | null, forget: (() => void) | null,
 * }} Call
 */

/** @type {Map<number, Call>} */
const calls = new Map();

/** Ends the call from this side, with what the script is to see. @param {Call} call @param {unknown} error */
function fail(call, error) {
  mapDelete(calls, call.id);
  forget(call);
  call.reject(error);
  call.ended = true;
  call.failed = true;
  call.error = error;
  call.chunks = [];
  stopSending(call, error);
  try {
    call.report?.(error);
  } catch { /* the stream was closed or cancelled already */ }
  wake(call);
}

/** No signal aborts the call any more. @param {Call} call */
function forget(call) {
  call.forget?.();
  call.forget = null;
}

/** The engine takes no more of the request's body. @param {Call} call @param {unknown} reason */
function stopSending(call, reason) {
  call.stop?.(reason);
  call.stop = null;
  call.credit?.();
}

/** The body goes on. @param {Call} call */
function wake(call) {
  call.wake?.();
  call.wake = null;
}

// ---- the request's body

/** Sends the request's body as the engine gives room. @param {Call} call @param {import("./body.js").Body} body */
function sendBody(call, body) {
  if (body.stream) sendStream(call, body.stream);
  else if (body.bytes) sendBytes(call, body.bytes, 0, true);
  else sendPieces(call, body.pieces);
}

/**
 * Sends what is left of `bytes` from `offset`. The answer, or the promise of it: whether the call goes on.
 * @param {Call} call @param {Uint8Array} bytes @param {number} offset @param {boolean} last
 * @returns {boolean | Promise<boolean>}
 */
function sendBytes(call, bytes, offset, last) {
  const sent = httpSend(call.id, bytes, offset, last);
  if (sent < 0) return false;
  return offset + sent === typedArrayLength(bytes) || sendRest(call, bytes, offset + sent, last);
}

/** @param {Call} call @param {Uint8Array} bytes @param {number} offset @param {boolean} last */
async function sendRest(call, bytes, offset, last) {
  await new Promise((resolve) => { call.credit = resolve; });
  call.credit = null;
  return sendBytes(call, bytes, offset, last);
}

/** @param {Call} call @param {Uint8Array[]} pieces */
async function sendPieces(call, pieces) {
  for (let i = 0; i < pieces.length; ++i) if (!(await sendBytes(call, pieces[i], 0, false))) return;
  sendBytes(call, new Uint8Array(0), 0, true);
}

/** Takes a chunk from the stream when the one before has gone. @param {Call} call @param {ReadableStream} stream */
async function sendStream(call, stream) {
  const { getReader, read, cancelReader } = streamOperations();
  const reader = getReader(stream);
  call.stop = (reason) => then(cancelReader(reader, reason), undefined, () => {});
  try {
    for (;;) {
      const { done, value } = await read(reader);
      if (done) {
        call.stop = null;
        sendBytes(call, new Uint8Array(0), 0, true);
        return;
      }
      if (typedArrayName(value) !== "Uint8Array") {
        throw new TypeError("a request's body gave something that is no Uint8Array");
      }
      if (typedArrayLength(value) > 0 && !(await sendBytes(call, value, 0, false))) return;
    }
  } catch (error) {
    if (mapGet(calls, call.id) === undefined) return;
    cancel(call.id);
    fail(call, new TypeError("fetch failed: the request's body could not be read", { cause: error }));
  }
}

// ---- the response's body

/** The body of the response: what has come in, as it is asked for. @implements {import("./body.js").Source} */
class ResponseSource {
  /** @param {Call} call */
  constructor(call) { this.call = call; }

  take() {
    const { call } = this;
    if (call.failed) throw call.error;
    const chunk = shift(call.chunks);
    if (chunk && !call.ended) httpConsumed(call.id, typedArrayLength(chunk));
    if (call.ended && call.chunks.length === 0) forget(call);
    return chunk;
  }
  over() { return this.call.ended && !this.call.failed && this.call.chunks.length === 0; }
  more() { return new Promise((resolve) => { this.call.wake = resolve; }); }
  cancel(reason) {
    const { call } = this;
    mapDelete(calls, call.id);
    forget(call);
    call.ended = true;
    call.chunks = [];
    cancel(call.id);
    stopSending(call, reason);
  }
  onError(report) {
    if (this.call.failed) report(this.call.error);
    else this.call.report = report;
  }
}

/** Fetch, section 4.3: "scheme fetch" of a data: URL. @param {string} url @param {string} method */
function fetchData(url, method) {
  const data = require("./data_url.js").readDataUrl(withoutFragment(url));
  if (data === null) throw new TypeError("fetch failed: the data: URL has no comma, or no valid base64 behind it");
  const { type, bytes } = data;
  return makeResponse({
    status: 200, statusText: "OK", headers: receivedHeaders(["content-type", type]), type: "basic",
    url: withoutFragment(url), redirected: false,
    holder: new BodyHolder(method === "HEAD" ? null : { __proto__: null, bytes, size: typedArrayLength(bytes) }),
  });
}

/** @param {string} url */
function withoutFragment(url) {
  const fragment = indexOf(url, "#");
  return fragment < 0 ? url : sliceString(url, 0, fragment);
}

/** @type {(input: RequestInfo | URL, init?: RequestInit) => Promise<Response>} */
export const { fetch } = {  // a function that is no constructor
  fetch(input, init = undefined) {
    return new Promise((resolve, reject) => send(new Request(input, init), "", resolve, reject));
  },
};

/**
 * Sends a request, with the connection that has this handle, or with none (""). What it throws rejects, too.
 * @param {Request} request @param {string} connection
 * @param {(response: Response) => void} resolve @param {(error: unknown) => void} reject
 */
export function send(request, connection, resolve, reject) {
  const state = requestState(request);
  const { url, method, headers, redirect } = state;
  const signal = requestSignal(state);
  const body = state.holder.take();
  if (signal?.aborted) {
    if (body?.stream) then(streamOperations().cancel(body.stream, signal.reason), undefined, () => {});
    throw signal.reason;
  }
  if (startsWith(url, "data:") && connection === "") {
    resolve(fetchData(url, method));
    return;
  }
  if (!startsWith(url, "http:") && !startsWith(url, "https:")) {
    const scheme = sliceString(url, 0, indexOf(url, ":") + 1);
    throw new TypeError(`fetch failed: ${scheme} is no scheme that can be fetched here: https:, http:, data:`);
  }
  const target = withoutFragment(url);
  const length = body?.size ?? -1;
  const id = httpStart(method, target, headerList(headers), body !== null, length, REDIRECT[redirect], connection);
  /** @type {Call} */
  const call = {
    id, head: method === "HEAD", resolve, reject, chunks: [], ended: false, failed: false, error: undefined, wake: null,
    credit: null, stop: null, report: null, forget: null,
  };
  mapSet(calls, id, call);
  if (signal) {
    call.forget = require("./abort.js").onAbort(signal, () => {
      cancel(id);
      fail(call, signal.reason);
    });
  }
  if (body) sendBody(call, body);
}

// ---- engine to cell

/**
 * @param {number} id @param {number} status @param {string} statusText @param {string[] | undefined} list @param {string} url
 * @param {boolean} redirected @param {boolean} hasBody
 */
hooks.responseHead = (id, status, statusText, list, url, redirected, hasBody) => {
  const call = mapGet(calls, id);
  if (list === undefined) {
    cancel(id);
    fail(call, new TypeError("fetch failed: the response has a header that is none"));
    return;
  }
  if (!hasBody) end(call);
  const holder = new BodyHolder(call.head || isNullBody(status) ? null : { __proto__: null, source: new ResponseSource(call) });
  const headers = receivedHeaders(list);
  call.resolve(makeResponse({ holder, status, statusText, headers, type: "basic", url, redirected }));
};

/** All of the response is here; a signal can still take away what nobody has read. @param {Call} call */
function end(call) {
  mapDelete(calls, call.id);
  if (call.chunks.length === 0) forget(call);
  call.ended = true;
  stopSending(call, undefined);
  wake(call);
}

/** @param {number} id @param {Uint8Array} bytes @param {boolean} last */
hooks.responseBody = (id, bytes, last) => {
  const call = mapGet(calls, id);
  if (typedArrayLength(bytes) > 0) push(call.chunks, bytes);
  if (last) end(call);
  else wake(call);
};

onFailure((id, cause) => fail(mapGet(calls, id), new TypeError(`fetch failed: ${cause.message}`, { cause })));

/** @param {number} id */
hooks.requestCredit = (id) => { mapGet(calls, id)?.credit?.(); };
