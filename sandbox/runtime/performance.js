// High Resolution Time: performance.now and timeOrigin, on the clock that stands still between two frames.
import { EventTarget } from "./event_target.js";
import { defineInterfaces } from "./install.js";
import { performanceNow, timeOrigin } from "./clock.js";
import { defineProperty } from "./primordials.js";

const LOCK = {};

export class Performance extends EventTarget {
  #here = true;

  /** @param {object} lock */
  constructor(lock) {
    if (lock !== LOCK) throw new TypeError("Illegal constructor");
    super();
  }

  now() { return this.#here && performanceNow(); }
  get timeOrigin() { return this.#here && timeOrigin(); }
  toJSON() { return { timeOrigin: this.#here && timeOrigin() }; }
}
defineProperty(Performance, "length", { __proto__: null, value: 0, configurable: true });
defineInterfaces({ Performance });

export const performance = new Performance(LOCK);
