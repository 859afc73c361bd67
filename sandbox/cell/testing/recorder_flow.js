// Replaces every method and accessor that a script can reach by one that notes what it is given, uses the platform, and
// tells what it has seen that is neither reachable anyway nor the script's own: the runtime must not hand its internals
// to what a script may have patched. With the event { late: true } it replaces those of the language before the platform
// has been named, so that all of that comes into being among them.
import { flow, integration } from "warder";

import { isObject, reach } from "./reach.js";
import { uses } from "./use_platform.js";

const { apply, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const add = uncurry(Set.prototype.add);
const has = uncurry(Set.prototype.has);
const startsWith = uncurry(String.prototype.startsWith);
const toText = uncurry(Object.prototype.toString);
const NativeSet = Set;

const reachable = new NativeSet();
const mine = new NativeSet();
const own = (value) => {
  if (isObject(value)) add(mine, value);
  return value;
};

/** What was seen, and the line that tells of it. @type {[line: string, value: object][]} */
const findings = [];
const natives = { __proto__: null };
let recording = false;

function note(where, value, what) {
  if (!recording || !isObject(value) || has(mine, value) || has(reachable, value)) return;
  recording = false;
  const name = typeof value === "function" ? "a function" : toText(value);
  findings[findings.length] = own([`${where} gets ${what}: ${name}`, value]);
  if (typeof value === "function" && startsWith(`${getOwnPropertyDescriptor(value, "name")?.value}`, "host.")) {
    natives[where] = true;
  }
  recording = true;
}

function recorder(where, original) {
  // As callable, and as little of a constructor, as the original.
  return own({
    method(...args) {
      note(where, this, "this");
      for (let i = 0; i < args.length; ++i) note(where, args[i], `argument ${i}`);
      return apply(original, this, args);
    },
  }.method);
}

function patch(object, name) {
  for (const key of ownKeys(object)) {
    if (key === "constructor") continue;
    const descriptor = getOwnPropertyDescriptor(object, key);
    const where = `${name}.${String(key)}`;
    const changed = { __proto__: null };
    for (const part of ["value", "get", "set"]) {
      if (typeof descriptor[part] !== "function") continue;
      if (part === "value" && getOwnPropertyDescriptor(descriptor.value, "prototype")) continue;  // a class
      changed[part] = recorder(where, descriptor[part]);
    }
    try {
      if (ownKeys(changed).length > 0) defineProperty(object, key, changed);
    } catch { /* it cannot be patched by anybody */ }
  }
}

/** A prototype, or a namespace: what has a name of its own. */
function nameOf(object) {
  const constructor = getOwnPropertyDescriptor(object, "constructor")?.value;
  if (typeof constructor === "function") return `${constructor.name}.prototype`;
  return typeof object === "function" ? object.name : toText(object);
}

/** The objects of the language, and no others: naming those of the platform would make them. */
function language() {
  const names = [
    "Array", "ArrayBuffer", "BigInt", "Boolean", "DataView", "Date", "Error", "Function", "Iterator", "JSON", "Map",
    "Math", "Number", "Object", "Promise", "Proxy", "RangeError", "Reflect", "RegExp", "Set", "String", "Symbol",
    "TypeError", "Uint8Array", "WeakMap", "WeakSet",
  ];
  const objects = [];
  for (const name of names) objects.push(globalThis[name]);
  return objects;
}

export default integration({
  name: "Recorder", version: "1",
  flows: [flow({
    name: "Recorder", key: "t",
    run: async (context, event) => {
      own(context);
      const late = event?.late === true;
      const samples = [[].values(), new Map().entries(), new Set().values(), (function* () {})(), (async function* () {})(),
        "".matchAll(/a/g)];
      // What few scripts name is made now, and made again by none of what follows; or else all of that is made below.
      const platform = async () => [globalThis, context, await import("warder"), new Headers().entries()];
      const objects = reach([...(late ? language() : await platform()), ...samples], reachable);
      for (const object of objects) if (object !== globalThis && object !== findings) patch(object, nameOf(object));
      for (let i = 0; i < 3; ++i) {
        const where = `Array.prototype[${i}]`;
        defineProperty(Array.prototype, i, {
          get: own(function () { note(where, this, "this (get)"); }), configurable: true,
          set: own(function (value) {
            note(where, this, "this");
            note(where, value, "a value");
            defineProperty(this, i, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
          }),
        });
      }
      defineProperty(Object.prototype, "then", {
        get: own(function () { note("Object.prototype.then", this, "this"); }), configurable: true,
        set: own(function (value) {
          defineProperty(this, "then", { __proto__: null, value, writable: true, enumerable: true, configurable: true });
        }),
      });
      recording = true;
      let failure = null;
      try {
        const parts = uses(own);
        for (let i = 0; i < parts.length; ++i) await parts[i]();
      } catch (error) {
        failure = `${error?.message}\n${error?.stack}`;
      }
      recording = false;
      if (late) reach(await platform(), reachable);
      const lines = { __proto__: null };
      for (const [line, value] of findings) if (!has(reachable, value)) lines[line] = true;
      for (const line of ownKeys(lines)) context.log.warn(line);
      for (const where of ownKeys(natives)) context.log.error(`${where} gets a native of the cell`);
      return { data: failure };
    },
  })],
});
