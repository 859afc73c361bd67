// What would let two runs of the same code differ, or lets threads meet, goes; the rest is fed from the execution's
// seed.
// A snapshot is made without the newer features and gets them back when it is restored, so this runs in each cell.
import { defineProperty } from "./primordials.js";

const { randomDoubles } = host;
const BATCH = 64;

/** @type {Float64Array | undefined} */
let numbers;
let next = BATCH;

/** ECMA-262, section 21.3.2.27. */
export function random() {
  if (next === BATCH) {
    numbers ??= new Float64Array(BATCH);
    randomDoubles(numbers);
    next = 0;
  }
  return numbers[next++];
}

defineProperty(Math, "random", { value: random, writable: true, enumerable: false, configurable: true });

/** Called once in each cell, before any script. */
export function removeNondeterminism() {
  for (const name of ["FinalizationRegistry", "SharedArrayBuffer", "WeakRef", "WebAssembly", "gc"]) {
    delete globalThis[name];
  }
  for (const name of ["wait", "waitAsync", "notify"]) delete Atomics[name];
}
