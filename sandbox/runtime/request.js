// Fetch, section 5.4: Request.
import { abortSignal, isSignal, makeSignal, onAbort } from "./abort.js";
import { BodyHolder, defineBody, extractBody } from "./body.js";
import { addContentType, requestHeaders } from "./headers.js";
import { defineInterfaces } from "./install.js";
import { test, toUpperCase } from "./primordials.js";
import { isReadableStream } from "./streams.js";
import { requestHref } from "./url.js";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NORMALISED = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
const FORBIDDEN = ["CONNECT", "TRACE", "TRACK"];
const REDIRECTS = ["follow", "error", "manual"];

/** @param {unknown} method */
function toMethod(method) {
  const text = `${method}`;
  if (NORMALISED.includes(text)) return text;
  const upper = toUpperCase(text);
  if (!test(TOKEN, text) || FORBIDDEN.includes(upper)) throw new TypeError(`"${text}" is no method that fetch can use`);
  return NORMALISED.includes(upper) ? upper : text;
}

/** A signal that aborts with `source`. @param {AbortSignal} source */
function follow(source) {
  const signal = makeSignal();
  if (source.aborted) abortSignal(signal, source.reason);
  else onAbort(source, () => abortSignal(signal, source.reason));
  return signal;
}

let holderOf, signalOf;

export class Request {
  /** @type {BodyHolder} */
  #holder;
  #method;
  #url;
  #headers;
  #redirect;
  /** Null: nothing can abort the request, and nobody has asked for its signal. @type {AbortSignal | null} */
  #signal;

  static {
    holderOf = (request) => request.#holder;
    signalOf = (request) => request.#signal;
  }

  /** @param {RequestInfo | URL} input @param {any} [init] */
  constructor(input, init = {}) {
    const options = init ?? {};
    const source = typeof input === "object" && input !== null && #url in input ? input : null;
    const url = source ? source.#url : requestHref(input);
    const method = options.method === undefined ? source?.#method ?? "GET" : toMethod(options.method);
    const redirect = options.redirect === undefined ? source?.#redirect ?? "follow" : `${options.redirect}`;
    if (!REDIRECTS.includes(redirect)) throw new TypeError(`"${redirect}" is no redirect mode: follow, error, manual`);
    const hasBody = options.body !== undefined && options.body !== null;
    if ((hasBody || (source?.#holder.body && options.body === undefined)) && (method === "GET" || method === "HEAD")) {
      throw new TypeError(`a ${method} request cannot have a body`);
    }
    if (hasBody && isReadableStream(options.body) && options.duplex !== "half") {
      throw new TypeError('a request with a stream as body needs duplex: "half"');
    }
    const headers = requestHeaders(options.headers ?? source?.#headers);
    let body = hasBody ? extractBody(options.body) : null;
    if (source && options.body === undefined) body = source.#holder.take();
    if (body?.type) addContentType(headers, body.type);
    const signal = options.signal === undefined ? source?.#signal ?? null : options.signal;
    if (signal !== null && !isSignal(signal)) throw new TypeError("the signal of a request is an AbortSignal");
    this.#holder = new BodyHolder(body);
    this.#method = method;
    this.#url = url;
    this.#headers = headers;
    this.#redirect = redirect;
    this.#signal = signal && follow(signal);
  }

  get method() { return this.#method; }
  get url() { return this.#url; }
  get headers() { return this.#headers; }
  get destination() { return ""; }
  get referrer() { return "about:client"; }
  get referrerPolicy() { return ""; }
  get mode() { return "cors"; }
  get credentials() { return "same-origin"; }
  get cache() { return "default"; }
  get redirect() { return this.#redirect; }
  get integrity() { return ""; }
  get keepalive() { return false; }
  get signal() { return this.#signal ??= makeSignal(); }
  get duplex() { return "half"; }
  clone() {
    const body = this.#holder.copy();
    const copy = new Request(this.#url, {
      method: this.#method, headers: this.#headers, redirect: this.#redirect, signal: this.#signal,
    });
    copy.#holder = new BodyHolder(body);
    return copy;
  }
}

defineBody(Request, holderOf);
defineInterfaces({ Request });

/** Null: nothing can abort the request. @type {(request: Request) => AbortSignal | null} */
export const requestSignal = signalOf;
/** @type {(request: Request) => import("./body.js").Body | null} */
export const takeRequestBody = (request) => holderOf(request).take();
