// The language's own functions, taken before any script can replace them. Runtime code that must go on working, or must
// not hand its internals to a patched prototype, uses these.

// For what runs after a script has: by then these globals may be another's.
export const { ArrayBuffer, Map, Promise, Symbol, Uint32Array, Uint8Array } = globalThis;
export const { now } = Date;

const { bind, call } = Function.prototype;

/** Turns a method into a function of its receiver. @type {(method: Function) => (...args: any[]) => any} */
export const uncurry = bind.bind(call);

export const {
  apply, construct, getPrototypeOf, setPrototypeOf, ownKeys, getOwnPropertyDescriptor, defineProperty,
} = Reflect;
export const { freeze, entries, keys, create, assign, hasOwn, is } = Object;
const { defineProperties } = Object;
export const { isArray } = Array;
export const { isView } = ArrayBuffer;
export const { parse, stringify } = JSON;
export const { min, max, floor, trunc } = Math;
export const { isFinite, isInteger } = Number;
export const { asIntN } = BigInt;

// The reference implementation of streams knows no primordials. What it calls stands where it looks for it.
const objects = {
  __proto__: null, create, defineProperties, defineProperty,
  prototype: { __proto__: null, hasOwnProperty: { __proto__: null, call: hasOwn } },
};
const functions = { __proto__: null, prototype: { __proto__: null, apply: { __proto__: null, call: apply } } };

/** What late modules name as a global: there it is this, whatever a script has put in its place (see build.mjs). */
export const globals = {
  Array, ArrayBuffer, BigInt, Boolean, DataView, Date, Error, Function: functions, Map, Math, Number, Object: objects,
  Promise, RangeError, Reflect, RegExp, Set, String, Symbol, SyntaxError, TypeError, Uint32Array, Uint8Array, WeakMap,
  WeakSet,
};

export const push = uncurry(Array.prototype.push);
export const shift = uncurry(Array.prototype.shift);
export const slice = uncurry(Array.prototype.slice);
export const splice = uncurry(Array.prototype.splice);
export const join = uncurry(Array.prototype.join);
export const map = uncurry(Array.prototype.map);
export const sort = uncurry(Array.prototype.sort);
export const arrayIncludes = uncurry(Array.prototype.includes);

/**
 * A list of what is not a script's to see. It has no prototype: a setter that a script puts onto Array.prototype["0"], or
 * a constructor that its methods would ask for the result, learns nothing of it.
 * @returns {any[]}
 */
export function makeList() {
  const list = [];
  setPrototypeOf(list, null);
  return list;
}

/** @template T @param {T[]} list @returns {T[]} */
export function copyList(list) {
  const copy = makeList();
  for (let i = 0; i < list.length; ++i) copy[i] = list[i];
  return copy;
}

export const mapGet = uncurry(Map.prototype.get);
export const mapSet = uncurry(Map.prototype.set);
export const mapHas = uncurry(Map.prototype.has);
export const mapDelete = uncurry(Map.prototype.delete);
export const mapForEach = uncurry(Map.prototype.forEach);
export const setForEach = uncurry(Set.prototype.forEach);
export const mapEntries = uncurry(Map.prototype.entries);
export const mapNext = uncurry(getPrototypeOf(new Map().entries()).next);
export const setValues = uncurry(Set.prototype.values);
export const setNext = uncurry(getPrototypeOf(new Set().values()).next);
export const iteratorPrototype = getPrototypeOf(getPrototypeOf([][Symbol.iterator]()));
export const asyncIteratorPrototype = getPrototypeOf(getPrototypeOf((async function* () {}).prototype));

export const toLowerCase = uncurry(String.prototype.toLowerCase);
export const toUpperCase = uncurry(String.prototype.toUpperCase);
export const startsWith = uncurry(String.prototype.startsWith);
export const indexOf = uncurry(String.prototype.indexOf);
export const sliceString = uncurry(String.prototype.slice);
export const padEnd = uncurry(String.prototype.padEnd);
export const trimEnd = uncurry(String.prototype.trimEnd);
export const codeUnitAt = uncurry(String.prototype.charCodeAt);
export const repeat = uncurry(String.prototype.repeat);
export const test = uncurry(RegExp.prototype.exec);
export const objectToString = uncurry(Object.prototype.toString);
export const functionToString = uncurry(Function.prototype.toString);
export const numberToString = uncurry(Number.prototype.toString);
export const toFixed = uncurry(Number.prototype.toFixed);
export const bigintToString = uncurry(BigInt.prototype.toString);
export const numberValueOf = uncurry(Number.prototype.valueOf);
export const stringValueOf = uncurry(String.prototype.valueOf);
export const booleanValueOf = uncurry(Boolean.prototype.valueOf);
export const symbolValueOf = uncurry(Symbol.prototype.valueOf);
export const bigintValueOf = uncurry(BigInt.prototype.valueOf);
export const dateToISOString = uncurry(Date.prototype.toISOString);
export const regExpToString = uncurry(RegExp.prototype.toString);
export const symbolToString = uncurry(Symbol.prototype.toString);

export const replaceAll = uncurry(String.prototype.replaceAll);
export const toWellFormed = uncurry(String.prototype.toWellFormed);

/** The getter of an accessor, as a function of its receiver. @param {object} prototype @param {PropertyKey} key */
export const getter = (prototype, key) => uncurry(getOwnPropertyDescriptor(prototype, key).get);
const typedArray = getPrototypeOf(Uint8Array.prototype);
export const typedArrayLength = getter(typedArray, "length");
export const typedArrayName = getter(typedArray, Symbol.toStringTag);
export const arrayBufferByteLength = getter(ArrayBuffer.prototype, "byteLength");
export const dataViewByteLength = getter(DataView.prototype, "byteLength");
export const mapSize = getter(Map.prototype, "size");
export const setSize = getter(Set.prototype, "size");

export const then = uncurry(Promise.prototype.then);
/** It says itself what `then` makes of it: Promise.prototype.constructor may be a script's. */
export const resolved = Object.defineProperty(Promise.resolve(), "constructor", { value: Promise });

/** @type {(bytes: Uint8Array) => ArrayBuffer} */
export const bufferOf = getter(typedArray, "buffer");
/** @type {(bytes: Uint8Array) => number} */
export const offsetOf = getter(typedArray, "byteOffset");
/** @type {(target: Uint8Array, source: Uint8Array, offset?: number) => void} */
export const setBytes = uncurry(typedArray.set);
/** @type {(bytes: Uint8Array, target: number, start: number, end?: number) => void} */
export const copyWithin = uncurry(typedArray.copyWithin);

/** A part of `bytes`, without a copy. @param {Uint8Array} bytes @param {number} start @param {number} [end] */
export function viewOf(bytes, start, end = typedArrayLength(bytes)) {
  return new Uint8Array(bufferOf(bytes), offsetOf(bytes) + start, end - start);
}

/** A copy of `bytes`, in a buffer of its own. @param {Uint8Array} bytes */
export function copyBytes(bytes) {
  const copy = new Uint8Array(typedArrayLength(bytes));
  setBytes(copy, bytes);
  return copy;
}

/** A byte view of a buffer or a view, without a copy. @param {BufferSource} source */
export function bytesOf(source) {
  if (isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  return new Uint8Array(source);
}

/** @param {unknown} value @returns {value is BufferSource} */
export function isBufferSource(value) {
  return isView(value) || objectToString(value) === "[object ArrayBuffer]";
}
