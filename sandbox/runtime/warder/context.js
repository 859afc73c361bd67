// What a flow is given beside its event. A cell runs one execution, so there is one context. What it can do is late.
import { freeze, sliceString } from "../primordials.js";
import { log } from "./log.js";
import { show } from "./problems.js";
import { current } from "./recording.js";

const { sha256 } = host;

/** The same for the same label in the same step of the same execution, also in another attempt, and for nothing else. */
const keyMaker = (executionId) => (label = "") => {
  if (typeof label !== "string") {
    throw new TypeError(`the label of an idempotency key must be a text, but is ${show(label)}`);
  }
  return sliceString(sha256(`${executionId}\n${current()[1]}\n${label}`), 0, 32);
};

/** @param {import("./integration.js").Integration} integration */
function readConfig(integration, config, connections) {
  if (integration.config === undefined) return config ?? {};
  return require("./given.js").readConfig(integration, config, connections);
}

/**
 * @param {import("./integration.js").Integration} integration
 * @param {import("./flow.js").Flow} flow the one that is started
 * @param {string} firstExecutionId of the first attempt; empty: this is it
 */
export function makeContext(integration, flow, config, executionId, firstExecutionId, tenant, granted) {
  const connections = granted.length === 0 ? freeze({ __proto__: null }) : require("../connections.js").makeConnections(granted);
  const values = freeze(readConfig(integration, config, connections));
  const idempotencyKey = keyMaker(firstExecutionId || executionId);
  // A flow that is invoked has a state of its own.
  const contextOf = (of) => {
    let state;
    const context = freeze({
      executionId,
      tenant,
      config: values,
      connections,
      log,
      get state() { return state ??= require("./state.js").makeState(of.key); },
      step: async (name, what, ...rest) => require("./step.js").takeStep(context, name, what, rest),
      sleep: async (delay) => require("./step.js").sleep(delay),
      error: (code, message, options) => require("./errors.js").makeError(code, message, options),
      idempotencyKey,
      respond: (response) => require("./respond.js").respond(response),
      invokeFlow: (key, event) => require("./invoke.js").invokeFlow(integration, contextOf, key, event),
      paginate: (fetchPage, options) => require("./paginate.js").paginate(fetchPage, options),
      batch: (items, work, options) => require("./paginate.js").batch(items, work, options),
    });
    return context;
  };
  return contextOf(flow);
}
