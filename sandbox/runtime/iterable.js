// Web IDL, sections 3.7.9 and 3.7.10: iterable<name, value>: the members of such an interface, and what they return.
import { isObject } from "./idl.js";
import { Symbol, apply, defineProperty, iteratorPrototype, ownKeys, setPrototypeOf } from "./primordials.js";

const NAMES = 0, VALUES = 1, PAIRS = 2;

/**
 * Defines the members. Returns the one that iterates.
 * @param {Function} constructor @param {string} name
 * @param {(owner: any) => any[]} pairsOf its names and values in turn, as they are now; throws for what is none
 */
export function defineIterable(constructor, name, pairsOf) {
  class PairIterator {
    #owner;
    #kind;
    #index = 0;

    constructor(owner, kind) {
      pairsOf(owner);
      this.#owner = owner;
      this.#kind = kind;
    }

    next() {
      const pairs = pairsOf(this.#owner);
      const index = this.#index;
      if (index >= pairs.length) return { value: undefined, done: true };
      this.#index = index + 2;
      if (this.#kind === PAIRS) return { value: [pairs[index], pairs[index + 1]], done: false };
      return { value: pairs[index + this.#kind], done: false };
    }
  }
  delete PairIterator.prototype.constructor;
  setPrototypeOf(PairIterator.prototype, iteratorPrototype);
  defineProperty(PairIterator.prototype, "next", { __proto__: null, enumerable: true });
  defineProperty(PairIterator.prototype, Symbol.toStringTag, {
    __proto__: null, value: `${name} Iterator`, configurable: true,
  });

  const members = {
    entries() { return new PairIterator(this, PAIRS); },
    keys() { return new PairIterator(this, NAMES); },
    values() { return new PairIterator(this, VALUES); },
    forEach(callback, self = undefined) {
      pairsOf(this);
      if (typeof callback !== "function") throw new TypeError(`forEach of ${name} takes a function`);
      for (let i = 0; ; i += 2) {
        const pairs = pairsOf(this);  // the callback may change them
        if (i >= pairs.length) return;
        apply(callback, self, [pairs[i + 1], pairs[i], this]);
      }
    },
  };
  const { prototype } = constructor;
  const names = ownKeys(members);
  for (let i = 0; i < names.length; ++i) {
    defineProperty(prototype, names[i], {
      __proto__: null, value: members[names[i]], writable: true, enumerable: true, configurable: true,
    });
  }
  defineProperty(prototype, Symbol.iterator, {
    __proto__: null, value: members.entries, writable: true, enumerable: false, configurable: true,
  });
  return members.entries;
}

/**
 * A sequence (Web IDL, section 3.2.21): what an iterable gives, each converted as it comes.
 * @template T @param {unknown} value @param {(item: unknown) => T} convert @param {string} what
 * @param {unknown} [iterate] the method, where it has been looked up already
 * @returns {T[]}
 */
export function toSequence(value, convert, what, iterate = isObject(value) ? value[Symbol.iterator] : undefined) {
  if (typeof iterate !== "function") throw new TypeError(`${what} must be a list`);
  const iterator = apply(iterate, value, []);
  if (!isObject(iterator)) throw new TypeError(`${what} must be a list`);
  const { next } = iterator;
  const list = [];
  for (;;) {
    const result = apply(next, iterator, []);
    if (!isObject(result)) throw new TypeError(`${what} must be a list`);
    if (result.done) return list;
    list[list.length] = convert(result.value);
  }
}
