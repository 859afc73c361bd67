// What a flow is given beside its event. A cell runs one execution, so there is one context.
import { makeConnections } from "../connections.js";
import { freeze, keys, sliceString } from "../primordials.js";
import { makeError } from "./errors.js";
import { readConfig } from "./given.js";
import { invokeFlow } from "./invoke.js";
import { log } from "./log.js";
import { batch, paginate } from "./paginate.js";
import { show } from "./problems.js";
import { respond } from "./respond.js";
import { current, makeStep, sleep } from "./step.js";
import { acceptConnection } from "./values.js";

const { sha256 } = host;

/** The same for the same label in the same step of the same execution, and for nothing else. */
const keyMaker = (executionId) => (label = "") => {
  if (typeof label !== "string") {
    throw new TypeError(`the label of an idempotency key must be a text, but is ${show(label)}`);
  }
  return sliceString(sha256(`${executionId}\n${current()[1]}\n${label}`), 0, 32);
};

/** @param {import("./integration.js").Integration} integration */
export function makeContext(integration, config, executionId, tenant, granted) {
  const connections = makeConnections(granted);
  const names = keys(connections);
  for (let i = 0; i < names.length; ++i) acceptConnection(connections[names[i]]);
  const context = freeze({
    executionId,
    tenant,
    config: freeze(readConfig(integration, config, connections)),
    connections,
    log,
    step: makeStep(() => context),
    sleep: async (delay) => sleep(delay),
    error: (code, message, options) => makeError(code, message, options),
    idempotencyKey: keyMaker(executionId),
    respond: (response) => respond(response),
    invokeFlow: (key, event) => invokeFlow(integration, context, key, event),
    paginate: (fetchPage, options) => paginate(fetchPage, options),
    batch: (items, work, options) => batch(items, work, options),
  });
  return context;
}
