// Replaces every method and accessor that a script can reach by one that notes what it is given, uses the platform, and
// tells what it has seen that is neither reachable anyway nor the script's own: the runtime must not hand its internals
// to what a script may have patched.
import { flow, integration } from "warder";

import { uses } from "./use_platform.js";

const { apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const add = uncurry(Set.prototype.add);
const has = uncurry(Set.prototype.has);
const startsWith = uncurry(String.prototype.startsWith);
const toText = uncurry(Object.prototype.toString);
const NativeSet = Set;
const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

const reachable = new NativeSet();
const mine = new NativeSet();
const own = (value) => {
  if (isObject(value)) add(mine, value);
  return value;
};

const findings = { __proto__: null };
const natives = { __proto__: null };
let recording = false;

function note(where, value, what) {
  if (!recording || !isObject(value) || has(mine, value) || has(reachable, value)) return;
  recording = false;
  const name = typeof value === "function" ? "a function" : toText(value);
  findings[`${where} gets ${what}: ${name}`] = true;
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

/** All that can be reached by properties and prototypes. */
function collect(roots) {
  const todo = [...roots];
  const all = [];
  while (todo.length > 0) {
    const object = todo.pop();
    if (!isObject(object) || has(reachable, object)) continue;
    add(reachable, object);
    all.push(object);
    todo.push(getPrototypeOf(object));
    for (const key of ownKeys(object)) {
      const { get, set, value } = getOwnPropertyDescriptor(object, key);
      todo.push(get, set, value);
    }
  }
  return all;
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

export default integration({
  name: "Recorder", version: "1",
  flows: [flow({
    name: "Recorder", key: "t",
    run: async (context) => {
      own(context);
      // What few scripts name is made now, and made again by none of what follows.
      const objects = collect([globalThis, context, await import("warder"), [].values(), new Map().entries(),
        new Set().values(), (function* () {})(), (async function* () {})(), "".matchAll(/a/g), new Headers().entries()]);
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
      for (const line of ownKeys(findings)) context.log.warn(line);
      for (const where of ownKeys(natives)) context.log.error(`${where} gets a native of the cell`);
      return { data: failure };
    },
  })],
});
