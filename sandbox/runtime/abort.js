// DOM, section 3: AbortController, AbortSignal.
import { defineInterfaces } from "./install.js";
import { DOMException } from "./dom_exception.js";
import { Event, EventTarget, defineHandler } from "./event.js";
import { push, slice, splice } from "./primordials.js";
import { startTimer } from "./timers.js";

const LOCK = {};

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason;
  /** @type {(() => void)[]} */
  #algorithms = [];
  /** @type {AbortSignal[]} */
  #dependents = [];

  /** @param {object} lock */
  constructor(lock) {
    super();
    if (lock !== LOCK) throw new TypeError("Illegal constructor");
  }

  get aborted() { return this.#aborted; }
  get reason() { return this.#reason; }
  throwIfAborted() { if (this.#aborted) throw this.#reason; }

  static abort(reason = new DOMException("This operation was aborted", "AbortError")) {
    const signal = new AbortSignal(LOCK);
    signal.#aborted = true;
    signal.#reason = reason;
    return signal;
  }

  /** @param {number} milliseconds */
  static timeout(milliseconds) {
    const delay = Number(milliseconds);
    if (!(delay >= 0 && delay <= Number.MAX_SAFE_INTEGER)) {
      throw new TypeError("the time of AbortSignal.timeout is no number of milliseconds");
    }
    const signal = new AbortSignal(LOCK);
    startTimer(delay, () => abortSignal(signal, new DOMException("The operation timed out", "TimeoutError")));
    return signal;
  }

  /** @param {Iterable<AbortSignal>} signals */
  static any(signals) {
    const result = new AbortSignal(LOCK);
    const sources = [...signals];
    for (const source of sources) if (!(#aborted in source)) throw new TypeError("AbortSignal.any takes signals");
    for (const source of sources) {
      if (!source.#aborted) continue;
      result.#aborted = true;
      result.#reason = source.#reason;
      return result;
    }
    for (const source of sources) push(source.#dependents, result);
    return result;
  }

  static internals = {
    /** @param {unknown} reason */
    abort(signal, reason = new DOMException("This operation was aborted", "AbortError")) {
      if (signal.#aborted) return;
      const all = [signal];
      for (let i = 0; i < all.length; ++i) {  // a dependent of a dependent too
        const current = all[i];
        current.#aborted = true;
        current.#reason = reason;
        for (const dependent of current.#dependents) {
          if (!dependent.#aborted && !all.includes(dependent)) push(all, dependent);
        }
      }
      for (const current of all) {
        for (const algorithm of splice(current.#algorithms, 0)) algorithm();
        current.dispatchEvent(new Event("abort"));
      }
    },
    /** Runs `algorithm` when the signal aborts. Returns a function that takes it back. */
    onAbort(signal, algorithm) {
      const list = signal.#algorithms;
      push(list, algorithm);
      return () => {
        const index = slice(list).indexOf(algorithm);
        if (index >= 0) splice(list, index, 1);
      };
    },
    make: () => new AbortSignal(LOCK),
    is: (value) => typeof value === "object" && value !== null && #aborted in value,
  };
}

const { internals } = AbortSignal;
delete AbortSignal.internals;

/** @type {(signal: AbortSignal, reason?: unknown) => void} */
export const abortSignal = internals.abort;
/** @type {(signal: AbortSignal, algorithm: () => void) => () => void} */
export const onAbort = internals.onAbort;
/** @type {() => AbortSignal} */
export const makeSignal = internals.make;
/** @type {(value: unknown) => value is AbortSignal} */
export const isSignal = internals.is;

export class AbortController {
  #signal = makeSignal();

  get signal() { return this.#signal; }
  /** @param {unknown} [reason] */
  abort(reason) { abortSignal(this.#signal, reason); }
}

defineInterfaces({ AbortSignal, AbortController });
defineHandler(AbortSignal, "abort");
