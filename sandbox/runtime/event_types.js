// The kinds of events that few scripts name.
import { Event, initialiseEvent } from "./event.js";
import { checkArguments, isObject, toDictionary } from "./idl.js";
import { defineInterfaces } from "./install.js";
import { toWellFormed } from "./primordials.js";

/** DOM, section 2.4. */
export class CustomEvent extends Event {
  #detail = null;

  /** @param {string} type @param {CustomEventInit} [init] */
  constructor(type, init = undefined) {
    checkArguments(arguments.length, 1, "CustomEvent");
    super(type, init);
    this.#detail = init?.detail ?? null;
  }

  get detail() { return this.#detail; }
  /** @param {string} type */
  initCustomEvent(type, bubbles = false, cancelable = false, detail = null) {
    checkArguments(arguments.length, 1, "initCustomEvent");
    if (initialiseEvent(this, `${type}`, !!bubbles, !!cancelable)) this.#detail = detail;
  }
}

let partsOf = (_event) => undefined;

/** HTML, section 8.1.4.7. */
export class ErrorEvent extends Event {
  #message = "";
  #filename = "";
  #lineno = 0;
  #colno = 0;
  #error;

  static {
    partsOf = (event) => (#error in event
      ? [event.#message, event.#filename, event.#lineno, event.#colno, event.#error] : undefined);
  }

  /** @param {string} type @param {ErrorEventInit} [init] */
  constructor(type, init = undefined) {
    checkArguments(arguments.length, 1, "ErrorEvent");
    super(type, init);
    const options = toDictionary(init, "the options of an event");
    if (options === undefined) return;
    const { colno, error, filename, lineno, message } = options;
    if (colno !== undefined) this.#colno = colno >>> 0;
    this.#error = error;
    if (filename !== undefined) this.#filename = toWellFormed(`${filename}`);
    if (lineno !== undefined) this.#lineno = lineno >>> 0;
    if (message !== undefined) this.#message = `${message}`;
  }

  get message() { return this.#message; }
  get filename() { return this.#filename; }
  get lineno() { return this.#lineno; }
  get colno() { return this.#colno; }
  get error() { return this.#error; }
}

/** What a global onerror is called with; undefined: the event is no ErrorEvent. @param {Event} event */
export function errorParts(event) { return partsOf(event); }

/** HTML, section 8.1.4.8. */
export class PromiseRejectionEvent extends Event {
  #promise;
  #reason;

  /** @param {string} type @param {PromiseRejectionEventInit} init */
  constructor(type, init) {
    checkArguments(arguments.length, 2, "PromiseRejectionEvent");
    super(type, init);
    if (!isObject(init?.promise)) throw new TypeError("the promise of a PromiseRejectionEvent is missing");
    this.#promise = init.promise;
    this.#reason = init.reason;
  }

  get promise() { return this.#promise; }
  get reason() { return this.#reason; }
}

defineInterfaces({ CustomEvent, ErrorEvent, PromiseRejectionEvent });
