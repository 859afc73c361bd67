// The time, as the last frame brought it: it stands still while a script runs.
const { now } = host;

/** While the snapshot is made there is no cell and no time. */
let started = false;
/** From here on there is a cell. */
export function startClock() { started = true; }

/** Milliseconds since the execution started. */
export function performanceNow() { return started ? now()[1] : 0; }

/** Milliseconds from the epoch to the start. */
export function timeOrigin() {
  const both = now();
  return both[0] - both[1];
}
