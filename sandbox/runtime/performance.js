// High Resolution Time: performance.now and timeOrigin, on the clock that stands still between two frames.
import { defineInterfaces } from "./install.js";

const { now } = host;

/** Milliseconds since the execution started. */
export function performanceNow() {
  // While the snapshot is made there is no cell and no time.
  return started ? now()[1] : 0;
}

let started = false;
/** From here on there is a cell. */
export function startClock() {
  started = true;
}

class Performance {
  now() { return performanceNow(); }
  get timeOrigin() {
    const [epoch, elapsed] = now();
    return epoch - elapsed;
  }
  toJSON() { return { timeOrigin: this.timeOrigin }; }
}
defineInterfaces({ Performance });

export const performance = new Performance();
