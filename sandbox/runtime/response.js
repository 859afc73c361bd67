// Fetch, section 5.5: Response.
import { BodyHolder, defineBody, extractBody } from "./body.js";
import { Headers, freezeHeaders } from "./headers.js";
import { defineInterfaces } from "./install.js";
import { stringify, test } from "./primordials.js";
import { URL } from "./url.js";

const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;
const NULL_BODY = [101, 103, 204, 205, 304];
const REDIRECT = [301, 302, 303, 307, 308];

let holderOf, make;
/** What the constructor is given by `make`, which sets everything itself. */
const BLANK = {};

export class Response {
  /** @type {BodyHolder} */
  #holder;
  #status;
  #statusText;
  #headers;
  #type = "default";
  #url = "";
  #redirected = false;

  static {
    holderOf = (response) => response.#holder;
    make = (parts) => {
      const { status = 200, statusText = "", headers = new Headers(), type, url = "" } = parts;
      const { redirected = false, body = null } = parts;
      const response = new Response(/** @type {any} */ (BLANK));
      response.#holder = new BodyHolder(body);
      response.#status = status;
      response.#statusText = statusText;
      response.#headers = headers;
      response.#type = type;
      response.#url = url;
      response.#redirected = redirected;
      return response;
    };
  }

  /** @param {BodyInit | null} [body] @param {ResponseInit} [init] */
  constructor(body = null, init = {}) {
    if (/** @type {unknown} */ (body) === BLANK) return;
    const { status = 200, statusText = "", headers } = init ?? {};
    const number = Number(status);
    if (!(number >= 200 && number <= 599)) throw new RangeError(`${status} is no status of a response: 200 to 599`);
    if (!test(REASON, `${statusText}`)) throw new TypeError("the status text holds a character that it cannot carry");
    this.#status = Math.trunc(number);
    this.#statusText = `${statusText}`;
    this.#headers = new Headers(headers);
    const extracted = body === null || body === undefined ? null : extractBody(body);
    if (extracted && NULL_BODY.includes(this.#status)) {
      throw new TypeError(`a response with status ${number} has no body`);
    }
    if (extracted?.type && !this.#headers.has("content-type")) this.#headers.set("content-type", extracted.type);
    this.#holder = new BodyHolder(extracted);
  }

  static error() { return make({ status: 0, type: "error", headers: freezeHeaders(new Headers()) }); }
  /** @param {string | URL} url @param {number} [status] */
  static redirect(url, status = 302) {
    const { href } = new URL(url);
    if (!REDIRECT.includes(status)) throw new RangeError(`${status} is no status of a redirect`);
    return make({ status, type: "default", headers: freezeHeaders(new Headers({ location: href })) });
  }
  /** @param {unknown} data @param {ResponseInit} [init] */
  static json(data, init = {}) {
    const text = stringify(data);
    if (text === undefined) throw new TypeError("this value has no JSON");
    const headers = new Headers(init?.headers);
    if (!headers.has("content-type")) headers.set("content-type", "application/json");
    return new Response(text, { ...init, headers });
  }

  get type() { return this.#type; }
  get url() { return this.#url; }
  get redirected() { return this.#redirected; }
  get status() { return this.#status; }
  get ok() { return this.#status >= 200 && this.#status <= 299; }
  get statusText() { return this.#statusText; }
  get headers() { return this.#headers; }
  clone() {
    return make({
      status: this.#status, statusText: this.#statusText, headers: new Headers(this.#headers), type: this.#type,
      url: this.#url, redirected: this.#redirected, body: this.#holder.copy(),
    });
  }
}

defineBody(Response, holderOf);
defineInterfaces({ Response });

/**
 * A response as it came from the engine.
 * @type {(parts: { status: number, statusText: string, headers: Headers, type: string, url: string,
 *                  redirected: boolean, body: import("./body.js").Body | null }) => Response}
 */
export const makeResponse = make;
