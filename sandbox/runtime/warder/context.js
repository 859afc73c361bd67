// What a flow is given beside its event. A cell runs one execution, so there is one context. What it can do is late.
import { freeze, sliceString } from "../primordials.js";
import { log } from "./log.js";
import { show } from "./problems.js";
import { current } from "./recording.js";

const { sha256 } = host;

/** The same for the same label in the same step of the same execution, and for nothing else. */
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

/** @param {import("./integration.js").Integration} integration */
export function makeContext(integration, config, executionId, tenant, granted) {
  const connections = granted.length === 0 ? freeze({ __proto__: null }) : require("../connections.js").makeConnections(granted);
  const context = freeze({
    executionId,
    tenant,
    config: freeze(readConfig(integration, config, connections)),
    connections,
    log,
    step: async (name, what, ...rest) => require("./step.js").takeStep(context, name, what, rest),
    sleep: async (delay) => require("./step.js").sleep(delay),
    error: (code, message, options) => require("./errors.js").makeError(code, message, options),
    idempotencyKey: keyMaker(executionId),
    respond: (response) => require("./respond.js").respond(response),
    invokeFlow: (key, event) => require("./invoke.js").invokeFlow(integration, context, key, event),
    paginate: (fetchPage, options) => require("./paginate.js").paginate(fetchPage, options),
    batch: (items, work, options) => require("./paginate.js").batch(items, work, options),
  });
  return context;
}
