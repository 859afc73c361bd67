// Replaces every method and accessor that a script can reach by one that notes what it is given, uses the platform, and
// tells what it has seen that is neither reachable anyway nor the script's own: the runtime must not hand its internals
// to what a script may have patched.
import { flow, integration } from "warder";

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

async function drain(stream) {
  const reader = own(stream.getReader());
  for (;;) {
    const result = own(await own(reader.read()));
    if (result.done) return;
    own(result.value);
  }
}

async function usePlatform() {
  const first = own(await own(fetch("https://a.test/", own({ method: "POST", body: "x", headers: own({ a: "b" }) }))));
  own(first.headers).get("content-type");
  await own(first.text());
  const second = own(await own(fetch("https://a.test/2")));
  await drain(own(second.body));
  const target = own(new EventTarget());
  const listener = own(() => {});
  const controller = own(new AbortController());
  const signal = own(AbortSignal.any(own([own(controller.signal)])));
  target.addEventListener("a", listener, own({ signal, once: true }));
  target.dispatchEvent(own(new Event("a")));
  signal.onabort = own((event) => own(event));
  controller.abort();
  const url = own(new URL("https://a.test/?b=c#d"));
  own(url.searchParams).append("e", "f");
  url.searchParams.sort();
  own(structuredClone(own({ a: own([1]), m: own(new Map()), b: own(new Uint8Array(2)) })));
  console.log("%s %o", "a", own({ b: own([1, 2]), e: own(new Error("c")), u: url, h: first.headers, m: own(new Map()) }));
  console.table(own([own({ a: 1 })]));
  console.error(own(new DOMException("a", "b")), own(Promise.resolve(own({}))));
  console.group("a");
  console.count();
  console.groupEnd();
  own(new TextDecoder()).decode(own(own(new TextEncoder()).encode("ä")));
  atob(btoa("a"));
  crypto.getRandomValues(own(new Uint8Array(4)));
  crypto.randomUUID();
  own(new Headers(own({ a: "b" }))).set("c", "d");
  await own(own(new Response("a", own({ headers: own({ b: "c" }) }))).clone()).json().catch(own(() => {}));
  await own(own(new Request("https://a.test/", own({ method: "PUT", body: own(new URLSearchParams("a=b")) }))).text());
  const form = own(new FormData());
  form.append("a", own(new Blob(own(["b"]))), "c");
  await own(own(new Response(form)).text());
  await own(own(await own(own(new Response("a=b", own({ headers: own({ "content-type": "application/x-www-form-urlencoded" }) })))
    .formData())).get("a"));
  own(await own(own(structuredClone(own(new File(own(["a"]), "b"))))).arrayBuffer());
  own(performance.toJSON());
  queueMicrotask(own(() => {}));
  const timers = own(new Promise(own((resolve) => setTimeout(own(resolve), 1))));
  clearInterval(setInterval(own(() => {}), 1));
  await timers;
  addEventListener("error", own((event) => { own(event).preventDefault(); }));
  reportError(own(new Error("told")));
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
        await usePlatform();
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
