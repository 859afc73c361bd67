// Inputs as they are declared: what an action takes, what an event holds, how an integration is configured. What they
// are given is read in values.js.
import { create, freeze, isArray, isFinite, keys, push, slice, stringify, test } from "../primordials.js";
import { isObject, objectOf, optionalFunction, optionalText } from "./checks.js";
import { choiceOf, flagOf, namesOf, optionalNumber } from "./fields.js";
import { problem, show } from "./problems.js";
import { readValue } from "./values.js";

/** @typedef {import("./problems.js").Thing} Thing */
/**
 * @typedef {{
 *   key: string, type: string, label?: string, description?: string, required: boolean, default?: unknown,
 *   clean?: (value: unknown) => unknown, choices?: unknown[], minimum?: number, maximum?: number, integer?: boolean,
 *   fields?: Input[], items?: Input, connection?: string,
 * }} Input
 */

const COMMON = ["type", "label", "description", "required", "default", "clean"];
/** A list of its own; spreading one would ask what scripts can change. @param {string[]} others */
function withCommon(others) {
  const list = [];
  for (let i = 0; i < COMMON.length; ++i) push(list, COMMON[i]);
  for (let i = 0; i < others.length; ++i) push(list, others[i]);
  return list;
}
/** What an input of each type takes. */
const TYPES = {
  __proto__: null,
  string: withCommon(["choices", "minimum", "maximum"]),
  number: withCommon(["choices", "minimum", "maximum", "integer"]),
  boolean: COMMON,
  object: withCommon(["fields"]),
  list: withCommon(["items", "minimum", "maximum"]),
  map: withCommon(["items"]),
  connection: ["type", "label", "description", "required", "connection"],
  any: COMMON,
};
const NAMES = keys(TYPES);
const MAX_NESTING = 3;
const MAX_DEFAULT = 4096;
const CONNECTION = /^[a-z0-9-]+\.[A-Za-z][A-Za-z0-9_]*$/;

/** @param {Thing} of @param {string} field @param {unknown} choices @param {string} type */
function checkChoices(of, field, choices, type) {
  if (choices === undefined) return undefined;
  if (!isArray(choices) || choices.length === 0) {
    problem(of, field, `must be a list of at least one ${type}, but is ${show(choices)}`);
    return undefined;
  }
  for (let i = 0; i < choices.length; ++i) {
    const good = typeof choices[i] === type && (type !== "number" || isFinite(choices[i]));
    if (!good) problem(of, `${field}[${i}]`, `must be a ${type} as the input is, but is ${show(choices[i])}`);
  }
  return freeze(slice(choices));
}

/** The default has to be good for the input itself, and be JSON. */
function checkDefault(of, field, input) {
  if (input.default === undefined) return;
  if (input.required) problem(of, `${field}.required`, "must be left out: an input with a default is never missing");
  const why = [];
  readValue({ __proto__: input, clean: undefined, default: undefined, required: false }, input.default, "", why, undefined);
  if (why.length > 0) problem(of, `${field}.default`, why[0].rule);
  let text;
  try {
    text = stringify(input.default);
  } catch {
    // It is told below.
  }
  if (text === undefined || text.length > MAX_DEFAULT) {
    problem(of, `${field}.default`, `must be JSON of at most ${MAX_DEFAULT} characters, but is ${show(input.default)}`);
  }
}

/** @param {Thing} of @param {string} field @param {string} key @param {unknown} definition @returns {Input} */
function checkInput(of, field, key, definition, nesting) {
  if (!isObject(definition)) {
    problem(of, field, `must be an object such as { type: "string" }, but is ${show(definition)}`);
    return { key, type: "any", required: false };
  }
  const { type } = definition;
  if (typeof type !== "string" || !(type in TYPES)) {
    choiceOf(of, `${field}.type`, type, NAMES);
    return { key, type: "any", required: false };
  }
  objectOf(of, field, definition, TYPES[type]);
  const input = create(null);
  input.key = key;
  input.type = type;
  input.label = optionalText(of, `${field}.label`, definition.label);
  input.description = optionalText(of, `${field}.description`, definition.description);
  input.required = flagOf(of, `${field}.required`, definition.required, false);
  input.default = definition.default;
  input.clean = optionalFunction(of, `${field}.clean`, definition.clean, "(value) => …");
  input.minimum = optionalNumber(of, `${field}.minimum`, definition.minimum);
  input.maximum = optionalNumber(of, `${field}.maximum`, definition.maximum);
  if (input.minimum > input.maximum) {
    problem(of, `${field}.minimum`, `must be at most the maximum, ${input.maximum}, but is ${input.minimum}`);
  }
  input.integer = flagOf(of, `${field}.integer`, definition.integer, false);
  if (type === "string" || type === "number") {
    input.choices = checkChoices(of, `${field}.choices`, definition.choices, type);
  }
  if (type === "connection") input.connection = checkConnection(of, `${field}.connection`, definition.connection);
  const nested = definition.fields ?? definition.items;
  if (nested !== undefined && nesting >= MAX_NESTING) {
    problem(of, field, `must not be nested deeper than ${MAX_NESTING} levels: take an input of the type "any" there`);
  } else if (nested !== undefined) {
    if (type === "object") input.fields = checkInputs(of, `${field}.fields`, definition.fields, nesting + 1);
    else input.items = checkInput(of, `${field}.items`, "", definition.items, nesting + 1);
  }
  checkDefault(of, field, input);
  return freeze(input);
}

function checkConnection(of, field, value) {
  const text = optionalText(of, field, value);
  if (text !== undefined && text !== "" && test(CONNECTION, text) === null) {
    problem(of, field, `must be a component's key and one of its connections, such as "acme.oauth", but is ${show(text)}`);
  }
  return text;
}

/** @param {Thing} of @param {string} field @param {unknown} inputs @returns {Input[]} */
export function checkInputs(of, field, inputs, nesting = 1) {
  const list = [];
  if (inputs === undefined) return list;
  if (!isObject(inputs)) {
    problem(of, field, `must be an object such as { id: { type: "string" } }, but is ${show(inputs)}`);
    return list;
  }
  const names = namesOf(of, field, inputs);
  for (let i = 0; i < names.length; ++i) {
    push(list, checkInput(of, `${field}.${names[i]}`, names[i], inputs[names[i]], nesting));
  }
  return freeze(list);
}
