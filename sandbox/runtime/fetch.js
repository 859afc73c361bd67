// Fetch, section 5.6: fetch. The engine does the HTTP; bodies go in pieces, each side sending only what the other
// has room for.
import { onAbort } from "./abort.js";
import { atob, decodeUtf8, encodeUtf8 } from "./encoding.js";
import { Headers, freezeHeaders, headerList, receivedHeaders } from "./headers.js";
import { indexOf, mapDelete, mapGet, mapSet, push, shift, sliceString, startsWith, then } from "./primordials.js";
import { Request, requestSignal, takeRequestBody } from "./request.js";
import { makeResponse } from "./response.js";
import { timerFailed } from "./timers.js";

const { cancel, httpConsumed, httpSend, httpStart } = host;

const REDIRECT = { __proto__: null, follow: 0, error: 1, manual: 2 };  // HttpRequest.Redirect
const FAILURE = [undefined, "refused", "network", "timeout", "limit"];  // CallFailed.Kind
const NULL_BODY = [204, 205, 304];

/**
 * A call under way.
 * @typedef {{
 *   id: number, resolve: (response: Response) => void, reject: (error: unknown) => void,
 *   chunks: Uint8Array[], ended: boolean, error: unknown, wake: (() => void) | null, credit: (() => void) | null,
 *   report: ((error: unknown) => void) | null, forget: (() => void) | null,
 * }} Call
 */

/** @type {Map<number, Call>} */
const calls = new Map();

/** Ends the call from this side, with what the script is to see. @param {Call} call @param {unknown} error */
function fail(call, error) {
  mapDelete(calls, call.id);
  call.forget?.();
  call.reject(error);
  call.ended = true;
  call.error = error;
  call.chunks = [];
  call.credit?.();
  try {
    call.report?.(error);
  } catch { /* the stream was closed or cancelled already */ }
  wake(call);
}

/** Sends the request's body as the engine gives room. @param {Call} call @param {import("./body.js").Body} body */
function sendBody(call, body) {
  if (body.stream) sendStream(call, body.stream);
  else sendBytes(call, body.bytes, 0, true);
}

/**
 * Sends what is left of `bytes` from `offset`. The answer, or the promise of it: whether the call goes on.
 * @param {Call} call @param {Uint8Array} bytes @param {number} offset @param {boolean} last
 * @returns {boolean | Promise<boolean>}
 */
function sendBytes(call, bytes, offset, last) {
  const sent = httpSend(call.id, bytes, offset, last);
  if (sent < 0) return false;
  return offset + sent === bytes.length || sendRest(call, bytes, offset + sent, last);
}

/** @param {Call} call @param {Uint8Array} bytes @param {number} offset @param {boolean} last */
async function sendRest(call, bytes, offset, last) {
  await new Promise((resolve) => { call.credit = resolve; });
  call.credit = null;
  return sendBytes(call, bytes, offset, last);
}

/** @param {Call} call @param {ReadableStream} stream */
async function sendStream(call, stream) {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        await sendBytes(call, new Uint8Array(0), 0, true);
        return;
      }
      if (!(value instanceof Uint8Array)) throw new TypeError("a request's body gave something that is no Uint8Array");
      if (value.length > 0 && !(await sendBytes(call, value, 0, false))) {
        await reader.cancel();  // the call is over: nobody wants the rest
        return;
      }
    }
  } catch (error) {
    if (mapGet(calls, call.id) === undefined) return;
    cancel(call.id);
    fail(call, new TypeError("fetch failed: the request's body could not be read", { cause: error }));
  }
}

/** The body of the response: what has come in, as it is asked for. @implements {import("./body.js").Source} */
class ResponseSource {
  /** @param {Call} call */
  constructor(call) { this.call = call; }

  take() {
    const { call } = this;
    if (call.error !== undefined) throw call.error;
    const chunk = shift(call.chunks);
    if (chunk && !call.ended) httpConsumed(call.id, chunk.length);
    return chunk;
  }
  over() { return this.call.ended && this.call.chunks.length === 0; }
  more() { return new Promise((resolve) => { this.call.wake = resolve; }); }
  cancel() {
    const { call } = this;
    mapDelete(calls, call.id);
    call.forget?.();
    call.ended = true;
    call.chunks = [];
    cancel(call.id);
    call.credit?.();
  }
  onError(report) { this.call.report = report; }
}

/** Fetch, section 6: data: URLs. @param {URL | string} url */
function fetchData(url) {
  const comma = indexOf(url, ",");
  if (comma < 0) throw new TypeError("fetch failed: a data: URL has a comma");
  let type = sliceString(url, 5, comma).trim();
  const text = sliceString(url, comma + 1);
  const base64 = /;\s*base64$/i.exec(type);
  if (base64) type = sliceString(type, 0, base64.index);
  let bytes = percentDecode(text);
  if (base64) {
    const binary = atob(decodeUtf8(bytes));
    bytes = new Uint8Array(binary.length);
    for (let i = 0; i < binary.length; ++i) bytes[i] = binary.charCodeAt(i);
  }
  if (startsWith(type, ";")) type = `text/plain${type}`;
  const headers = freezeHeaders(new Headers({ "content-type": type || "text/plain;charset=US-ASCII" }));
  return makeResponse({ statusText: "OK", headers, type: "basic", url, body: { bytes } });
}

/** @param {string} text */
function percentDecode(text) {
  const bytes = encodeUtf8(text);
  let length = 0;
  for (let i = 0; i < bytes.length; ++i) {
    const digits = String.fromCharCode(bytes[i + 1] ?? 0, bytes[i + 2] ?? 0);
    const hex = bytes[i] === 0x25 && /^[0-9a-f]{2}$/i.test(digits);
    bytes[length++] = hex ? Number.parseInt(digits, 16) : bytes[i];
    if (hex) i += 2;
  }
  return bytes.slice(0, length);
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
  const { url } = request;
  const signal = requestSignal(request);
  if (signal?.aborted) throw signal.reason;
  if (startsWith(url, "data:") && connection === "") {
    resolve(fetchData(sliceString(url, 0, indexOf(url, "#") < 0 ? undefined : indexOf(url, "#"))));
    return;
  }
  if (!startsWith(url, "http:") && !startsWith(url, "https:")) {
    throw new TypeError(`fetch failed: ${url.slice(0, indexOf(url, ":") + 1)} is no scheme that can be fetched`);
  }
  const body = takeRequestBody(request);
  const fragment = indexOf(url, "#");
  const target = fragment < 0 ? url : sliceString(url, 0, fragment);
  const length = body?.bytes ? body.bytes.length : -1;
  const { method, headers, redirect } = request;
  const id = httpStart(method, target, headerList(headers), body !== null, length, REDIRECT[redirect], connection);
  /** @type {Call} */
  const call = {
    id, resolve, reject, chunks: [], ended: false, error: undefined, wake: null, credit: null, report: null,
    forget: null,
  };
  mapSet(calls, id, call);
  if (signal) {
    call.forget = onAbort(signal, () => {
      cancel(id);
      if (body?.stream && !body.stream.locked) then(body.stream.cancel(signal.reason), undefined, () => {});
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
export function responseHead(id, status, statusText, list, url, redirected, hasBody) {
  const call = mapGet(calls, id);
  if (list === undefined) {
    cancel(id);
    fail(call, new TypeError("fetch failed: the response has a header that is none"));
    return;
  }
  const body = NULL_BODY.includes(status) ? null : { source: new ResponseSource(call) };
  if (!hasBody) end(call);
  call.resolve(makeResponse({
    status, statusText, headers: receivedHeaders(list), type: "basic", url, redirected, body,
  }));
}

/** All of the response is here. @param {Call} call */
function end(call) {
  mapDelete(calls, call.id);
  call.forget?.();
  call.ended = true;
  call.credit?.();
  wake(call);
}

/** The body goes on. @param {Call} call */
function wake(call) {
  call.wake?.();
  call.wake = null;
}

/** @param {number} id @param {Uint8Array} bytes @param {boolean} last */
export function responseBody(id, bytes, last) {
  const call = mapGet(calls, id);
  if (bytes.length > 0) push(call.chunks, bytes);
  if (last) end(call);
  else wake(call);
}

/** @param {number} id @param {number} kind @param {string} message */
export function callFailed(id, kind, message) {
  const name = FAILURE[kind] ?? "failed";
  const cause = new Error(message);
  Object.defineProperty(cause, "name", { value: "CallFailed", writable: true, configurable: true });
  Object.defineProperty(cause, "kind", { value: name, enumerable: true, writable: true, configurable: true });
  const error = new TypeError(`fetch failed: ${message}`, { cause });
  const call = mapGet(calls, id);
  if (call === undefined) {
    timerFailed(id, cause);
    return;
  }
  fail(call, error);
}

/** @param {number} id */
export function requestCredit(id) {
  mapGet(calls, id)?.credit?.();
}
