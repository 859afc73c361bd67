// DOM, section 3: AbortController, AbortSignal.
import { DOMException } from "./dom_exception.js";
import { Event } from "./event.js";
import { EventTarget, defineHandler, fire, isHeard } from "./event_target.js";
import { isObject } from "./idl.js";
import { defineInspectedAttributes } from "./inspect_types.js";
import { defineInterfaces } from "./install.js";
import { interfaces } from "./late.js";
import { copyList, defineProperty, makeList, trunc } from "./primordials.js";
import { reportException } from "./report.js";
import { startTimer } from "./timers.js";

const LOCK = {};
const NOTHING = makeList();

const aborted = () => new DOMException("This operation was aborted", "AbortError");

/** Web IDL's [EnforceRange] unsigned long long. @param {unknown} value */
function toMilliseconds(value) {
  const number = trunc(Number(value));
  if (!(number >= 0 && number <= Number.MAX_SAFE_INTEGER)) {
    throw new TypeError("the time of AbortSignal.timeout is no number of milliseconds");
  }
  return number;
}

let is, abort, addAlgorithm, makeDependent, readAborted;

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason;
  /** What is to be done at the abort; null in place of what was taken back meanwhile. @type {({ run: (() => void) | null })[] | null} */
  #algorithms = null;
  /** The signals that abort with this one. @type {AbortSignal[] | null} */
  #dependents = null;
  /** Of a signal that depends on others: those that depend on none. @type {AbortSignal[] | null} */
  #sources = null;

  static {
    is = (value) => isObject(value) && #aborted in value;
    readAborted = (signal) => signal.#aborted;
    addAlgorithm = (signal, run) => {
      const entry = { run };
      const list = signal.#algorithms ??= makeList();
      list[list.length] = entry;
      return () => {
        entry.run = null;
        let kept = 0;
        for (let i = 0; i < list.length; ++i) if (list[i] !== entry) list[kept++] = list[i];
        list.length = kept;
      };
    };
    abort = (signal, reason) => {
      if (signal.#aborted) return;
      const all = makeList();
      all[0] = signal;
      signal.#abortWith(reason);
      const dependents = signal.#dependents;
      for (let i = 0; dependents !== null && i < dependents.length; ++i) {
        if (dependents[i].#aborted) continue;
        dependents[i].#abortWith(signal.#reason);
        all[all.length] = dependents[i];
      }
      for (let i = 0; i < all.length; ++i) all[i].#runAlgorithms();
    };
    makeDependent = (signals) => {
      const result = new AbortSignal(LOCK);
      for (let i = 0; i < signals.length; ++i) {
        if (!signals[i].#aborted) continue;
        result.#abortWith(signals[i].#reason);
        return result;
      }
      result.#sources = makeList();
      for (let i = 0; i < signals.length; ++i) {
        const sources = signals[i].#sources;
        if (sources === null) result.#follow(signals[i]);
        else for (let k = 0; k < sources.length; ++k) result.#follow(sources[k]);
      }
      return result;
    };
  }

  #abortWith(reason) {
    this.#aborted = true;
    this.#reason = reason === undefined ? aborted() : reason;
  }

  /** @param {AbortSignal} source */
  #follow(source) {
    const sources = this.#sources;
    for (let i = 0; i < sources.length; ++i) if (sources[i] === source) return;
    sources[sources.length] = source;
    const dependents = source.#dependents ??= makeList();
    dependents[dependents.length] = this;
  }

  /** "Run the abort steps". */
  #runAlgorithms() {
    const algorithms = this.#algorithms === null ? NOTHING : copyList(this.#algorithms);  // one may take back others
    this.#algorithms = null;
    for (let i = 0; i < algorithms.length; ++i) {
      try {
        algorithms[i].run?.();
      } catch (error) {
        reportException(error);
      }
    }
    if (isHeard(this, "abort")) fire(this, new Event("abort"));
  }

  /** @param {object} lock */
  constructor(lock) {
    if (lock !== LOCK) throw new TypeError("Illegal constructor");
    super();
  }

  static abort(reason = undefined) {
    const signal = new AbortSignal(LOCK);
    signal.#abortWith(reason);
    return signal;
  }

  /** @param {number} milliseconds */
  static timeout(milliseconds) {
    const delay = toMilliseconds(milliseconds);
    const signal = new AbortSignal(LOCK);
    startTimer(delay, () => abort(signal, new DOMException("The operation timed out", "TimeoutError")));
    return signal;
  }

  /** @param {Iterable<AbortSignal>} signals */
  static any(signals) {
    if (!isObject(signals)) throw new TypeError("AbortSignal.any takes a list of signals");
    const list = makeList();
    for (const signal of signals) {
      if (!is(signal)) throw new TypeError("AbortSignal.any takes signals");
      list[list.length] = signal;
    }
    return makeDependent(list);
  }

  get aborted() { return this.#aborted; }
  get reason() { return this.#reason; }
  throwIfAborted() { if (this.#aborted) throw this.#reason; }
}

// The interface has no constructor that a script can use.
defineProperty(AbortSignal, "length", { __proto__: null, value: 0, configurable: true });

/** @type {(signal: AbortSignal, reason?: unknown) => void} */
export const abortSignal = abort;
/** Runs `algorithm` at the abort. What it returns takes that back. @type {(signal: AbortSignal, algorithm: () => void) => () => void} */
export const onAbort = addAlgorithm;
/** @type {() => AbortSignal} */
export const makeSignal = () => new AbortSignal(LOCK);
/** A signal that aborts with the first of `signals`. @type {(signals: AbortSignal[]) => AbortSignal} */
export const makeDependentSignal = makeDependent;
/** @type {(signal: AbortSignal) => boolean} */
export const isAborted = readAborted;
interfaces.isSignal = is;

export class AbortController {
  #signal = makeSignal();

  get signal() { return this.#signal; }
  /** @param {unknown} [reason] */
  abort(reason = undefined) { abort(this.#signal, reason); }
}

defineInterfaces({ AbortSignal, AbortController });
defineInspectedAttributes(AbortSignal, ["aborted"]);
defineHandler(AbortSignal.prototype, "abort", (self) => {
  if (!is(self)) throw new TypeError("Illegal invocation");
  return self;
});
