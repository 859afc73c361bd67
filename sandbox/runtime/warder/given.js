// What an integration is run with, held to what it declares: its event and its configuration.
import { isObject } from "./checks.js";
import { InputProblem } from "./input_problem.js";
import { show } from "./problems.js";
import { readFields, sentences } from "./values.js";

/**
 * The values of declared inputs.
 * @param {import("./input.js").Input[]} inputs @param {unknown} value
 * @param {{ what: string, whose: string, field: string, open: boolean }} words `open`: more than is declared may come
 */
function readDeclared(inputs, value, { what, whose, field, open }, granted) {
  if (!isObject(value)) throw new InputProblem(`the ${what} of ${whose} must be an object, but is ${show(value)}`);
  const wrong = [];
  const result = readFields(inputs, value, "", wrong, granted, open);
  if (wrong.length > 0) throw new InputProblem(sentences(wrong, field, whose));
  return result;
}

/** @param {import("./flow.js").Flow} chosen @param {unknown} event */
export function readEvent(chosen, event) {
  return readDeclared(chosen.inputs, event, { what: "event", whose: `the flow "${chosen.key}"`, field: "input", open: true }, undefined);
}

/** @param {import("./integration.js").Integration} integration @param {unknown} config */
export function readConfig({ name, config: inputs }, config, granted) {
  return readDeclared(inputs, config ?? {}, { what: "configuration", whose: `the integration "${name}"`, field: "config", open: false }, granted);
}
