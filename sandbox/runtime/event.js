// DOM, section 2: Event, CustomEvent, EventTarget. There is no tree here: a target has no parent.
import { defineConstants, defineInterfaces } from "./install.js";
import { DOMException } from "./dom_exception.js";
import { push, slice, splice } from "./primordials.js";
import { performanceNow } from "./performance.js";

const { fail } = host;

/** Reports what nobody caught (HTML, section 8.1.4.6): it ends the execution. @param {unknown} error */
export function reportError(error) {
  fail(error);
}

export class Event {
  #type;
  #bubbles;
  #cancelable;
  #composed;
  #timeStamp = performanceNow();
  #target = null;
  #phase = 0;
  #canceled = false;
  #stop = false;
  #stopImmediate = false;
  #dispatching = false;
  #passive = false;

  /** @param {string} type @param {EventInit} [init] */
  constructor(type, init = {}) {
    if (arguments.length === 0) throw new TypeError("Event needs a type");
    this.#type = `${type}`;
    this.#bubbles = !!init?.bubbles;
    this.#cancelable = !!init?.cancelable;
    this.#composed = !!init?.composed;
  }

  get type() { return this.#type; }
  get target() { return this.#target; }
  get srcElement() { return this.#target; }
  get currentTarget() { return this.#phase === 0 ? null : this.#target; }
  get eventPhase() { return this.#phase; }
  get bubbles() { return this.#bubbles; }
  get cancelable() { return this.#cancelable; }
  get composed() { return this.#composed; }
  get defaultPrevented() { return this.#canceled; }
  get returnValue() { return !this.#canceled; }
  set returnValue(value) { if (!value) this.preventDefault(); }
  get cancelBubble() { return this.#stop; }
  set cancelBubble(value) { if (value) this.#stop = true; }
  get isTrusted() { return false; }
  get timeStamp() { return this.#timeStamp; }
  composedPath() { return this.#phase === 0 ? [] : [this.#target]; }
  stopPropagation() { this.#stop = true; }
  stopImmediatePropagation() { this.#stop = this.#stopImmediate = true; }
  preventDefault() { if (this.#cancelable && !this.#passive) this.#canceled = true; }

  /** @param {Event} event @param {EventTarget} target @param {Listener[]} listeners */
  static dispatch(event, target, listeners) {
    if (event.#dispatching) throw new DOMException("The event is being dispatched already", "InvalidStateError");
    event.#dispatching = true;
    event.#target = target;
    event.#phase = 2;
    for (const listener of event.#stop ? [] : slice(listeners)) {
      if (listener.removed || listener.type !== event.#type) continue;
      if (listener.once) listener.remove();
      event.#passive = listener.passive;
      try {
        const { callback } = listener;
        if (typeof callback === "function") Reflect.apply(callback, target, [event]);
        else callback.handleEvent(event);
      } catch (error) {
        reportError(error);
      }
      event.#passive = false;
      if (event.#stopImmediate) break;
    }
    event.#phase = 0;
    event.#stop = event.#stopImmediate = event.#dispatching = false;
    return !event.#canceled;
  }
}

// Only EventTarget dispatches.
const { dispatch } = Event;
delete Event.dispatch;

export class CustomEvent extends Event {
  #detail;

  /** @param {string} type @param {CustomEventInit} [init] */
  constructor(type, init = {}) {
    super(type, init);
    this.#detail = init?.detail ?? null;
  }

  get detail() { return this.#detail; }
}

/**
 * @typedef {{ type: string, callback: any, capture: boolean, once: boolean, passive: boolean, removed: boolean,
 *             remove: () => void }} Listener
 */

export class EventTarget {
  /** @type {Listener[]} */
  #listeners = [];

  /** @param {string} type @param {any} callback @param {boolean | AddEventListenerOptions} [options] */
  addEventListener(type, callback, options = {}) {
    const dictionary = typeof options === "object" && options !== null ? options : { capture: !!options };
    const { capture = false, once = false, passive = false, signal } = dictionary;
    if (callback === null || callback === undefined) return;
    if (typeof callback !== "function" && typeof callback !== "object") {
      throw new TypeError("a listener is a function or an object");
    }
    if (signal?.aborted) return;
    const key = `${type}`;
    const listeners = this.#listeners;
    for (const listener of listeners) {
      if (listener.type === key && listener.callback === callback && listener.capture === !!capture) return;
    }
    const listener = {
      type: key, callback, capture: !!capture, once: !!once, passive: !!passive, removed: false,
      remove() {
        listener.removed = true;
        const index = listeners.indexOf(listener);
        if (index >= 0) splice(listeners, index, 1);
      },
    };
    push(listeners, listener);
    signal?.addEventListener("abort", listener.remove, { once: true });
  }

  /** @param {string} type @param {any} callback @param {boolean | EventListenerOptions} [options] */
  removeEventListener(type, callback, options = {}) {
    const capture = typeof options === "object" && options !== null ? !!options.capture : !!options;
    for (const listener of slice(this.#listeners)) {
      const { type: known, callback: held } = listener;
      if (known === `${type}` && held === callback && listener.capture === capture) listener.remove();
    }
  }

  /** @param {Event} event */
  dispatchEvent(event) {
    return dispatch(event, this, this.#listeners);
  }
}

/**
 * An event handler attribute (HTML, section 8.1.8.1): `target.onabort = function`.
 * @param {Function} constructor @param {string} type
 */
export function defineHandler(constructor, type) {
  const handlers = new WeakMap();
  Object.defineProperty(constructor.prototype, `on${type}`, {
    enumerable: true,
    configurable: true,
    get() { return handlers.get(this)?.handler ?? null; },
    set(handler) {
      const known = handlers.get(this);
      const value = typeof handler === "function" ? handler : null;
      if (known) {
        known.handler = value;
        return;
      }
      const entry = { handler: value };
      handlers.set(this, entry);
      this.addEventListener(type, (event) => entry.handler && Reflect.apply(entry.handler, this, [event]));
    },
  });
}

defineInterfaces({ Event, CustomEvent, EventTarget });
defineConstants(Event, { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 });
