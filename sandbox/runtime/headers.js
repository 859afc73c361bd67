// Fetch, section 5.1: Headers.
import { checkArguments, isObject } from "./idl.js";
import { byName, defineInspected } from "./inspect_types.js";
import { defineInterfaces } from "./install.js";
import { defineIterable, toSequence } from "./iterable.js";
import {
  Symbol, copyList, getOwnPropertyDescriptor, makeList, ownKeys, push, sliceString, sort, splice, startsWith, test,
  toLowerCase,
} from "./primordials.js";

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const VALUE = /^[\x01-\x09\x0b\x0c\x0e-\xff]*$/;
const isWhite = (c) => c === " " || c === "\t" || c === "\r" || c === "\n";

/** Names that were found to be good, and how many: the same few come with each call. */
const good = { __proto__: null };
let goodNames = 0;
const MAX_GOOD_NAMES = 256;

/** @param {unknown} name */
function toName(name) {
  const text = `${name}`;
  if (good[text] === true) return text;
  if (!test(NAME, text)) throw new TypeError(`"${text}" is no name of a header`);
  if (goodNames < MAX_GOOD_NAMES) {
    ++goodNames;
    good[text] = true;
  }
  return text;
}

/** @param {string} name @param {unknown} value */
function toValue(name, value) {
  let text = `${value}`;
  let start = 0;
  let end = text.length;
  while (start < end && isWhite(text[start])) ++start;
  while (end > start && isWhite(text[end - 1])) --end;
  text = sliceString(text, start, end);
  if (!test(VALUE, text)) {
    throw new TypeError(`the value of the header "${name}" holds a character that a header cannot carry`);
  }
  return text;
}

/**
 * What a request's headers drop in silence: the forbidden request-headers of Fetch, section 2.2.2, as far as they serve
 * a purpose where there is no browser. A name that ends in "-" stands for all that begin so. The broker refuses what it
 * must own itself, whatever a cell sends; this list makes code that was written for browsers or for Node.js run.
 *
 * Of the standard's list these are left to scripts, because APIs ask for them:
 *   cookie           sessions; there is no cookie jar that it could contradict
 *   date             a part of what request signatures cover (RFC 9421, section 2.1)
 *   origin, referer  keys that are restricted to a site; there is no page whose origin they could forge
 * X-HTTP-Method and its like are forbidden by their value; the broker refuses them by their name, which says why.
 */
const DROPPED = [
  "accept-charset",                  // obsolete (RFC 9110, section 12.5.2)
  "accept-encoding",                 // the broker negotiates what it can decode within bounds
  "access-control-request-headers",  // of a browser's preflight
  "access-control-request-method",
  "access-control-request-private-network",
  "connection",                      // the broker owns the connection
  "content-length",                  // the broker frames the message itself
  "cookie2",                         // obsolete (RFC 6265, section 9.4)
  "dnt",                             // a person's preference, and here is none
  "expect",                          // framing
  "host",                            // the broker names the peer, from the URL that was judged
  "http2-settings",                  // connection; newer than the standard's list
  "keep-alive",                      // connection
  "set-cookie",                      // a header of responses
  "te",                              // framing
  "trailer",                         // framing
  "transfer-encoding",               // framing
  "upgrade",                         // connection
  "via",                             // proxies set it
  "proxy-",                          // speaks to proxies
  "sec-",                            // only a browser may set it
];

const DROPPED_NAMES = { __proto__: null };
const DROPPED_STARTS = [];
for (let i = 0; i < DROPPED.length; ++i) {
  const entry = DROPPED[i];
  if (entry[entry.length - 1] === "-") push(DROPPED_STARTS, entry);
  else DROPPED_NAMES[entry] = true;
}

/** @param {string} name */
function isDropped(name) {
  const key = toLowerCase(name);
  if (DROPPED_NAMES[key] === true) return true;
  for (let i = 0; i < DROPPED_STARTS.length; ++i) if (startsWith(key, DROPPED_STARTS[i])) return true;
  return false;
}

/** A pair in a list. @param {unknown} item */
function toPair(item) {
  const pair = toSequence(item, (part) => `${part}`, "a header of a list");
  if (pair.length !== 2) throw new TypeError("each header of a list is a pair of name and value");
  return pair;
}

let toList, getValue, toCombined, makeImmutable, makeGuarded, makeReceived, makeCopy, addType;
/** The method that iterates, as it is where nobody has changed it. @type {unknown} */
let iterates;

export class Headers {
  /** Names and values in turn, in the order they came. @type {string[]} */
  #list = makeList();
  /** What iterating gives, until something changes. @type {string[] | null} */
  #combined = null;
  /** Fetch's guard. @type {"none" | "request" | "immutable"} */
  #guard = "none";

  static {
    toList = (headers) => copyList(headers.#list);
    getValue = (headers, name) => headers.#get(name);
    toCombined = (headers) => headers.#combined ??= headers.#combine();
    makeImmutable = (headers) => {
      headers.#guard = "immutable";
      return headers;
    };
    makeGuarded = (init) => {
      const headers = new Headers();
      headers.#guard = "request";
      headers.#fill(init);
      return headers;
    };
    makeCopy = (source) => {
      const headers = new Headers();
      headers.#guard = source.#guard;
      headers.#list = copyList(source.#list);
      return headers;
    };
    makeReceived = (list) => {
      const headers = new Headers();
      headers.#list = list;
      headers.#guard = "immutable";
      return headers;
    };
    addType = (headers, type) => {
      const list = headers.#list;
      for (let i = 0; i < list.length; i += 2) if (toLowerCase(list[i]) === "content-type") return;
      push(list, "content-type", type);
      headers.#combined = null;
    };
  }

  /** @param {HeadersInit} [init] */
  constructor(init = undefined) { this.#fill(init); }

  /** @param {HeadersInit} [init] */
  #fill(init) {
    if (init === undefined) return;
    if (!isObject(init)) throw new TypeError("Headers takes an object or a list of pairs");
    const iterate = init[Symbol.iterator];
    if (#list in init && iterate === iterates) {
      this.#addAll(init);
    } else if (iterate !== undefined && iterate !== null) {
      const pairs = toSequence(init, toPair, "the headers", iterate);
      for (let i = 0; i < pairs.length; ++i) this.#append(pairs[i][0], pairs[i][1]);
    } else {
      const names = ownKeys(init);
      for (let i = 0; i < names.length; ++i) {
        if (getOwnPropertyDescriptor(init, names[i])?.enumerable) this.#append(names[i], init[names[i]]);
      }
    }
  }
  /** @param {Headers} headers */
  #addAll(headers) {
    const list = headers.#list;
    for (let i = 0; i < list.length; i += 2) if (this.#validate(list[i])) push(this.#list, list[i], list[i + 1]);
    this.#combined = null;
  }
  #append(name, value) {
    const key = toName(name);
    const text = toValue(key, value);
    if (!this.#validate(key)) return;
    push(this.#list, key, text);
    this.#combined = null;
  }

  /** Whether `name` may be changed; false: in silence. @param {string} name */
  #validate(name) {
    if (this.#guard === "immutable") throw new TypeError("these headers cannot be changed");
    return this.#guard !== "request" || !isDropped(name);
  }
  #indices(name) {
    const key = toLowerCase(toName(name));
    const found = makeList();
    for (let i = 0; i < this.#list.length; i += 2) if (toLowerCase(this.#list[i]) === key) push(found, i);
    return found;
  }

  /** "Sort and combine": names and values in turn. Each cookie stays one of its own. */
  #combine() {
    const list = this.#list;
    const rows = makeList();
    for (let i = 0; i < list.length; i += 2) push(rows, { name: toLowerCase(list[i]), value: list[i + 1], order: i });
    sort(rows, (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : a.order - b.order));
    const combined = [];
    for (let i = 0; i < rows.length; ++i) {
      const { name, value } = rows[i];
      if (i > 0 && rows[i - 1].name === name && name !== "set-cookie") combined[combined.length - 1] += `, ${value}`;
      else push(combined, name, value);
    }
    return combined;
  }

  #get(name) {
    const found = this.#indices(name);
    if (found.length === 0) return null;
    let text = this.#list[found[0] + 1];
    for (let i = 1; i < found.length; ++i) text += `, ${this.#list[found[i] + 1]}`;
    return text;
  }

  append(name, value) {
    checkArguments(arguments.length, 2, "Headers.append");
    this.#append(name, value);
  }
  delete(name) {
    checkArguments(arguments.length, 1, "Headers.delete");
    const found = this.#indices(name);
    if (!this.#validate(`${name}`)) return;
    for (let i = found.length - 1; i >= 0; --i) splice(this.#list, found[i], 2);
    this.#combined = null;
  }
  get(name) {
    checkArguments(arguments.length, 1, "Headers.get");
    return this.#get(name);
  }
  getSetCookie() {
    const cookies = [];
    const found = this.#indices("set-cookie");
    for (let i = 0; i < found.length; ++i) push(cookies, this.#list[found[i] + 1]);
    return cookies;
  }
  has(name) {
    checkArguments(arguments.length, 1, "Headers.has");
    return this.#indices(name).length > 0;
  }
  set(name, value) {
    checkArguments(arguments.length, 2, "Headers.set");
    const key = toName(name);
    const text = toValue(key, value);
    if (!this.#validate(key)) return;
    const found = this.#indices(key);
    for (let i = found.length - 1; i > 0; --i) splice(this.#list, found[i], 2);
    if (found.length > 0) this.#list[found[0] + 1] = text;
    else push(this.#list, key, text);
    this.#combined = null;
  }
}

iterates = defineIterable(Headers, "Headers", toCombined);
defineInterfaces({ Headers });
defineInspected(Headers, (headers) => byName(toList(headers)));

/** The names and values in turn, as they were given. @type {(headers: Headers) => string[]} */
export const headerList = toList;
/** @type {(headers: Headers, name: string) => string | null} */
export const headerValue = getValue;
/** @type {(headers: Headers) => Headers} */
export const freezeHeaders = makeImmutable;
/** The headers of a response, as the cell has checked them. @type {(list: string[]) => Headers} */
export const receivedHeaders = makeReceived;
/** The type that a body gives its request or response, where there is none yet. @type {(headers: Headers, type: string) => void} */
export const addContentType = addType;
/** The headers of a request, which drop what is not a script's to set. @type {(init?: HeadersInit) => Headers} */
export const requestHeaders = makeGuarded;
/** The same headers under the same rules. @type {(headers: Headers) => Headers} */
export const copyHeaders = makeCopy;
