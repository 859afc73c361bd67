// Values as text for people, as a console shows them. Runs no getter and no trap of a proxy, and formats no more than is
// shown: what remains of a value when the text is long enough is counted, not looked at.
import { MAX_TEXT, describePlatformObject } from "../inspect_types.js";
import { interfaces } from "../late.js";
import {
  Symbol, apply, arrayBufferByteLength, asIntN, bigintToString, bigintValueOf, booleanValueOf, dataViewByteLength, dateToISOString,
  functionToString, getOwnPropertyDescriptor, getPrototypeOf, indexOf, is, join, makeList, mapEntries, mapNext, mapSize,
  max, min, numberValueOf, regExpToString, repeat, setNext, setSize, setValues, sliceString, startsWith, stringValueOf,
  stringify, symbolToString, symbolValueOf, test, typedArrayLength, typedArrayName,
} from "../primordials.js";

const { inspectKeys, inspectPromise, kindOf } = host;

// As in natives_inspect.cc.
const PROXY = 1, ARRAY = 2, TYPED_ARRAY = 3, DATA_VIEW = 4, ARRAY_BUFFER = 5, MAP = 6, SET = 7, DATE = 8, REG_EXP = 9,
  PROMISE = 10, ERROR = 11, NUMBER = 12, STRING = 13, BOOLEAN = 14, SYMBOL = 15, BIGINT = 16, OPAQUE = 17;

const MAX_DEPTH = 4;
const MAX_DEPTH_ASKED = 20;
const MAX_ERROR_DEPTH = 8;
const MAX_ENTRIES = 100;
const MAX_STRING = 10_000;
const MAX_NAME = 200;
const LINE = 76;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const UNFORGEABLE = { __proto__: null, isTrusted: true };  // of an event
const ERROR_PARTS = { __proto__: null, stack: true, message: true, cause: true, errors: true };

/** @typedef {{ path: object[], left: number, depth: number }} State */

/**
 * @param {unknown} value
 * @param {{ depth?: number, length?: number }} [limits] `depth`: how deep objects are shown; `length`: about how long the
 *   text may become
 */
export function inspect(value, limits = undefined) {
  const depth = limits?.depth ?? MAX_DEPTH;
  return format(value, 0, {
    path: makeList(), left: limits?.length ?? MAX_TEXT, depth: depth >= 0 ? min(depth, MAX_DEPTH_ASKED) : MAX_DEPTH,
  });
}

/** @param {string} text @param {number} length */
export function cut(text, length) {
  if (text.length <= length) return text;
  const kept = max(length, 0);
  return `${sliceString(text, 0, kept)}… ${text.length - kept} more character${text.length - kept > 1 ? "s" : ""}`;
}

/** @param {unknown} value @param {number} depth @param {State} state @returns {string} */
function format(value, depth, state) {
  if (state.left <= 0) return "…";
  try {
    if (typeof value === "object" && value !== null) return formatObject(value, depth, state);
    return typeof value === "function" ? formatFunction(value, depth, state) : formatPrimitive(value, state);
  } catch {
    return "[unprintable]";
  }
}

/** Text that counts. @param {string} text @param {State} state */
function spend(text, state) {
  state.left -= text.length + 2;
  return text;
}

function formatPrimitive(value, state) {
  switch (typeof value) {
    case "string": return quote(value, state);
    case "bigint": return spend(`${cut(bigintText(value), MAX_STRING)}n`, state);
    case "symbol": return spend(cut(symbolToString(value), MAX_NAME), state);
    default: return spend(is(value, -0) ? "-0" : `${value}`, state);
  }
}

/** The decimal digits of a huge number take longer than its size lets expect. */
function bigintText(value) { return asIntN(8192, value) === value ? `${value}` : `0x${bigintToString(value, 16)}`; }

function quote(text, state) {
  const length = min(MAX_STRING, max(state.left, 0));
  const rest = text.length - length;
  if (rest <= 0) return spend(stringify(text), state);
  return spend(`${stringify(sliceString(text, 0, length))}… ${rest} more character${rest > 1 ? "s" : ""}`, state);
}

/** A property's value, where looking it up runs nothing. */
function dataProperty(object, key) {
  let holder = object;
  for (let i = 0; i < MAX_ENTRIES && holder !== null && kindOf(holder) !== PROXY; ++i) {
    const descriptor = getOwnPropertyDescriptor(holder, key);
    if (descriptor !== undefined) return descriptor.value;
    holder = getPrototypeOf(holder);
  }
  return undefined;
}

function formatFunction(value, depth, state) {
  if (kindOf(value) === PROXY) return spend("[Proxy]", state);
  const name = getOwnPropertyDescriptor(value, "name")?.value;
  const kind = startsWith(functionToString(value), "class") ? "class" : "Function";
  const text = typeof name === "string" && name !== "" ? `[${kind} ${cut(name, MAX_NAME)}]` : `[${kind} (anonymous)]`;
  spend(text, state);
  const parts = makeList();
  if (depth <= state.depth) addProperties(parts, value, inspectKeys(value), depth, state);
  return parts.length === 0 ? text : wrap(`${text} {`, parts, "}", depth, false);
}

/** The name of what made an object; undefined: it has no prototype. */
function nameOf(object) {
  let holder = object;
  for (let i = 0; i < MAX_ENTRIES && holder !== null && kindOf(holder) !== PROXY; ++i) {
    const constructor = getOwnPropertyDescriptor(holder, "constructor")?.value;
    if (typeof constructor === "function" && kindOf(constructor) !== PROXY) {
      const name = getOwnPropertyDescriptor(constructor, "name")?.value;
      if (typeof name === "string" && name !== "") return cut(name, MAX_NAME);
    }
    holder = getPrototypeOf(holder);
  }
  return getPrototypeOf(object) === null ? undefined : "Object";
}

function formatObject(object, depth, state) {
  const kind = kindOf(object);
  if (kind === PROXY) return spend("[Proxy]", state);
  for (let i = 0; i < state.path.length; ++i) if (state.path[i] === object) return spend("[Circular]", state);
  const isError = kind === ERROR;
  const name = nameOf(object);
  if (depth > state.depth && !(isError && depth < MAX_ERROR_DEPTH)) {
    return spend(`[${kind === ARRAY ? "Array" : name ?? "Object: null prototype"}]`, state);
  }
  state.path[state.path.length] = object;
  const text = isError ? formatError(object, depth, state) : formatContents(object, kind, name, depth, state);
  state.path.length -= 1;
  return text;
}

/** The text before the contents: `Name [tag] `. */
function prefixOf(object, name, usual) {
  const tag = dataProperty(object, Symbol.toStringTag);
  const shown = name ?? "[Object: null prototype]";
  if (typeof tag === "string" && tag !== "" && tag !== name) return `${shown} [${cut(tag, MAX_NAME)}] `;
  return shown === usual ? "" : `${shown} `;
}

function formatContents(object, kind, name, depth, state) {
  const parts = makeList();
  let open = "{", close = "}", sized = "", short = false;
  let keys = true;
  let skipped;
  switch (kind) {
    case ARRAY: case TYPED_ARRAY: {
      const length = kind === ARRAY ? object.length : typedArrayLength(object);
      open = "[";
      close = "]";
      addElements(parts, object, length, depth, state);
      if (kind === TYPED_ARRAY || (name !== "Array" && name !== undefined)) sized = `(${length})`;
      short = true;
      break;
    }
    case MAP: case SET:
      sized = `(${kind === MAP ? mapSize(object) : setSize(object)})`;
      addMembers(parts, object, kind, depth, state);
      break;
    case ARRAY_BUFFER:
      parts[0] = `byteLength: ${arrayBufferByteLength(object)}`;
      break;
    case DATA_VIEW:
      parts[0] = `byteLength: ${dataViewByteLength(object)}`;
      break;
    case PROMISE: {
      const promise = inspectPromise(object);
      if (promise[0] === "pending") parts[0] = "<pending>";
      else parts[0] = `${promise[0] === "rejected" ? "<rejected> " : ""}${format(promise[1], depth + 1, state)}`;
      break;
    }
    case DATE: case REG_EXP: case NUMBER: case STRING: case BOOLEAN: case SYMBOL: case BIGINT: {
      const text = atomText(object, kind, name, state);
      addProperties(parts, object, inspectKeys(object), depth, state);
      return parts.length === 0 ? text : `${text} ${wrap("{", parts, "}", depth, false)}`;
    }
    case OPAQUE:
      parts[0] = "…";
      keys = false;
      break;
    default: {
      const shown = describePlatformObject(object);
      if (shown === undefined) break;
      addProperties(parts, shown, inspectKeys(shown), depth, state);
      skipped = UNFORGEABLE;
    }
  }
  if (keys) addProperties(parts, object, inspectKeys(object), depth, state, skipped);
  let prefix = prefixOf(object, name, kind === ARRAY ? "Array" : "Object");
  if (kind === TYPED_ARRAY) prefix = `${name ?? typedArrayName(object)} `;
  if (sized !== "") prefix = `${sliceString(prefix, 0, -1)}${sized} `;
  return spendShape(`${prefix}${open}`, close, parts, depth, short, state);
}

function spendShape(open, close, parts, depth, short, state) {
  spend(open, state);
  return wrap(open, parts, close, depth, short);
}

function atomText(object, kind, name, state) {
  switch (kind) {
    case DATE: return spend(dateText(object), state);
    case REG_EXP: return spend(cut(regExpToString(object), MAX_STRING), state);
    case NUMBER: return boxed("Number", numberValueOf(object), name, state);
    case STRING: return boxed("String", stringValueOf(object), name, state);
    case BOOLEAN: return boxed("Boolean", booleanValueOf(object), name, state);
    case SYMBOL: return boxed("Symbol", symbolValueOf(object), name, state);
    default: return boxed("BigInt", bigintValueOf(object), name, state);
  }
}

function boxed(type, value, name, state) {
  const shown = name === type || name === undefined ? type : `${type} (${name})`;
  return `[${shown}: ${formatPrimitive(value, state)}]`;
}

function dateText(date) {
  try {
    return dateToISOString(date);
  } catch {
    return "Invalid Date";
  }
}

/** The elements of an array; holes beside each other are one. */
function addElements(parts, object, length, depth, state) {
  const end = min(length, MAX_ENTRIES);
  let i = 0;
  while (i < end && state.left > 0) {
    const descriptor = getOwnPropertyDescriptor(object, i);
    if (descriptor !== undefined) {
      parts[parts.length] = formatProperty(descriptor, depth, state);
      ++i;
      continue;
    }
    const start = i;
    while (i < end && getOwnPropertyDescriptor(object, i) === undefined) ++i;
    parts[parts.length] = spend(i - start === 1 ? "<1 empty item>" : `<${i - start} empty items>`, state);
  }
  if (length > i) parts[parts.length] = more(length - i, "item", state);
}

const more = (count, what, state) => spend(`… ${count} more ${what}${count > 1 ? "s" : ""}`, state);

/** The members of a Map or a Set. */
function addMembers(parts, object, kind, depth, state) {
  const size = kind === MAP ? mapSize(object) : setSize(object);
  const iterator = kind === MAP ? mapEntries(object) : setValues(object);
  let shown = 0;
  for (; shown < size && shown < MAX_ENTRIES && state.left > 0; ++shown) {
    const { value, done } = kind === MAP ? mapNext(iterator) : setNext(iterator);
    if (done) return;
    parts[parts.length] = kind === MAP
      ? `${format(value[0], depth + 1, state)} => ${format(value[1], depth + 1, state)}` : format(value, depth + 1, state);
  }
  if (size > shown) parts[parts.length] = more(size - shown, "item", state);
}

/** @param {string[]} parts @param {object} object @param {(string | symbol)[]} keys @param {object} [skipped] */
function addProperties(parts, object, keys, depth, state, skipped = undefined) {
  let shown = 0;
  for (let i = 0; i < keys.length; ++i) {
    const key = keys[i];
    if (skipped !== undefined && typeof key === "string" && skipped[key] === true) continue;
    if (shown === MAX_ENTRIES || state.left <= 0) {
      parts[parts.length] = spend(`… ${keys.length - i} more`, state);
      return;
    }
    const descriptor = getOwnPropertyDescriptor(object, key);
    if (descriptor === undefined) continue;
    ++shown;
    parts[parts.length] = `${spend(keyText(key), state)}: ${formatProperty(descriptor, depth, state)}`;
  }
}

function keyText(key) {
  if (typeof key === "symbol") return `[${cut(symbolToString(key), MAX_NAME)}]`;
  if (key.length > MAX_NAME) return `${stringify(sliceString(key, 0, MAX_NAME))}…`;
  return test(IDENTIFIER, key) ? key : stringify(key);
}

function formatProperty(descriptor, depth, state) {
  if (descriptor.get) return spend(descriptor.set ? "[Getter/Setter]" : "[Getter]", state);
  return descriptor.set ? spend("[Setter]", state) : format(descriptor.value, depth + 1, state);
}

/** One line where that is short enough; lists of short items fill their lines. */
function wrap(open, parts, close, depth, list) {
  if (parts.length === 0) return open + close;
  let width = 0, longest = 0;
  let lines = false;
  for (let i = 0; i < parts.length; ++i) {
    width += parts[i].length + 2;
    longest = max(longest, parts[i].length);
    lines ||= indexOf(parts[i], "\n") >= 0;
  }
  if (!lines && open.length + width + close.length + depth * 2 <= LINE) return `${open} ${join(parts, ", ")} ${close}`;
  const indent = repeat("  ", depth + 1);
  let text = open;
  let column = LINE;
  for (let i = 0; i < parts.length; ++i) {
    const fits = list && !lines && longest <= 16 && column + parts[i].length + 2 <= LINE;
    text += fits ? ` ${parts[i]}` : `\n${indent}${parts[i]}`;
    column = fits ? column + parts[i].length + 2 : indent.length + parts[i].length + 1;
    if (i < parts.length - 1) text += ",";
  }
  return `${text}\n${repeat("  ", depth)}${close}`;
}

/** The frames of a stack's text, without the runtime's own. */
function framesOf(stack) {
  const frames = makeList();
  for (let at = 0; at < stack.length && frames.length < MAX_ENTRIES;) {
    let end = indexOf(stack, "\n", at);
    if (end < 0) end = stack.length;
    const line = sliceString(stack, at, min(end, at + MAX_NAME * 2));
    if (startsWith(line, "    at ") && indexOf(line, "warder:") < 0) frames[frames.length] = line;
    at = end + 1;
  }
  return join(frames, "\n");
}

function textOf(value) { return typeof value === "string" ? cut(value, MAX_STRING) : ""; }

/** "TypeError: x is not a function"; undefined: it is no error. @param {unknown} error */
export function errorTitle(error) {
  if (typeof error !== "object" || error === null || kindOf(error) !== ERROR) return undefined;
  const platform = interfaces.readDOMException(error);
  const said = platform ? platform.name : textOf(dataProperty(error, "name"));
  // A class that has not said its name is named by its constructor.
  const name = said === "" || said === "Error" ? nameOf(error) ?? "Error" : said;
  const message = platform ? textOf(platform.message) : textOf(dataProperty(error, "message"));
  return message === "" ? name : `${name}: ${message}`;
}

/** The frames of an error. @param {Error} error */
export function stackOf(error) {
  const stack = getOwnPropertyDescriptor(error, "stack");
  return framesOf(textOf(stack?.get ? readStack(error, stack.get) : stack?.value));
}

function formatError(error, depth, state) {
  let text = spend(errorTitle(error), state);
  const frames = stackOf(error);
  if (frames !== "") text += `\n${indented(spend(frames, state), depth)}`;
  const parts = makeList();
  addProperties(parts, error, inspectKeys(error), depth, state, ERROR_PARTS);
  const cause = getOwnPropertyDescriptor(error, "cause");
  if (cause !== undefined) parts[parts.length] = `[cause]: ${formatProperty(cause, depth, state)}`;
  const errors = getOwnPropertyDescriptor(error, "errors");
  if (errors !== undefined) parts[parts.length] = `[errors]: ${formatProperty(errors, depth, state)}`;
  return parts.length === 0 ? text : `${text} ${wrap("{", parts, "}", depth, false)}`;
}

/** V8's errors have an accessor for their stack, all with the same getter; another one is a script's. */
const stackGetter = getOwnPropertyDescriptor(new Error(), "stack").get;
function readStack(error, get) { return get === stackGetter ? apply(get, error, []) : ""; }

function indented(text, depth) {
  if (depth === 0) return text;
  const indent = repeat("  ", depth);
  let result = "";
  for (let at = 0; at <= text.length;) {
    let end = indexOf(text, "\n", at);
    if (end < 0) end = text.length;
    result += `${at === 0 ? "" : "\n"}${indent}${sliceString(text, at, end)}`;
    at = end + 1;
  }
  return result;
}
