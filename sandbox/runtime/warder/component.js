// Components: the actions and connections of one system that an integration talks to.
import { freeze, keys } from "../primordials.js";
import { functionOf, isObject, keyOf, objectOf, optionalFunction, optionalText, textOf } from "./checks.js";
import { flagOf, namesOf } from "./fields.js";
import { checkInputs } from "./input.js";
import { declared, isDeclared, problem, show, thing, thingOf } from "./problems.js";
import { retryOf } from "./retry.js";

/**
 * @typedef {{
 *   label: string, description?: string, inputs: import("./input.js").Input[], idempotent: boolean,
 *   retry?: import("./retry.js").Retry, perform: Function,
 * }} Action
 */

/** Declares an action: what context.step(name, action, params) does. */
export function action(definition) {
  const of = thing("action");
  const given = objectOf(of, "", definition, ["label", "description", "inputs", "idempotent", "retry", "perform"]);
  of.name = textOf(of, "label", given.label);
  return declared(of, {
    label: of.name,
    description: optionalText(of, "description", given.description),
    inputs: checkInputs(of, "inputs", given.inputs),
    idempotent: flagOf(of, "idempotent", given.idempotent, false),
    retry: retryOf(of, "retry", given.retry),
    perform: functionOf(of, "perform", given.perform, "(context, params) => …"),
  });
}

/** What a field of a component holds, each made by a function of its kind. */
function membersOf(of, key, field, value, kind, maker) {
  const members = {};
  if (value === undefined) return freeze(members);
  if (!isObject(value)) {
    problem(of, field, `must be an object of ${maker}, but is ${show(value)}`);
    return freeze(members);
  }
  const names = namesOf(of, field, value);
  for (let i = 0; i < names.length; ++i) {
    const member = value[names[i]];
    if (!isDeclared(kind, member)) {
      problem(of, `${field}.${names[i]}`, `must come from ${maker}, but is ${show(member)}`);
      continue;
    }
    if (key !== "") thingOf(member).name = `${key}.${names[i]}`;
    members[names[i]] = member;
  }
  return freeze(members);
}

/** Declares a component. */
export function component(definition) {
  const of = thing("component");
  const given = objectOf(of, "", definition, ["key", "label", "description", "connections", "actions", "onError"]);
  const key = keyOf(of, given.key);
  of.name = key;
  const result = {
    key,
    label: textOf(of, "label", given.label),
    description: optionalText(of, "description", given.description),
    connections: membersOf(of, key, "connections", given.connections, "connection", "oauth2(…), apiKey(…), basic(…) or custom(…)"),
    actions: membersOf(of, key, "actions", given.actions, "action", "action(…)"),
    onError: optionalFunction(of, "onError", given.onError, "(error, { action }) => …"),
  };
  const names = keys(result.actions);
  for (let i = 0; i < names.length; ++i) thingOf(result.actions[names[i]]).onError = result.onError;
  return declared(of, result);
}
