// What the cell asks for once a bundle is loaded: a run of one of its flows, or what it declares.
import { readableJson } from "../json_text.js";
import { isArray, join, map, stringify } from "../primordials.js";
import { makeContext } from "./context.js";
import { InputProblem } from "./input_problem.js";
import { endLoading, isDeclared, show } from "./problems.js";
import { beginRecording } from "./recording.js";
import { runFlow } from "./run.js";

/** @typedef {import("./integration.js").Integration} Integration */

const SHAPE = 3, NO_SUCH_FLOW = 4, INPUT = 5;  // BundleRejected.Kind

/** The JSON of what a flow returned: its `data`. */
function encode({ data }) {
  if (data === undefined) return "null";
  let text;
  try {
    text = readableJson(stringify(data));
  } catch (error) {
    throw new TypeError(`what the flow returned cannot be written as JSON: ${error?.message}`, { cause: error });
  }
  return text ?? "null";
}

/** @param {Integration} integration */
function choose({ name, flows }, key) {
  for (let i = 0; i < flows.length; ++i) if (flows[i].key === key || (key === "" && flows.length === 1)) return flows[i];
  const keys = join(map(flows, (each) => each.key), ", ");
  return [NO_SUCH_FLOW, key === "" ? `The integration "${name}" has several flows, so one must be named: ${keys}.`
                                   : `The integration "${name}" has no flow "${key}"; it has ${keys}.`];
}

/** @returns {unknown[] | undefined} why the bundle cannot be run */
function refuse(exported) {
  const malformed = endLoading();
  if (malformed !== undefined) return malformed;
  if (isDeclared("integration", exported)) return undefined;
  const what = exported === undefined ? "there is none" : `it is ${show(exported)}`;
  return [SHAPE, `The bundle's default export must be integration({ name, version, flows }), but ${what}.`];
}

/**
 * Starts a flow. Returns a promise of its result's JSON, or [kind, sentence, ...] where it cannot be started.
 * @param {unknown} exported the default export of the bundle's entry
 */
export function start(exported, key, event, config, executionId, tenant, connections, payloads, firstExecutionId) {
  const refusal = refuse(exported);
  if (refusal !== undefined) return refusal;
  const integration = /** @type {Integration} */ (exported);
  const chosen = choose(integration, key);
  if (isArray(chosen)) return chosen;
  beginRecording(payloads);
  try {
    return run(chosen, makeContext(integration, chosen, config, executionId, firstExecutionId, tenant, connections), event);
  } catch (error) {
    if (error instanceof InputProblem) return [INPUT, error.message];
    throw error;
  }
}

/** The event is read before anything of the flow runs. */
function run(chosen, context, event) {
  const values = chosen.inputs === undefined ? event : require("./given.js").readEvent(chosen, event);
  return (async () => encode(await runFlow(chosen, context, values)))();
}

/** The integration's manifest as JSON, or [kind, sentence, ...]. @param {unknown} exported */
export function describe(exported) {
  const refusal = refuse(exported);
  // Not an import: its code runs in the few cells that describe.
  return refusal ?? stringify(require("./manifest.js").manifestOf(/** @type {Integration} */ (exported)));
}
