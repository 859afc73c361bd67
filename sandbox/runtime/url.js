// URL: URL and URLSearchParams. The parsing is ada's; this keeps the href and the offsets of its parts.
import { checkArguments, isObject } from "./idl.js";
import { byName, defineInspected, defineInspectedAttributes } from "./inspect_types.js";
import { defineInterfaces } from "./install.js";
import { defineIterable, toSequence } from "./iterable.js";
import { interfaces } from "./late.js";
import {
  Symbol, Uint32Array, copyList, getOwnPropertyDescriptor, ownKeys, push, sliceString, sort, splice, toWellFormed,
} from "./primordials.js";

const { queryParse, querySerialize, urlOrigin, urlParse, urlUpdate } = host;

// The offsets of ada::url_components, and its "not there".
const PROTOCOL_END = 0, USERNAME_END = 1, HOST_START = 2, HOST_END = 3, PORT = 4, PATHNAME_START = 5, SEARCH_START = 6,
  HASH_START = 7;
const NONE = 0xffffffff;
// Which part urlUpdate changes, as in natives_url.cc.
const HREF = 0, PROTOCOL_PART = 1, USERNAME_PART = 2, PASSWORD_PART = 3, HOST_PART = 4, HOSTNAME_PART = 5,
  PORT_PART = 6, PATHNAME_PART = 7, SEARCH_PART = 8, HASH_PART = 9;

let makeParams, refreshParams, listOf, isParams;

/** A USVString (Web IDL, section 3.2.12). @param {unknown} value @returns {string} */
const toText = (value) => toWellFormed(`${value}`);

export class URL {
  #href = "";
  #parts = new Uint32Array(8);
  /** @type {URLSearchParams | undefined} */
  #params;

  /** @param {string | URL} url @param {string | URL} [base] */
  constructor(url, base = undefined) {
    checkArguments(arguments.length, 1, "new URL");
    const input = `${url}`;
    const against = base === undefined ? undefined : `${base}`;
    const href = urlParse(input, against, this.#parts);
    if (href === undefined) {
      throw new TypeError("Invalid URL", { cause: against === undefined ? { input } : { input, base: against } });
    }
    this.#href = href;
  }

  static canParse(url, base = undefined) {
    checkArguments(arguments.length, 1, "URL.canParse");
    return urlParse(`${url}`, base === undefined ? undefined : `${base}`, new Uint32Array(8)) !== undefined;
  }

  static parse(url, base = undefined) {
    checkArguments(arguments.length, 1, "URL.parse");
    const input = `${url}`;
    const against = base === undefined ? undefined : `${base}`;
    return urlParse(input, against, new Uint32Array(8)) === undefined ? null : new URL(input, against);
  }

  #update(part, value, keepParams = false) {
    const href = urlUpdate(this.#href, part, `${value}`, this.#parts);
    if (href === undefined) {
      if (part === HREF) throw new TypeError("Invalid URL", { cause: { input: `${value}` } });
      return;
    }
    this.#href = href;
    if (this.#params && !keepParams) refreshParams(this.#params, this.search);
  }

  #slice(start, end) { return sliceString(this.#href, start, end); }
  #queryStart() { return this.#parts[SEARCH_START] !== NONE ? this.#parts[SEARCH_START] : this.#hashStart(); }
  #hashStart() { return this.#parts[HASH_START] !== NONE ? this.#parts[HASH_START] : this.#href.length; }
  /** Where the host begins, behind the "@" if there is one. */
  #hostStart() {
    const start = this.#parts[HOST_START];
    return this.#href[start] === "@" ? start + 1 : start;
  }

  get href() { return this.#href; }
  set href(value) { this.#update(HREF, value); }
  get origin() { return urlOrigin(this.#href); }
  get protocol() { return this.#slice(0, this.#parts[PROTOCOL_END]); }
  set protocol(value) { this.#update(PROTOCOL_PART, value); }
  get username() {
    const start = this.#parts[PROTOCOL_END] + 2;
    return start < this.#parts[USERNAME_END] ? this.#slice(start, this.#parts[USERNAME_END]) : "";
  }
  set username(value) { this.#update(USERNAME_PART, value); }
  get password() {
    const start = this.#parts[USERNAME_END] + 1;
    return this.#parts[HOST_START] >= start ? this.#slice(start, this.#parts[HOST_START]) : "";
  }
  set password(value) { this.#update(PASSWORD_PART, value); }
  get host() {
    // Without a port, "/." may stand between the host and a pathname that begins with "//".
    return this.#slice(this.#hostStart(), this.#parts[this.#parts[PORT] === NONE ? HOST_END : PATHNAME_START]);
  }
  set host(value) { this.#update(HOST_PART, value); }
  get hostname() { return this.#slice(this.#hostStart(), this.#parts[HOST_END]); }
  set hostname(value) { this.#update(HOSTNAME_PART, value); }
  get port() { return this.#parts[PORT] === NONE ? "" : `${this.#parts[PORT]}`; }
  set port(value) { this.#update(PORT_PART, value); }
  get pathname() { return this.#slice(this.#parts[PATHNAME_START], this.#queryStart()); }
  set pathname(value) { this.#update(PATHNAME_PART, value); }
  get search() {
    const search = this.#slice(this.#queryStart(), this.#hashStart());
    return search.length > 1 ? search : "";
  }
  set search(value) { this.#update(SEARCH_PART, value); }
  get searchParams() {
    return this.#params ??= makeParams(this.search, (query) => this.#update(SEARCH_PART, query, true));
  }
  get hash() {
    const hash = this.#slice(this.#hashStart());
    return hash.length > 1 ? hash : "";
  }
  set hash(value) { this.#update(HASH_PART, value); }
  toString() { return this.#href; }
  toJSON() { return this.#href; }
}

export class URLSearchParams {
  /** Names and values in turn. @type {string[]} */
  #list = [];
  /** Writes the query back to the URL. @type {((query: string) => void) | undefined} */
  #write;

  static {
    makeParams = (search, write) => {
      const params = new URLSearchParams(search);
      params.#write = write;
      return params;
    };
    listOf = (params) => params.#list;
    isParams = (value) => isObject(value) && #list in value;
    refreshParams = (params, search) => {
      params.#list = queryParse(search[0] === "?" ? sliceString(search, 1) : search);
    };
  }

  /** @param {string | Iterable<[string, string]> | Record<string, string>} [init] */
  constructor(init = "") {
    if (!isObject(init)) {
      const text = `${init}`;
      this.#list = queryParse(text[0] === "?" ? sliceString(text, 1) : text);
      return;
    }
    const iterate = init[Symbol.iterator];
    if (iterate !== undefined && iterate !== null) {
      toSequence(init, (pair) => {
        const texts = toSequence(pair, toText, "a pair of a query");
        if (texts.length !== 2) throw new TypeError("each pair of a query has a name and a value");
        push(this.#list, texts[0], texts[1]);
      }, "a query", iterate);
      return;
    }
    const names = ownKeys(init);
    for (let i = 0; i < names.length; ++i) {
      if (getOwnPropertyDescriptor(init, names[i])?.enumerable) this.#set(toText(names[i]), toText(init[names[i]]));
    }
  }

  #changed() { this.#write?.(querySerialize(this.#list)); }
  #set(name, value) {
    const list = this.#list;
    let found = false;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== name) continue;
      if (found) {
        splice(list, i, 2);
        i -= 2;
      } else {
        list[i + 1] = value;
        found = true;
      }
    }
    if (!found) push(list, name, value);
  }

  get size() { return this.#list.length / 2; }
  append(name, value) {
    checkArguments(arguments.length, 2, "append");
    const key = toText(name);
    push(this.#list, key, toText(value));
    this.#changed();
  }
  delete(name, value = undefined) {
    checkArguments(arguments.length, 1, "delete");
    const key = toText(name);
    const only = value === undefined ? undefined : toText(value);
    const list = this.#list;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] !== key || (only !== undefined && list[i + 1] !== only)) continue;
      splice(list, i, 2);
      i -= 2;
    }
    this.#changed();
  }
  get(name) {
    checkArguments(arguments.length, 1, "get");
    const key = toText(name);
    for (let i = 0; i < this.#list.length; i += 2) if (this.#list[i] === key) return this.#list[i + 1];
    return null;
  }
  getAll(name) {
    checkArguments(arguments.length, 1, "getAll");
    const key = toText(name);
    const values = [];
    for (let i = 0; i < this.#list.length; i += 2) if (this.#list[i] === key) push(values, this.#list[i + 1]);
    return values;
  }
  has(name, value = undefined) {
    checkArguments(arguments.length, 1, "has");
    const key = toText(name);
    const only = value === undefined ? undefined : toText(value);
    for (let i = 0; i < this.#list.length; i += 2) {
      if (this.#list[i] === key && (only === undefined || this.#list[i + 1] === only)) return true;
    }
    return false;
  }
  set(name, value) {
    checkArguments(arguments.length, 2, "set");
    const key = toText(name);
    this.#set(key, toText(value));
    this.#changed();
  }
  sort() {
    const list = this.#list;
    const pairs = [];
    for (let i = 0; i < list.length; i += 2) push(pairs, { name: list[i], value: list[i + 1] });
    sort(pairs, (a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    for (let i = 0; i < pairs.length; ++i) {
      list[2 * i] = pairs[i].name;
      list[2 * i + 1] = pairs[i].value;
    }
    this.#changed();
  }
  toString() { return querySerialize(this.#list); }
}

defineInterfaces({ URL, URLSearchParams });
defineIterable(URLSearchParams, "URLSearchParams", listOf);

defineInspectedAttributes(URL, ["href"]);
defineInspected(URLSearchParams, (params) => byName(copyList(listOf(params))));
interfaces.isSearchParams = isParams;

/** @type {(params: URLSearchParams) => string} */
export const serializeParams = (params) => querySerialize(listOf(params));
