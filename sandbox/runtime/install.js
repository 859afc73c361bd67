// Web IDL, section 3: how globals, interfaces and namespaces look from a script.
import { Symbol, defineProperty, getOwnPropertyDescriptor, ownKeys } from "./primordials.js";

const { defineClone } = host;

/**
 * Defines a global that scripts may replace, as Web IDL has it: not enumerable.
 * @param {Record<string, unknown>} values
 */
export function defineGlobals(values) {
  for (const name of ownKeys(values)) {
    defineProperty(globalThis, name, { value: values[name], writable: true, enumerable: false, configurable: true });
  }
}

const OF_A_FUNCTION = { __proto__: null, length: true, name: true, prototype: true };

/** @param {object} target an interface, or its prototype */
function makeEnumerable(target) {
  const members = ownKeys(target);
  for (let i = 0; i < members.length; ++i) {
    const key = members[i];
    if (typeof target === "function" ? OF_A_FUNCTION[key] : key === "constructor") continue;
    const descriptor = getOwnPropertyDescriptor(target, key);
    if (typeof key === "string" && descriptor.configurable) {
      defineProperty(target, key, { __proto__: null, ...descriptor, enumerable: true });
    }
  }
}

/**
 * Gives interfaces their names and class strings and makes their members enumerable. The names come with them: a
 * bundler may rename a class. Their objects cannot be cloned: in an interface's prototype stands, where no script can
 * see it, what becomes of those (see natives_clone.cc).
 * @param {Record<string, Function>} constructors
 */
export function defineInterfaces(constructors) {
  // By number: a script may have changed how arrays are iterated.
  const names = ownKeys(constructors);
  for (let i = 0; i < names.length; ++i) {
    const name = /** @type {string} */ (names[i]);
    const constructor = constructors[name];
    defineClone(constructor.prototype, name);
    makeEnumerable(constructor);
    makeEnumerable(constructor.prototype);
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
  const names = ownKeys(values);
  for (let i = 0; i < names.length; ++i) {
    const name = names[i];
    const descriptor = { __proto__: null, value: values[name], writable: false, enumerable: true, configurable: false };
    defineProperty(constructor, name, descriptor);
    defineProperty(constructor.prototype, name, descriptor);
  }
}

/**
 * HTML, section 2.7.1: makes the objects of an interface serializable; after defineInterfaces.
 * @param {Function} constructor
 * @param {(object: object) => object | undefined} copy undefined: it is no object of the interface, only looks like one
 */
export function defineSerializable(constructor, copy) { defineClone(constructor.prototype, copy); }
