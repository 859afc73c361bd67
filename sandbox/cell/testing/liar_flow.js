// Replaces every method and accessor that a script can reach by one that gives a lie now and then, uses the platform,
// and comes to its end: what a script has replaced may break the platform for the script, and nothing else. The event
// says which lie, and from which seed it is drawn when it is told: `{"lie": "object", "seed": 1}`.
import { flow, integration } from "warder";

import { reach } from "./reach.js";
import { more, uses } from "./use_platform.js";

const { apply, defineProperty, getOwnPropertyDescriptor, ownKeys } = Reflect;
const NativeError = Error;

const LIES = {
  object: {},
  text: { toString: () => "x", valueOf: () => 1, length: 3 },
  number: 0x41414141,
  string: "x",
  floats: new Float64Array(1),
  list: [{}, 1, "x"],
  proxy: new Proxy([], {}),
  nothing: undefined,
};
/** What the runtime's own objects have, so that a member that is missing is found on Object.prototype. */
const MEMBERS = ["bytes", "size", "pieces", "stream", "source", "type", "value", "done", "length", "list", "headers", "connection",
  "signal", "body", "0", "1", "get", "set"];
/** How many calls in a hundred are answered with a lie: seldom enough that what follows a lie is reached, too. */
const LIES_IN_A_HUNDRED = [2, 10, 40];
/** A lie at the wrong place makes a loop of the platform's endless. */
const MOST_CALLS = 20_000;

let lying = false;
let calls = 0;
let random = 1;
let often = 0;

function lies() {
  if (!lying) return false;
  if (++calls > MOST_CALLS) throw new NativeError("enough");
  random = (random * 1103515245 + 12345) % 2147483648;
  return random % 100 < often;
}

function patch(object, value) {
  for (const key of ownKeys(object)) {
    if (key === "constructor") continue;
    const descriptor = getOwnPropertyDescriptor(object, key);
    const changed = { __proto__: null };
    for (const part of ["value", "get", "set"]) {
      const original = descriptor[part];
      if (typeof original !== "function") continue;
      if (part === "value" && getOwnPropertyDescriptor(original, "prototype")) continue;  // a class
      changed[part] = { method(...args) { return lies() ? value : apply(original, this, args); } }.method;
    }
    try {
      if (ownKeys(changed).length > 0) defineProperty(object, key, changed);
    } catch { /* it cannot be patched by anybody */ }
  }
}

export default integration({
  name: "Liar", version: "1",
  flows: [flow({
    name: "Liar", key: "t",
    run: async (context, event) => {
      const value = LIES[event.lie];
      const same = (given) => given;
      const parts = [...more(same, context), ...uses(same)];
      const objects = reach([globalThis, context, await import("warder"), [].values(), new Map().entries(), new Set().values(),
        (function* () {})(), (async function* () {})(), "".matchAll(/a/g), new Headers().entries()]);
      for (const object of objects) if (object !== globalThis) patch(object, value);
      for (const name of MEMBERS) {
        defineProperty(Object.prototype, name, {
          __proto__: null, configurable: true,
          get() { return lies() ? value : undefined; },
          set(given) {
            if (lies()) return;
            defineProperty(this, name, { __proto__: null, value: given, writable: true, enumerable: true, configurable: true });
          },
        });
      }
      random = event.seed;
      often = LIES_IN_A_HUNDRED[event.seed % LIES_IN_A_HUNDRED.length];
      let whole = 0;
      for (let i = 0; i < parts.length; ++i) {
        calls = 0;
        lying = true;
        try {
          await parts[i]();
          whole += 1;
        } catch { /* it may fail as it likes */ }
        lying = false;
      }
      return { data: whole };
    },
  })],
});
