// HTML, sections 8.1.4.7 and 8.1.8: the global object as an EventTarget, and the events of what nobody caught.
import { EventTarget, defineHandler, fire, isHeard } from "./event_target.js";
import { apply, create, setPrototypeOf } from "./primordials.js";

const here = globalThis;

/** @param {unknown} self */
function toGlobal(self) {
  if (self !== undefined && self !== null && self !== here) throw new TypeError("Illegal invocation");
  return here;
}

/** OnErrorEventHandler: takes an ErrorEvent in parts, and prevents what follows by returning true. */
function callOnError(callback, event, target) {
  if (typeof callback !== "function") return;
  const parts = require("./event_types.js").errorParts(event);
  if (apply(callback, target, parts ?? [event]) === (parts !== undefined)) require("./event.js").cancel(event);
}

/** @param {string} type @param {Promise<unknown>} promise @param {unknown} reason @param {boolean} cancelable */
function fireRejection(type, promise, reason, cancelable) {
  if (!isHeard(here, type)) return true;
  const { PromiseRejectionEvent } = require("./event_types.js");
  return fire(here, new PromiseRejectionEvent(type, { __proto__: null, cancelable, promise, reason }));
}

/** Nobody listens to a rejected promise. Whether that was prevented from ending the execution. */
export function rejectionUnhandled(promise, reason) { return !fireRejection("unhandledrejection", promise, reason, true); }

/** Somebody listens now to a promise that was spared. */
export function rejectionHandled(promise, reason) { fireRejection("rejectionhandled", promise, reason, false); }

export function defineGlobalEvents() {
  // Without a name of its own: packages take one of the web's for what comes with it.
  setPrototypeOf(here, create(EventTarget.prototype, { [Symbol.toStringTag]: { value: "global", configurable: true } }));
  defineHandler(here, "error", toGlobal, callOnError);
  defineHandler(here, "unhandledrejection", toGlobal);
  defineHandler(here, "rejectionhandled", toGlobal);
}
