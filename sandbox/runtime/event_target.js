// DOM, section 2.7: EventTarget. The global object is one too: it inherits from it, and its listeners are held here.
// Events are late, so all that the global object needs without one is here.
import { checkArguments, isObject } from "./idl.js";
import { defineInterfaces } from "./install.js";
import { interfaces } from "./late.js";
import { apply, defineProperty, getOwnPropertyDescriptor, makeList } from "./primordials.js";

/**
 * What stands in a target's list. `handle` is set where an event handler attribute made it, and calls it.
 * @typedef {{ type: string, callback: any, capture: boolean, once: boolean, passive: boolean, removed: boolean,
 *             handle: ((callback: any, event: Event, target: object) => void) | null, release: (() => void) | null }} Listener
 */

const here = globalThis;
/** @type {Listener[] | null} */
let globalListeners = null;

/** An operation that is called without a receiver is the global object's. */
const receiver = (self) => self ?? here;

/** `options` as addEventListener and removeEventListener take them: a boolean is the member capture. */
const flatten = (options) => (isObject(options) ? !!options.capture : !!options);

/** EventListener?: null, or an object. */
function toCallback(callback) {
  if (callback === null || callback === undefined) return null;
  if (!isObject(callback)) throw new TypeError("a listener is a function or an object");
  return callback;
}

/** @param {Listener[]} listeners @param {string} type @param {object} callback @param {boolean} capture */
function find(listeners, type, callback, capture) {
  for (let i = 0; i < listeners.length; ++i) {
    const each = listeners[i];
    if (each.callback === callback && each.type === type && each.capture === capture && each.handle === null) {
      return each;
    }
  }
  return undefined;
}

/** @param {Listener[]} listeners @param {Listener} listener */
export function removeListener(listeners, listener) {
  if (listener.removed) return;
  listener.removed = true;
  listener.release?.();
  let kept = 0;
  for (let i = 0; i < listeners.length; ++i) if (listeners[i] !== listener) listeners[kept++] = listeners[i];
  listeners.length = kept;
}

let listOf, peek;

export class EventTarget {
  /** @type {Listener[] | null} */
  #listeners = null;

  static {
    listOf = (target) => {
      if (target === here) return globalListeners ??= makeList();
      return target.#listeners ??= makeList();
    };
    peek = (target) => (target === here ? globalListeners : target.#listeners);
  }

  /** @param {string} type @param {any} callback @param {boolean | AddEventListenerOptions} [options] */
  addEventListener(type, callback, options = undefined) {
    const target = receiver(this);
    const listeners = listOf(target);
    checkArguments(arguments.length, 2, "addEventListener");
    const key = `${type}`;
    const called = toCallback(callback);
    const capture = flatten(options);
    let once = false, passive = false, signal;
    if (isObject(options)) {
      once = !!options.once;
      passive = !!options.passive;
      ({ signal } = options);
      if (signal !== undefined && !interfaces.isSignal(signal)) throw new TypeError("the signal of a listener is an AbortSignal");
    }
    if (signal !== undefined && require("./abort.js").isAborted(signal)) return;
    if (called === null || find(listeners, key, called, capture) !== undefined) return;
    /** @type {Listener} */
    const listener = {
      type: key, callback: called, capture, once, passive, removed: false, handle: null, release: null,
    };
    listeners[listeners.length] = listener;
    if (signal !== undefined) {
      listener.release = require("./abort.js").onAbort(signal, () => removeListener(listeners, listener));
    }
  }

  /** @param {string} type @param {any} callback @param {boolean | EventListenerOptions} [options] */
  removeEventListener(type, callback, options = undefined) {
    const listeners = listOf(receiver(this));
    checkArguments(arguments.length, 2, "removeEventListener");
    const listener = find(listeners, `${type}`, toCallback(callback), flatten(options));
    if (listener !== undefined) removeListener(listeners, listener);
  }

  /** @param {Event} event */
  dispatchEvent(event) {
    const target = receiver(this);
    const listeners = listOf(target);
    const { dispatch, isEvent, isFree } = require("./event.js");
    if (!isEvent(event)) throw new TypeError("dispatchEvent takes an Event");
    if (!isFree(event)) {
      const { DOMException } = require("./dom_exception.js");
      throw new DOMException("The event is being dispatched already", "InvalidStateError");
    }
    return dispatch(event, target, listeners, false);
  }
}

defineInterfaces({ EventTarget });

/** Dispatches an event of the platform's own. False: its default is prevented. @param {object} target @param {Event} event */
export function fire(target, event) { return require("./event.js").dispatch(event, target, peek(target), true); }

/** Whether somebody listens. @param {object} target @param {string} type */
export function isHeard(target, type) {
  const listeners = peek(target);
  if (listeners === null) return false;
  for (let i = 0; i < listeners.length; ++i) if (listeners[i].type === type) return true;
  return false;
}

/** HTML, section 8.1.8.1: how a handler is called: what it returns may cancel the event. */
function callHandler(callback, event, target) {
  if (typeof callback === "function" && apply(callback, target, [event]) === false) require("./event.js").cancel(event);
}

/**
 * An event handler attribute (HTML, section 8.1.8.1): `target.onabort = function`.
 * @param {object} holder what gets the property @param {string} type
 * @param {(self: unknown) => object} check gives the target, or throws
 * @param {(callback: any, event: Event, target: object) => void} [handle]
 */
export function defineHandler(holder, type, check, handle = callHandler) {
  const current = (listeners) => {
    for (let i = 0; listeners !== null && i < listeners.length; ++i) {
      if (listeners[i].handle !== null && listeners[i].type === type) return listeners[i];
    }
    return undefined;
  };
  const name = `on${type}`;
  const accessors = {
    get [name]() { return current(peek(check(this)))?.callback ?? null; },
    set [name](value) {
      const listeners = listOf(check(this));
      const known = current(listeners);
      if (!isObject(value)) {
        if (known) removeListener(listeners, known);
      } else if (known) {
        known.callback = value;
      } else {
        listeners[listeners.length] = {
          type, callback: value, capture: false, once: false, passive: false, removed: false, handle, release: null,
        };
      }
    },
  };
  const { get, set } = getOwnPropertyDescriptor(accessors, name);
  defineProperty(holder, name, { __proto__: null, get, set, enumerable: true, configurable: true });
}
