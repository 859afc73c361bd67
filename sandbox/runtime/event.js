// DOM, section 2: Event, and how one is dispatched. There is no tree here, so an event's path is its target alone.
import { checkArguments, isObject, toDictionary } from "./idl.js";
import { defineInspectedAttributes } from "./inspect_types.js";
import { defineConstants, defineInterfaces } from "./install.js";
import { apply, copyList, defineProperty, getOwnPropertyDescriptor } from "./primordials.js";
import { performanceNow } from "./clock.js";
import { removeListener } from "./event_target.js";
import { reportException } from "./report.js";

const NONE = 0, AT_TARGET = 2;

/** @typedef {import("./event_target.js").Listener} Listener */

let isTrusted, isEventObject, canBeDispatched, run, initialise, cancelEvent;

export class Event {
  #type;
  #bubbles = false;
  #cancelable = false;
  #composed = false;
  #timeStamp = performanceNow();
  #target = null;
  #phase = NONE;
  #canceled = false;
  #stop = false;
  #stopImmediate = false;
  #dispatching = false;
  #passive = false;
  #trusted = false;

  static {
    isTrusted = (event) => event.#trusted;
    isEventObject = (value) => isObject(value) && #type in value;
    canBeDispatched = (event) => !event.#dispatching;
    cancelEvent = (event) => {
      if (event.#cancelable && !event.#passive) event.#canceled = true;
    };
    initialise = (event, type, bubbles, cancelable) => {
      if (event.#dispatching) return false;
      event.#type = type;
      event.#bubbles = bubbles;
      event.#cancelable = cancelable;
      event.#stop = event.#stopImmediate = event.#canceled = event.#trusted = false;
      event.#target = null;
      return true;
    };
    run = (event, target, listeners, trusted) => {
      event.#trusted = trusted;
      event.#dispatching = true;
      event.#target = target;
      event.#phase = AT_TARGET;
      event.#inner(target, listeners, true);
      event.#inner(target, listeners, false);
      event.#phase = NONE;
      event.#stop = event.#stopImmediate = event.#dispatching = false;
      return !event.#canceled;
    };
  }

  /** Section 2.9, "inner invoke". @param {Listener[] | null} listeners */
  #inner(target, listeners, capture) {
    if (listeners === null || this.#stop) return;
    const now = copyList(listeners);  // what is added meanwhile is not called; what is removed is not either
    for (let i = 0; i < now.length && !this.#stopImmediate; ++i) {
      const listener = now[i];
      if (listener.removed || listener.type !== this.#type || listener.capture !== capture) continue;
      if (listener.once) removeListener(listeners, listener);
      this.#passive = listener.passive;
      try {
        const { callback, handle } = listener;
        if (handle !== null) handle(callback, this, target);
        else if (typeof callback === "function") apply(callback, target, [this]);
        else callOperation(callback, this);
      } catch (error) {
        reportException(error);
      }
      this.#passive = false;
    }
  }

  /** @param {string} type @param {EventInit} [init] */
  constructor(type, init = undefined) {
    checkArguments(arguments.length, 1, "Event");
    this.#type = `${type}`;
    const options = toDictionary(init, "the options of an event");
    if (options !== undefined) {
      this.#bubbles = !!options.bubbles;
      this.#cancelable = !!options.cancelable;
      this.#composed = !!options.composed;
    }
    defineProperty(this, "isTrusted", IS_TRUSTED);
  }

  get type() { return this.#type; }
  get target() { return this.#target; }
  get srcElement() { return this.#target; }
  get currentTarget() { return this.#phase === NONE ? null : this.#target; }
  composedPath() { return this.#phase === NONE ? [] : [this.#target]; }
  get eventPhase() { return this.#phase; }
  stopPropagation() { this.#stop = true; }
  get cancelBubble() { return this.#stop; }
  set cancelBubble(value) { if (value) this.#stop = true; }
  stopImmediatePropagation() { this.#stop = this.#stopImmediate = true; }
  get bubbles() { return this.#bubbles; }
  get cancelable() { return this.#cancelable; }
  get returnValue() { return !this.#canceled; }
  set returnValue(value) { if (!value) cancelEvent(this); }
  preventDefault() { cancelEvent(this); }
  get defaultPrevented() { return this.#canceled; }
  get composed() { return this.#composed; }
  get timeStamp() { return this.#timeStamp; }
  /** @param {string} type */
  initEvent(type, bubbles = false, cancelable = false) {
    checkArguments(arguments.length, 1, "initEvent");
    initialise(this, `${type}`, !!bubbles, !!cancelable);
  }
}

defineInterfaces({ Event });
defineInspectedAttributes(Event, ["type", "target", "defaultPrevented"]);
defineConstants(Event, { NONE, CAPTURING_PHASE: 1, AT_TARGET, BUBBLING_PHASE: 3 });

// Web IDL, section 3.4.7, [LegacyUnforgeable]: an own property of each event, with one getter for all.
const trustedGetter = getOwnPropertyDescriptor({ get isTrusted() { return isTrusted(this); } }, "isTrusted").get;
const IS_TRUSTED = { __proto__: null, get: trustedGetter, set: undefined, enumerable: true, configurable: false };

/** Web IDL, section 3.12: the listener is an object with a method. */
function callOperation(callback, event) {
  const { handleEvent } = callback;
  if (typeof handleEvent !== "function") throw new TypeError("a listener that is an object has a method handleEvent");
  apply(handleEvent, callback, [event]);
}

/** @type {(value: unknown) => value is Event} */
export const isEvent = isEventObject;
/** Whether the event is not being dispatched already. @type {(event: Event) => boolean} */
export const isFree = canBeDispatched;
/** Section 2.9. False: a listener has prevented what follows by default. @type {(event: Event, target: object, listeners: Listener[] | null, trusted: boolean) => boolean} */
export const dispatch = run;
/** Section 2.2. @type {(event: Event, type: string, bubbles: boolean, cancelable: boolean) => boolean} */
export const initialiseEvent = initialise;
/** "Set the canceled flag". @type {(event: Event) => void} */
export const cancel = cancelEvent;
