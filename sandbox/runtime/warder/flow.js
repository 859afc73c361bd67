// Flows: what an integration does when something happens.
import { functionOf, keyOf, objectOf, optionalFunction, optionalText, textOf } from "./checks.js";
import { flagOf } from "./fields.js";
import { declared, isDeclared, problem, show, thing } from "./problems.js";

/**
 * @typedef {{
 *   name: string, key: string, description?: string, trigger?: object, inputs?: import("./input.js").Input[],
 *   retry?: import("./retry.js").Retry, limits: Record<string, number>, jit?: true, onError?: Function, run: Function,
 * }} Flow
 */

/** Declares a flow. @returns {Flow} */
export function flow(definition) {
  const of = thing("flow");
  const given = objectOf(of, "", definition, ["name", "key", "description", "trigger", "inputs", "retry", "limits", "jit", "onError", "run"]);
  const name = textOf(of, "name", given.name);
  of.name = name;
  const key = keyOf(of, given.key);
  if (key !== "") of.name = key;
  const { trigger } = given;
  if (trigger !== undefined && !isDeclared("trigger", trigger)) {
    problem(of, "trigger", `must come from webhook(…), schedule(…), poll(…) or manual(), but is ${show(trigger)}`);
  }
  return declared(of, {
    name,
    key,
    description: optionalText(of, "description", given.description),
    trigger,
    inputs: given.inputs === undefined ? undefined : require("./input.js").checkInputs(of, "inputs", given.inputs),
    retry: given.retry === undefined ? undefined : require("./retry.js").retryOf(of, "retry", given.retry),
    limits: given.limits === undefined ? {} : require("./limits.js").limitsOf(of, given.limits),
    jit: flagOf(of, "jit", given.jit, false) || undefined,
    onError: optionalFunction(of, "onError", given.onError, "(context, error) => …"),
    run: functionOf(of, "run", given.run, "(context, event) => …"),
  });
}
