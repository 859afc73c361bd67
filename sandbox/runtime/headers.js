// Fetch, section 5.1: Headers.
import { defineInterfaces } from "./install.js";
import { charCodeAt, push, slice, sort, splice, test, toLowerCase } from "./primordials.js";

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const WHITE = " \t\r\n";

/** @param {unknown} name */
function toName(name) {
  const text = `${name}`;
  if (!test(NAME, text)) throw new TypeError(`"${text}" is no name of a header`);
  return text;
}

/** @param {string} name @param {unknown} value */
function toValue(name, value) {
  let text = `${value}`;
  let start = 0;
  let end = text.length;
  while (start < end && WHITE.includes(text[start])) ++start;
  while (end > start && WHITE.includes(text[end - 1])) --end;
  text = text.substring(start, end);
  for (let i = 0; i < text.length; ++i) {
    const code = charCodeAt(text, i);
    if (code === 0 || code === 10 || code === 13 || code > 255) {
      throw new TypeError(`the value of the header "${name}" holds a character that a header cannot carry`);
    }
  }
  return text;
}

let toList, makeImmutable;

export class Headers {
  /** Names and values in turn, in the order they came. @type {string[]} */
  #list = [];
  #immutable = false;

  static {
    toList = (headers) => slice(headers.#list);
    makeImmutable = (headers) => {
      headers.#immutable = true;
      return headers;
    };
  }

  /** @param {HeadersInit} [init] */
  constructor(init = undefined) {
    if (init === undefined) return;
    if (typeof init !== "object" || init === null) throw new TypeError("Headers takes an object or a list of pairs");
    if (#list in init) {
      this.#list = toList(init);
    } else if (typeof init[Symbol.iterator] === "function") {
      for (const pair of init) {
        const parts = [...pair];
        if (parts.length !== 2) throw new TypeError("each header of a list is a pair of name and value");
        this.append(parts[0], parts[1]);
      }
    } else {
      for (const name of Reflect.ownKeys(init)) {
        if (Object.getOwnPropertyDescriptor(init, name)?.enumerable) this.append(name, init[name]);
      }
    }
  }

  #check() {
    if (this.#immutable) throw new TypeError("these headers cannot be changed");
  }
  #indices(name) {
    const key = toLowerCase(toName(name));
    const found = [];
    for (let i = 0; i < this.#list.length; i += 2) if (toLowerCase(this.#list[i]) === key) push(found, i);
    return found;
  }

  append(name, value) {
    const key = toName(name);
    const text = toValue(key, value);
    this.#check();
    push(this.#list, key, text);
  }
  delete(name) {
    const found = this.#indices(name);
    this.#check();
    for (let i = found.length - 1; i >= 0; --i) splice(this.#list, found[i], 2);
  }
  get(name) {
    const found = this.#indices(name);
    if (found.length === 0) return null;
    let text = this.#list[found[0] + 1];
    for (let i = 1; i < found.length; ++i) text += `, ${this.#list[found[i] + 1]}`;
    return text;
  }
  getSetCookie() {
    const cookies = [];
    for (const i of this.#indices("set-cookie")) push(cookies, this.#list[i + 1]);
    return cookies;
  }
  has(name) { return this.#indices(name).length > 0; }
  set(name, value) {
    const key = toName(name);
    const text = toValue(key, value);
    this.#check();
    const found = this.#indices(key);
    for (let i = found.length - 1; i > 0; --i) splice(this.#list, found[i], 2);
    if (found.length > 0) this.#list[found[0] + 1] = text;
    else push(this.#list, key, text);
  }
  forEach(callback, self) { for (const [name, value] of this) Reflect.apply(callback, self, [value, name, this]); }
  *entries() {
    const names = [];
    for (let i = 0; i < this.#list.length; i += 2) {
      const name = toLowerCase(this.#list[i]);
      if (!names.includes(name)) push(names, name);
    }
    for (const name of sort(names)) {
      if (name === "set-cookie") for (const cookie of this.getSetCookie()) yield [name, cookie];
      else yield [name, this.get(name)];
    }
  }
  *keys() { for (const [name] of this) yield name; }
  *values() { for (const [, value] of this) yield value; }
  [Symbol.iterator]() { return this.entries(); }
}

defineInterfaces({ Headers });

/** The names and values in turn, as they were given. @type {(headers: Headers) => string[]} */
export const headerList = toList;
/** @type {(headers: Headers) => Headers} */
export const freezeHeaders = makeImmutable;
