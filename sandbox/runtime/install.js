// Web IDL, section 3: how globals, interfaces and namespaces look from a script.
import { Symbol, defineProperty, getOwnPropertyDescriptor, mapGet, mapSet, ownKeys } from "./primordials.js";

/**
 * Defines a global that scripts may replace, as Web IDL has it: not enumerable.
 * @param {Record<string, unknown>} values
 */
export function defineGlobals(values) {
  for (const name of ownKeys(values)) {
    defineProperty(globalThis, name, { value: values[name], writable: true, enumerable: false, configurable: true });
  }
}

/** @type {Map<string, () => unknown>} */
const lazy = new Map();

/**
 * Defines a global whose value is made when it is first looked at. To a script it is a plain property.
 * @param {string} name @param {() => unknown} make
 */
export function defineLazy(name, make) {
  mapSet(lazy, name, make);
  host.defineLazy(globalThis, name);
}

/** The cell asks for a value. @param {string} name */
export function makeLazily(name) {
  return mapGet(lazy, name)();
}

const OF_A_FUNCTION = { __proto__: null, length: true, name: true, prototype: true };

/**
 * Gives interfaces their names and class strings and makes their members enumerable. The names come with them: a
 * bundler may rename a class. Their objects cannot be cloned (see clone_types.js).
 * @param {Record<string, Function>} constructors
 */
export function defineInterfaces(constructors) {
  for (const name of ownKeys(constructors)) {
    const constructor = constructors[name];
    host.defineClone(constructor.prototype, name);
    for (const target of [constructor, constructor.prototype]) {
      for (const key of ownKeys(target)) {
        if (target === constructor ? OF_A_FUNCTION[key] : key === "constructor") continue;
        const descriptor = getOwnPropertyDescriptor(target, key);
        if (typeof key === "string" && descriptor.configurable) {
          defineProperty(target, key, { __proto__: null, ...descriptor, enumerable: true });
        }
      }
    }
    // Without a prototype: what is made lazily is made after scripts may have changed Object.prototype.
    defineProperty(constructor, "name", {
      __proto__: null, value: name, writable: false, enumerable: false, configurable: true,
    });
    defineProperty(constructor.prototype, Symbol.toStringTag, { __proto__: null, value: name, configurable: true });
  }
}

/**
 * Constants of an interface stand on it and on its prototype.
 * @param {Function} constructor
 * @param {Record<string, number>} values
 */
export function defineConstants(constructor, values) {
  for (const name of ownKeys(values)) {
    const descriptor = { __proto__: null, value: values[name], writable: false, enumerable: true, configurable: false };
    defineProperty(constructor, name, descriptor);
    defineProperty(constructor.prototype, name, descriptor);
  }
}
