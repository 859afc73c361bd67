// Walks over everything that a script can reach, and says of each property what it is: one line for each path.
//
//   Array.prototype.map  function(1) w-c          a value: writable, enumerable, configurable
//   URL.prototype.href  get set -ec               an accessor
//   Array.prototype.constructor  w-c = Array      what has been said already at another path
//   Array.[[Prototype]]  = Function.prototype
//
// A path begins with a global's name, with "warder", "context" or "import.meta", or with a sample ("Headers#"): objects that only
// a call gives. A sample's accessors are read, so what they give is walked too.

const { getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

const keyText = (key) => (typeof key === "symbol" ? `[${key.description.replace("Symbol.", "@@")}]` : `.${key}`);

/** A function's own length and name are what every function has; they are told only where they are not. */
function isUsual(object, key, { writable, enumerable, configurable }) {
  return typeof object === "function" && (key === "length" || key === "name") && !writable && !enumerable && configurable;
}

function kindOf(value) {
  if (typeof value === "function") return `function(${getOwnPropertyDescriptor(value, "length")?.value})`;
  return value === null ? "null" : typeof value;
}

/**
 * @param {Record<string, unknown>} roots by the name that begins their paths; "" is the global object
 * @param {Record<string, object>} samples
 */
export function walk(roots, samples) {
  const lines = [];
  const natives = [];
  const known = new Map();
  const todo = [];

  /** The end of the line for `value`, found at `path`. */
  const tell = (path, value, sample) => {
    if (!isObject(value)) return kindOf(value);
    const at = known.get(value);
    if (at !== undefined) return `= ${at}`;
    known.set(value, path);
    todo.push([path, value, sample]);
    if (typeof value === "function") {
      const name = getOwnPropertyDescriptor(value, "name")?.value;
      if (`${name}`.startsWith("host.")) natives.push(`${path} is ${name}`);
    }
    return kindOf(value);
  };

  const visit = ([path, object, sample]) => {
    const prefix = path === "globalThis" ? "" : path;
    const name = (key) => (prefix === "" && typeof key === "string" ? key : `${prefix}${keyText(key)}`);
    const keys = ownKeys(object).map((key) => [name(key), key]).sort(([a], [b]) => (a < b ? -1 : 1));
    for (const [at, key] of keys) {
      const descriptor = getOwnPropertyDescriptor(object, key);
      if (isUsual(object, key, descriptor)) continue;
      const { get, set, value, writable, enumerable, configurable } = descriptor;
      const flags = `${writable ? "w" : "-"}${enumerable ? "e" : "-"}${configurable ? "c" : "-"}`;
      if (!get && !set) {
        const what = tell(at, value, false);
        lines.push(what[0] === "=" ? `${at}  ${flags} ${what}` : `${at}  ${what} ${flags}`);
        continue;
      }
      lines.push(`${at}  ${get ? "get" : ""}${get && set ? " " : ""}${set ? "set" : ""} ${flags}`);
      // Both are functions of their own, but for what comes with every function there is nothing to tell of them.
      for (const [what, accessor] of [["get", get], ["set", set]]) if (accessor) tell(`${at}.<${what}>`, accessor, false);
    }
    const prototype = getPrototypeOf(object);
    if (!(typeof object === "function" && prototype === Function.prototype) && prototype !== Object.prototype) {
      const what = tell(`${path}.[[Prototype]]`, prototype, false);
      lines.push(`${path}.[[Prototype]]  ${what}`);
    }
    if (!sample) return;
    for (let holder = prototype; holder && holder !== Object.prototype; holder = getPrototypeOf(holder)) {
      for (const key of ownKeys(holder)) {
        if (!getOwnPropertyDescriptor(holder, key).get || key === "__proto__") continue;
        let value;
        try {
          value = Reflect.get(holder, key, object);
        } catch {
          continue;
        }
        if (isObject(value)) lines.push(`${path}.(${String(key)})  ${tell(`${path}.(${String(key)})`, value, true)}`);
      }
    }
  };

  for (const [name, value] of Object.entries(roots)) lines.push(`${name}  ${tell(name, value, false)}`);
  // Breadth first: an object's path is its shortest one.
  const visitAll = () => { while (todo.length > 0) visit(todo.shift()); };
  visitAll();
  for (const [name, value] of Object.entries(samples)) {
    lines.push(`${name}  ${tell(name, value, true)}`);
    visitAll();
  }
  return { lines: [...new Set(lines)].sort(), natives };
}
