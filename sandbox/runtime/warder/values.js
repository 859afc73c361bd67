// What inputs are given: read as they were declared, with defaults, and with every problem noted instead of the first.
import { create, hasOwn, isArray, isFinite, isInteger, join, keys, map, parse, push, stringify, test } from "../primordials.js";
import { isObject } from "./checks.js";
import { quoted } from "./fields.js";
import { show } from "./problems.js";

/** @typedef {import("./input.js").Input} Input */
/** @typedef {{ path: string, rule: string }} Wrong */

const PLAIN = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** @type {WeakSet<object>} */
const connections = new WeakSet();
const hasConnection = connections.has.bind(connections);
const addConnection = connections.add.bind(connections);

/** From here on the value is one for inputs of the type "connection". @param {object} connection */
export const acceptConnection = (connection) => { addConnection(connection); };

/** @param {object} value */
export const isConnection = (value) => hasConnection(value);

const WORDS = {
  __proto__: null,
  string: "a text", number: "a number", boolean: "true or false", object: "an object", list: "a list", map: "an object",
  connection: "a connection", any: "a value",
};

const wordOf = (input) => (input.integer ? "a whole number" : WORDS[input.type]);

function isOfType(input, value) {
  switch (input.type) {
    case "string": return typeof value === "string";
    case "number": return typeof value === "number" && isFinite(value) && (!input.integer || isInteger(value));
    case "boolean": return typeof value === "boolean";
    case "list": return isArray(value);
    case "object":
    case "map": return isObject(value);
    case "connection": return typeof value === "object" && value !== null && isConnection(value);
    default: return typeof value !== "function" && typeof value !== "symbol";
  }
}

/** What `minimum` and `maximum` count. */
function sizeOf(input, value) {
  if (input.type === "number") return [value, ""];
  return [value.length, input.type === "list" ? " entries" : " characters"];
}

function checkBounds(input, value, path, wrong) {
  if (input.choices !== undefined) {
    for (let i = 0; i < input.choices.length; ++i) if (input.choices[i] === value) return;
    push(wrong, { path, rule: `must be one of ${quoted(input.choices)}, but is ${show(value)}` });
  }
  if (input.minimum === undefined && input.maximum === undefined) return;
  const [size, unit] = sizeOf(input, value);
  const is = unit === "" ? `is ${size}` : `has ${size}`;
  const must = unit === "" ? "be" : "have";
  if (size < input.minimum) push(wrong, { path, rule: `must ${must} at least ${input.minimum}${unit}, but ${is}` });
  if (size > input.maximum) push(wrong, { path, rule: `must ${must} at most ${input.maximum}${unit}, but ${is}` });
}

const below = (path, key) => (test(PLAIN, key) ? `${path}.${key}` : `${path}[${stringify(key)}]`);

/** A connection of the configuration: the granted one of the name that is given, or else of the input's own. */
function readConnection(input, value, path, wrong, granted) {
  const name = value ?? input.key;
  if (typeof name === "string" && granted[name] !== undefined) return granted[name];
  const names = keys(granted);
  const there = names.length === 0 ? "no connection is granted" : `granted are ${quoted(names)}`;
  if (value !== undefined && value !== null) push(wrong, { path, rule: `must name a granted connection, but is ${show(value)}: ${there}` });
  else if (input.required) push(wrong, { path, rule: `is missing: a connection of this name must be granted, but ${there}` });
  return undefined;
}

/**
 * One value. Null stands for a value that is not there.
 * @param {Input} input @param {unknown} value @param {string} path @param {Wrong[]} wrong
 * @param {Record<string, object> | undefined} granted the connections, where values only name them
 */
export function readValue(input, value, path, wrong, granted) {
  if (input.type === "connection" && granted !== undefined) return readConnection(input, value, path, wrong, granted);
  if (value === undefined || value === null) {
    if (input.default !== undefined) {
      const initial = input.default;
      return typeof initial === "object" ? parse(stringify(initial)) : initial;  // each run has its own
    }
    if (input.required) push(wrong, { path, rule: `is missing: it must be ${wordOf(input)}` });
    return undefined;
  }
  if (input.clean !== undefined) {
    const given = value;
    const { clean } = input;
    try {
      value = clean(value);
    } catch (error) {
      push(wrong, { path, rule: `cannot be cleaned: ${error instanceof Error ? error.message : show(error)}; it is ${show(given)}` });
      return undefined;
    }
  }
  if (!isOfType(input, value)) {
    push(wrong, { path, rule: `must be ${wordOf(input)}, but is ${show(value)}` });
    return undefined;
  }
  checkBounds(input, value, path, wrong);
  if (input.fields !== undefined) return readFields(input.fields, value, path, wrong, granted, false);
  if (input.items === undefined) return value;
  if (input.type === "list") {
    return map(value, (each, i) => readValue(input.items, each, `${path}[${i}]`, wrong, granted));
  }
  const result = {};
  const names = keys(value);
  for (let i = 0; i < names.length; ++i) {
    define(result, names[i], readValue(input.items, value[names[i]], below(path, names[i]), wrong, granted));
  }
  return result;
}

/** An own property also where the name is "__proto__". */
function define(object, key, value) {
  Reflect.defineProperty(object, key, { __proto__: null, value, writable: true, enumerable: true, configurable: true });
}

/**
 * The values of several inputs. Others are refused, or kept where `open`.
 * @param {readonly Input[]} inputs @param {Record<string, unknown>} values @param {string} path @param {Wrong[]} wrong
 */
export function readFields(inputs, values, path, wrong, granted, open) {
  const result = {};
  const known = create(null);
  for (let i = 0; i < inputs.length; ++i) {
    const input = inputs[i];
    known[input.key] = true;
    const given = hasOwn(values, input.key) ? values[input.key] : undefined;
    const value = readValue(input, given, path === "" ? input.key : `${path}.${input.key}`, wrong, granted);
    if (value !== undefined) define(result, input.key, value);
  }
  const names = keys(values);
  for (let i = 0; i < names.length; ++i) {
    if (known[names[i]]) continue;
    if (open) define(result, names[i], values[names[i]]);
    else {
      const takes = inputs.length === 0 ? "there are none" : `there are ${join(map(inputs, (each) => each.key), ", ")}`;
      push(wrong, { path: path === "" ? names[i] : below(path, names[i]), rule: `is not declared: ${takes}` });
    }
  }
  return result;
}

/**
 * One sentence a line.
 * @param {readonly Wrong[]} wrong @param {string} what "input" @param {string} whose "the action …"
 */
export const sentences = (wrong, what, whose) => join(map(wrong, ({ path, rule }) => `the ${what} "${path}" of ${whose} ${rule}`), "\n");
