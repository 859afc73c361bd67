// HTML, section 8.6: timers. A timer is a call to the engine; its frame brings the time with it. The standard's clamp of
// nested timers to 4 milliseconds keeps pages from burning time; here no time passes while a script runs, and the
// engine limits how many timers there are, so it is left out.
import { hooks } from "./hooks.js";
import { checkArguments } from "./idl.js";
import { apply, defineProperty, mapDelete, mapGet, mapSet, max, min, resolved, then } from "./primordials.js";
import { reportException } from "./report.js";

const { cancel, timerStart } = host;
const here = globalThis;

/** What each timer under way does, by call. @type {Map<number, () => void>} */
const pending = new Map();
/** The call of each timer that a script can clear, by the number that the script has. @type {Map<number, number>} */
const calls = new Map();
let lastId = 0;

/** Runs `callback` once. Returns the call. @param {number} delay @param {() => void} callback */
export function startTimer(delay, callback) {
  const call = timerStart(min(delay, Number.MAX_SAFE_INTEGER));
  mapSet(pending, call, callback);
  return call;
}

/** Engine to cell. @param {number} call */
hooks.timerFired = (call) => {
  const callback = mapGet(pending, call);
  mapDelete(pending, call);
  callback();
};

const FAILURE = { __proto__: null, 1: "refused", 2: "network", 3: "timeout", 4: "limit" };  // CallFailed.Kind

/** What becomes of a call that is no timer. @type {(id: number, cause: Error) => void} */
let failFetch;
/** @param {(id: number, cause: Error) => void} fail */
export function onFailure(fail) { failFetch = fail; }

/** Engine to cell: a fetch has failed, or a timer was refused, as there are too many. */
hooks.callFailed = (id, kind, message) => {
  const cause = new Error(message);
  const name = FAILURE[kind] ?? "failed";
  defineProperty(cause, "name", { __proto__: null, value: "CallFailed", writable: true, configurable: true });
  defineProperty(cause, "kind", { __proto__: null, value: name, enumerable: true, writable: true, configurable: true });
  if (mapDelete(pending, id)) reportException(cause);
  else failFetch(id, cause);
};

function start(callback, delay, args, again) {
  if (typeof callback !== "function") {
    throw new TypeError("the first argument of a timer is a function: strings are no code here");
  }
  const wait = max(delay | 0, 0);  // Web IDL's long
  const id = ++lastId;
  const fire = () => {
    if (again) mapSet(calls, id, startTimer(wait, fire));
    else mapDelete(calls, id);
    try {
      apply(callback, here, args);
    } catch (error) {
      reportException(error);
    }
  };
  mapSet(calls, id, startTimer(wait, fire));
  return id;
}

function clear(number) {
  const id = number | 0;
  const call = mapGet(calls, id);
  if (call === undefined) return;
  mapDelete(calls, id);
  mapDelete(pending, call);
  cancel(call);
}

// Methods: an operation is no constructor. HTML, section 8.7: queueMicrotask.
export const { setTimeout, setInterval, clearTimeout, clearInterval, queueMicrotask } = {
  /** @param {Function} callback */
  setTimeout(callback, delay = 0, ...args) {
    checkArguments(arguments.length, 1, "setTimeout");
    return start(callback, delay, args, false);
  },
  /** @param {Function} callback */
  setInterval(callback, delay = 0, ...args) {
    checkArguments(arguments.length, 1, "setInterval");
    return start(callback, delay, args, true);
  },
  clearTimeout(id = 0) { clear(id); },
  clearInterval(id = 0) { clear(id); },
  /** @param {() => void} callback */
  queueMicrotask(callback) {
    if (typeof callback !== "function") throw new TypeError("queueMicrotask takes a function");
    then(resolved, () => {
      try {
        apply(callback, undefined, []);
      } catch (error) {
        reportException(error);
      }
    });
  },
};
