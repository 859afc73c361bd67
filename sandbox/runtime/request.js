// Fetch, section 5.4: Request. What only a browser can act on (mode, credentials, cache, referrer, integrity,
// keepalive) is checked, kept and told, and does nothing.
import { BodyHolder, defineBody, extractBody } from "./body.js";
import { addContentType, copyHeaders, requestHeaders } from "./headers.js";
import { toDictionary } from "./idl.js";
import { defineInspectedAttributes } from "./inspect_types.js";
import { defineInterfaces } from "./install.js";
import { interfaces } from "./late.js";
import { test, toUpperCase } from "./primordials.js";
import { requestHref } from "./url_text.js";

const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NORMALISED = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"];
const FORBIDDEN = ["CONNECT", "TRACE", "TRACK"];
const REDIRECTS = ["follow", "error", "manual"];
const NO_OPTIONS = { __proto__: null };

/** @param {readonly string[]} list @param {string} value */
function isOneOf(list, value) {
  for (let i = 0; i < list.length; ++i) if (list[i] === value) return true;
  return false;
}

/** @param {unknown} method */
function toMethod(method) {
  const text = `${method}`;
  if (isOneOf(NORMALISED, text)) return text;
  const upper = toUpperCase(text);
  if (!test(TOKEN, text) || isOneOf(FORBIDDEN, upper)) {
    throw new TypeError(`"${text}" is no method that fetch can use`);
  }
  return isOneOf(NORMALISED, upper) ? upper : text;
}

/** Of the enumerations of RequestInit those that do nothing here. @param {string} name @param {unknown} value */
function toEnumerated(name, value) {
  const text = `${value}`;
  const known = {
    __proto__: null,
    cache: ["default", "no-store", "reload", "no-cache", "force-cache", "only-if-cached"],
    credentials: ["same-origin", "omit", "include"],
    mode: ["cors", "same-origin", "no-cors"],
    referrerPolicy: [
      "", "no-referrer", "no-referrer-when-downgrade", "same-origin", "origin", "strict-origin",
      "origin-when-cross-origin", "strict-origin-when-cross-origin", "unsafe-url",
    ],
  };
  if (!isOneOf(known[name], text)) throw new TypeError(`"${text}" is no ${name} of a request`);
  return text;
}

/** What only a browser acts on. @param {any} init @param {Record<string, any>} inherited */
function toOptions(init, inherited) {
  const { cache, credentials, integrity, keepalive, mode, referrer, referrerPolicy, window } = init;
  if (window !== undefined && window !== null) throw new TypeError("the window of a request can only be null");
  if (cache === undefined && credentials === undefined && integrity === undefined && keepalive === undefined &&
      mode === undefined && referrer === undefined && referrerPolicy === undefined) {
    return inherited;
  }
  /** @type {any} */
  const options = { __proto__: null, ...inherited };
  if (cache !== undefined) options.cache = toEnumerated("cache", cache);
  if (credentials !== undefined) options.credentials = toEnumerated("credentials", credentials);
  if (integrity !== undefined) options.integrity = `${integrity}`;
  if (keepalive !== undefined) options.keepalive = !!keepalive;
  if (mode !== undefined) options.mode = toEnumerated("mode", mode);
  if (referrer !== undefined) options.referrer = toReferrer(`${referrer}`);
  if (referrerPolicy !== undefined) options.referrerPolicy = toEnumerated("referrerPolicy", referrerPolicy);
  if (options.cache === "only-if-cached" && options.mode !== "same-origin") {
    throw new TypeError('the cache mode "only-if-cached" needs the mode "same-origin"');
  }
  return options;
}

/** There is no page, so every URL is of another origin: the referrer stays the client's. @param {string} text */
function toReferrer(text) {
  if (text === "") return "";
  requestHref(text);
  return "about:client";
}

/**
 * `source` is what was given to abort the request with, `signal` the request's own, which follows that; it is there
 * once somebody has asked for it.
 * @typedef {{
 *   holder: BodyHolder, method: string, url: string, headers: Headers, redirect: string, options: Record<string, any>,
 *   source: AbortSignal | null, signal: AbortSignal | null,
 * }} State
 */

let stateOf;

/** @param {State} state @returns {AbortSignal | null} null: nothing can abort the request */
const signalOf = (state) => state.signal ?? state.source;

export class Request {
  /** @type {State} */
  #state;

  static { stateOf = (request) => request.#state; }

  /** @param {RequestInfo | URL} input @param {any} [init] */
  constructor(input, init = undefined) {
    const given = toDictionary(init, "the options of a Request") ?? NO_OPTIONS;
    const source = typeof input === "object" && input !== null && #state in input ? input.#state : null;
    const url = source ? source.url : requestHref(input);
    const inherited = source ? source.options : NO_OPTIONS;
    const options = given === NO_OPTIONS ? inherited : toOptions(given, inherited);
    const { body: content, duplex, headers: listed, method: verb, redirect: mode, signal: signalled } = given;
    const method = verb === undefined ? source?.method ?? "GET" : toMethod(verb);
    const redirect = mode === undefined ? source?.redirect ?? "follow" : `${mode}`;
    if (!isOneOf(REDIRECTS, redirect)) throw new TypeError(`"${redirect}" is no redirect mode: follow, error, manual`);
    if (duplex !== undefined && `${duplex}` !== "half") throw new TypeError(`"${duplex}" is no duplex mode: half`);
    const signal = signalled === undefined ? source && signalOf(source) : signalled;
    if (signal !== null && !interfaces.isSignal(signal)) throw new TypeError("the signal of a request is an AbortSignal");
    const headers = listed === undefined && source ? copyHeaders(source.headers) : requestHeaders(listed);
    const hasBody = content !== undefined && content !== null;
    if ((hasBody || source?.holder.body) && (method === "GET" || method === "HEAD")) {
      throw new TypeError(`a ${method} request cannot have a body`);
    }
    if (hasBody && interfaces.isReadableStream(content)) {
      if (duplex === undefined) throw new TypeError('a request with a stream as body needs duplex: "half"');
      if (options.keepalive) throw new TypeError("a request that is kept alive cannot have a stream as body");
    }
    const body = hasBody ? extractBody(content) : source ? source.holder.take() : null;
    if (hasBody && body.type) addContentType(headers, body.type);
    const holder = new BodyHolder(body);
    this.#state = { holder, method, url, headers, redirect, options, source: signal, signal: null };
  }

  get method() { return this.#state.method; }
  get url() { return this.#state.url; }
  get headers() { return this.#state.headers; }
  get destination() { return this.#state && ""; }
  get referrer() { return this.#state.options.referrer ?? "about:client"; }
  get referrerPolicy() { return this.#state.options.referrerPolicy ?? ""; }
  get mode() { return this.#state.options.mode ?? "cors"; }
  get credentials() { return this.#state.options.credentials ?? "same-origin"; }
  get cache() { return this.#state.options.cache ?? "default"; }
  get redirect() { return this.#state.redirect; }
  get integrity() { return this.#state.options.integrity ?? ""; }
  get keepalive() { return this.#state.options.keepalive ?? false; }
  get signal() {
    const state = this.#state;
    return state.signal ??= require("./abort.js").makeDependentSignal(state.source === null ? [] : [state.source]);
  }
  get duplex() { return this.#state && "half"; }
  clone() {
    const state = this.#state;
    const holder = new BodyHolder(state.holder.copy());
    const copy = new Request(state.url);
    copy.#state = { ...state, holder, headers: copyHeaders(state.headers), source: signalOf(state), signal: null };
    return copy;
  }
}

defineBody(Request, stateOf);
defineInterfaces({ Request });
defineInspectedAttributes(Request, ["method", "url", "headers", "redirect", "bodyUsed"]);

/** What fetch sends. @type {(request: Request) => State} */
export const requestState = stateOf;
/** Null: nothing can abort the request. @type {(state: State) => AbortSignal | null} */
export const requestSignal = signalOf;
