// Fetch, section 5.5: Response.
import { BodyHolder, defineBody, extractBody } from "./body.js";
import { encodeUtf8 } from "./utf8.js";
import { Headers, addContentType, copyHeaders, freezeHeaders } from "./headers.js";
import { checkArguments, toDictionary } from "./idl.js";
import { defineInspectedAttributes } from "./inspect_types.js";
import { defineInterfaces } from "./install.js";
import { typedArrayLength, stringify, test, trunc } from "./primordials.js";
import { parseUrl } from "./url_text.js";

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;
const NO_OPTIONS = { __proto__: null };

const isNullBody = (status) => status === 204 || status === 205 || status === 304;
const isRedirect = (status) => (status >= 301 && status <= 303) || status === 307 || status === 308;

/** Web IDL's unsigned short. @param {unknown} value */
function toStatus(value) {
  const number = trunc(Number(value)) % 65536;
  return number < 0 ? number + 65536 : number + 0;
}

/**
 * @typedef {{
 *   holder: BodyHolder, status: number, statusText: string, headers: Headers, type: string, url: string,
 *   redirected: boolean,
 * }} State
 */

let stateOf, make;
/** What the constructor is given by `make`, which sets the state itself. */
const BLANK = {};

export class Response {
  /** @type {State} */
  #state;

  static {
    stateOf = (response) => response.#state;
    make = (state) => {
      const response = new Response(/** @type {any} */ (BLANK));
      response.#state = state;
      return response;
    };
  }

  /** @param {BodyInit | null} [body] @param {ResponseInit} [init] */
  constructor(body = null, init = undefined) {
    if (/** @type {unknown} */ (body) === BLANK) return;
    const { status: given = 200, statusText: reason = "", headers: listed } =
      toDictionary(init, "the options of a Response") ?? NO_OPTIONS;
    const status = toStatus(given);
    if (!(status >= 200 && status <= 599)) throw new RangeError(`${given} is no status of a response: 200 to 599`);
    const statusText = `${reason}`;
    if (!test(REASON, statusText)) throw new TypeError("the status text holds a character that it cannot carry");
    const headers = new Headers(listed);
    const extracted = body === null ? null : extractBody(body);
    if (extracted && isNullBody(status)) throw new TypeError(`a response with status ${status} has no body`);
    if (extracted?.type) addContentType(headers, extracted.type);
    const holder = new BodyHolder(extracted);
    this.#state = { holder, status, statusText, headers, type: "default", url: "", redirected: false };
  }

  static error() {
    const headers = freezeHeaders(new Headers());
    const holder = new BodyHolder(null);
    return make({ holder, status: 0, statusText: "", headers, type: "error", url: "", redirected: false });
  }
  /** @param {string | URL} url @param {number} [status] */
  static redirect(url, status = 302) {
    checkArguments(arguments.length, 1, "Response.redirect");
    const location = parseUrl(url);
    const number = toStatus(status);
    if (!isRedirect(number)) throw new RangeError(`${status} is no status of a redirect`);
    const headers = freezeHeaders(new Headers({ location }));
    const holder = new BodyHolder(null);
    return make({ holder, status: number, statusText: "", headers, type: "default", url: "", redirected: false });
  }
  /** @param {unknown} data @param {ResponseInit} [init] */
  static json(data, init = undefined) {
    checkArguments(arguments.length, 1, "Response.json");
    const text = stringify(data);
    if (text === undefined) throw new TypeError("this value has no JSON");
    const response = new Response(null, init);
    const state = response.#state;
    if (isNullBody(state.status)) throw new TypeError(`a response with status ${state.status} has no body`);
    addContentType(state.headers, "application/json");
    const bytes = encodeUtf8(text);
    state.holder = new BodyHolder({ __proto__: null, bytes, size: typedArrayLength(bytes) });
    return response;
  }

  get type() { return this.#state.type; }
  get url() { return this.#state.url; }
  get redirected() { return this.#state.redirected; }
  get status() { return this.#state.status; }
  get ok() {
    const { status } = this.#state;
    return status >= 200 && status <= 299;
  }
  get statusText() { return this.#state.statusText; }
  get headers() { return this.#state.headers; }
  clone() {
    const state = this.#state;
    return make({ ...state, holder: new BodyHolder(state.holder.copy()), headers: copyHeaders(state.headers) });
  }
}

defineBody(Response, stateOf);
defineInterfaces({ Response });
defineInspectedAttributes(Response, ["status", "statusText", "url", "headers", "type", "redirected", "bodyUsed"]);

/** A response as it came from the engine. @type {(state: State) => Response} */
export const makeResponse = make;
