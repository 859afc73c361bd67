// HTML, section 8.7: timers. A timer is a call to the engine; its frame brings the time with it.
import { reportError } from "./event.js";
import { apply, isFinite, mapDelete, mapGet, mapSet, max, min, resolved, then, trunc } from "./primordials.js";

const { cancel, timerStart } = host;

// Like the web's: longer delays do not fit its 32-bit signed number.
const MAX_DELAY = 2 ** 31 - 1;

/** What each timer under way does, by call. @type {Map<number, () => void>} */
const pending = new Map();
/** The call of each timer that a script can clear, by the number that the script has. @type {Map<number, number>} */
const calls = new Map();
let lastId = 0;

/** @param {unknown} delay */
function milliseconds(delay) {
  const number = trunc(Number(delay));
  return isFinite(number) && number <= MAX_DELAY ? max(number, 0) : 0;
}

/** Runs `callback` once. Returns the call. @param {number} delay @param {() => void} callback */
export function startTimer(delay, callback) {
  const call = timerStart(min(delay, Number.MAX_SAFE_INTEGER));
  mapSet(pending, call, callback);
  return call;
}

/** Engine to cell. @param {number} call */
export function timerFired(call) {
  const callback = mapGet(pending, call);
  mapDelete(pending, call);
  callback();
}

/** The engine refused the timer: too many. @param {number} call @param {Error} error @returns {boolean} */
export function timerFailed(call, error) {
  if (!mapDelete(pending, call)) return false;
  reportError(error);
  return true;
}

function start(callback, delay, args, again) {
  if (typeof callback !== "function") {
    throw new TypeError("the first argument of a timer is a function: strings are no code here");
  }
  const id = ++lastId;
  const wait = milliseconds(delay);
  const fire = () => {
    if (again) mapSet(calls, id, startTimer(wait, fire));
    else mapDelete(calls, id);
    apply(callback, globalThis, args);
  };
  mapSet(calls, id, startTimer(wait, fire));
  return id;
}

function clear(id) {
  const call = mapGet(calls, Number(id));
  if (call === undefined) return;
  mapDelete(calls, Number(id));
  mapDelete(pending, call);
  cancel(call);
}

/** @param {Function} callback @param {number} [delay] */
export function setTimeout(callback, delay, ...args) { return start(callback, delay, args, false); }
/** @param {Function} callback @param {number} [delay] */
export function setInterval(callback, delay, ...args) { return start(callback, delay, args, true); }
/** @param {number} [id] */
export function clearTimeout(id) { clear(id); }
/** @param {number} [id] */
export function clearInterval(id) { clear(id); }

/** HTML, section 8.8. @param {() => void} callback */
export function queueMicrotask(callback) {
  if (typeof callback !== "function") throw new TypeError("queueMicrotask takes a function");
  then(resolved, () => {
    try {
      callback();
    } catch (error) {
      reportError(error);
    }
  });
}
