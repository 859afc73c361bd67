// Values as text for people, as a console shows them. Runs no getter and no trap of a proxy.
import {
  dateToISOString, getOwnPropertyDescriptor, getPrototypeOf, isArray, isView, join, keys, map, mapForEach, min,
  objectToString, ownKeys, push, regExpToString, repeat, setForEach, slice, stringify, symbolToString,
} from "./primordials.js";

const { inspectPromise, isProxy } = host;

const MAX_DEPTH = 4;
const MAX_ENTRIES = 100;
const MAX_STRING = 10_000;
const MAX_TOTAL = 60_000;
const LINE = 76;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** @typedef {{ seen: object[], size: number }} State */

/** @param {unknown} value */
export function inspect(value) {
  return format(value, 0, { seen: [], size: 0 });
}

/** @param {unknown} value @param {number} depth @param {State} state @returns {string} */
function format(value, depth, state) {
  let text;
  try {
    text = typeof value === "object" && value !== null ? formatObject(value, depth, state) : formatPrimitive(value);
  } catch {
    text = "[unprintable]";
  }
  state.size += text.length;
  return text;
}

function formatPrimitive(value) {
  switch (typeof value) {
    case "string": return quote(value);
    case "bigint": return `${value}n`;
    case "symbol": return symbolToString(value);
    case "function": return formatFunction(value);
    default: return Object.is(value, -0) ? "-0" : `${value}`;
  }
}

function quote(text) {
  const shown = text.length > MAX_STRING ? text.substring(0, MAX_STRING) : text;
  return stringify(shown) + (shown === text ? "" : `… ${text.length - shown.length} more`);
}

function formatFunction(value) {
  if (isProxy(value)) return "[Proxy]";
  const name = getOwnPropertyDescriptor(value, "name")?.value;
  const kind = /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "Function";
  return typeof name === "string" && name !== "" ? `[${kind} ${name}]` : `[${kind} (anonymous)]`;
}

/** The name of what made an object; without running anything of the object's. */
function nameOf(object) {
  for (let proto = object; proto !== null && !isProxy(proto); proto = getPrototypeOf(proto)) {
    const constructor = getOwnPropertyDescriptor(proto, "constructor")?.value;
    if (typeof constructor !== "function" || isProxy(constructor)) continue;
    const name = getOwnPropertyDescriptor(constructor, "name")?.value;
    if (typeof name === "string" && name !== "") return name;
  }
  return getPrototypeOf(object) === null ? "[Object: null prototype]" : "Object";
}

function formatObject(object, depth, state) {
  if (isProxy(object)) return "[Proxy]";
  if (state.seen.includes(object)) return "[Circular]";
  if (isError(object)) return formatError(object, depth, state);
  const name = nameOf(object);
  if (depth > MAX_DEPTH || state.size > MAX_TOTAL) return isArray(object) ? "[Array]" : `[${name}]`;
  push(state.seen, object);
  const text = formatContents(object, name, depth, state);
  state.seen.pop();
  return text;
}

const tags = { __proto__: null, "[object Date]": dateText, "[object RegExp]": regExpToString };
function dateText(date) {
  try {
    return dateToISOString(date);
  } catch {
    return "Invalid Date";
  }
}

function formatContents(object, name, depth, state) {
  const promise = inspectPromise(object);
  if (promise) {
    const [settled, value] = promise;
    if (settled === "pending") return "Promise { <pending> }";
    return `Promise { ${settled === "rejected" ? "<rejected> " : ""}${format(value, depth + 1, state)} }`;
  }
  const own = getOwnPropertyDescriptor(object, Symbol.toStringTag) ? undefined : tags[objectToString(object)];
  const parts = [];
  let open = name === "Object" ? "{" : `${name} {`;
  let close = "}";
  let skip = 0;
  if (isArray(object) || (isView(object) && "length" in object)) {
    const { length } = object;
    open = name === "Array" ? "[" : `${name}(${length}) [`;
    close = "]";
    skip = min(length, MAX_ENTRIES);
    for (let i = 0; i < skip; ++i) push(parts, formatEntry(object, `${i}`, depth, state, false));
    if (length > skip) push(parts, `… ${length - skip} more`);
    skip = length;
  } else if (object instanceof Map) {
    open = `${name}(${object.size}) {`;
    mapForEach(object, (value, key) => {
      if (parts.length >= MAX_ENTRIES) return;
      push(parts, `${format(key, depth + 1, state)} => ${format(value, depth + 1, state)}`);
    });
  } else if (object instanceof Set) {
    open = `${name}(${object.size}) {`;
    setForEach(object, (value) => parts.length < MAX_ENTRIES && push(parts, format(value, depth + 1, state)));
  } else if (objectToString(object) === "[object ArrayBuffer]") {
    return `${name} { byteLength: ${object.byteLength} }`;
  } else if (typeof object.href === "string" && name === "URL") {
    return `URL { ${quote(object.href)} }`;
  } else if (name === "Headers" || name === "URLSearchParams") {
    for (const [key, value] of object) push(parts, `${quote(key)}: ${quote(value)}`);
  }
  // The elements have been shown; what else a script hung on a list comes behind.
  const all = isArray(object) || isView(object) ? slice(keys(object), min(skip, keys(object).length)) : ownKeys(object);
  let shown = 0;
  for (const key of all) {
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (!descriptor?.enumerable) continue;
    if (++shown > MAX_ENTRIES || state.size > MAX_TOTAL) {
      push(parts, "…");
      break;
    }
    push(parts, formatEntry(object, key, depth, state, true));
  }
  if (own) return parts.length === 0 ? own(object) : `${own(object)} ${wrap("{", parts, "}", depth)}`;
  return wrap(open, parts, close, depth);
}

function formatEntry(object, key, depth, state, named) {
  const descriptor = getOwnPropertyDescriptor(object, key);
  let text = "<empty>";
  if (descriptor) {
    const { get, set, value } = descriptor;
    text = get ? (set ? "[Getter/Setter]" : "[Getter]") : set ? "[Setter]" : format(value, depth + 1, state);
  }
  if (!named) return text;
  const shown = typeof key === "symbol" ? `[${symbolToString(key)}]` : IDENTIFIER.test(key) ? key : stringify(key);
  return `${shown}: ${text}`;
}

function wrap(open, parts, close, depth) {
  if (parts.length === 0) return open === "{" || open === "[" ? open + close : `${open}${close}`;
  const line = `${open} ${join(parts, ", ")} ${close}`;
  if (line.length + depth * 2 <= LINE && !line.includes("\n")) return line;
  const indent = repeat("  ", depth + 1);
  return `${open}\n${join(map(parts, (part) => indent + part), ",\n")}\n${repeat("  ", depth)}${close}`;
}

const isError = (value) => objectToString(value) === "[object Error]" || value instanceof Error;

function formatError(error, depth, state) {
  const property = (key) => {
    for (let holder = error; holder !== null && !isProxy(holder); holder = getPrototypeOf(holder)) {
      const descriptor = getOwnPropertyDescriptor(holder, key);
      if (descriptor) return descriptor.get ? Reflect.apply(descriptor.get, error, []) : descriptor.value;
    }
    return undefined;
  };
  const stack = property("stack");
  let text = `${property("name")}: ${property("message")}`;
  if (typeof stack === "string") {
    const frames = stack.split("\n").filter((line) => /^ +at /.test(line) && !line.includes("warder:"));
    if (frames.length > 0) text += `\n${join(frames, "\n")}`;
  }
  push(state.seen, error);
  const extra = [];
  for (const key of keys(error)) {
    if (key !== "stack" && key !== "message") push(extra, formatEntry(error, key, depth, state, true));
  }
  if (extra.length > 0) text += ` ${wrap("{", extra, "}", depth)}`;
  const cause = property("cause");
  if (cause !== undefined && depth < MAX_DEPTH * 2) text += `\n  [cause]: ${format(cause, depth + 1, state)}`;
  state.seen.pop();
  return text;
}
