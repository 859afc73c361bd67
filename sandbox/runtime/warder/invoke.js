// context.invokeFlow: another flow of the same integration, in the same execution, as a step.
import { join, map, parse, stringify } from "../primordials.js";
import { readEvent } from "./given.js";
import { InputProblem } from "./input_problem.js";
import { show } from "./problems.js";
import { runFlow } from "./run.js";
import { runStep } from "./step.js";

/** @param {import("./integration.js").Integration} integration @param {string} key @param {unknown} event */
export async function invokeFlow({ flows }, contextOf, key, event) {
  let chosen;
  for (let i = 0; i < flows.length; ++i) if (flows[i].key === key) chosen = flows[i];
  if (chosen === undefined) {
    throw new TypeError(`there is no flow ${show(key)} to invoke; the integration has ${join(map(flows, (each) => each.key), ", ")}`);
  }
  // As an event from outside: JSON, and nobody else's object.
  const text = stringify(event ?? null);
  if (text === undefined) throw new TypeError(`the event for the flow "${key}" must be JSON, but is ${show(event)}`);
  return runStep(key, `flow:${key}`, event, undefined, () => {
    try {
      const given = parse(text);
      return runFlow(chosen, contextOf(chosen), chosen.inputs === undefined ? given : readEvent(chosen, given));
    } catch (problem) {
      throw problem instanceof InputProblem ? new TypeError(problem.message) : problem;
    }
  });
}
