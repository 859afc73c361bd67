// The `warder` module: what authors write integrations with.
import { action, component } from "./component.js";
import { apiKey, basic, custom, oauth2 } from "./connection_kinds.js";
import { flow } from "./flow.js";
import { integration } from "./integration.js";
import { manual, poll, schedule, webhook } from "./trigger.js";

/** Its exports. */
export const warder = {
  action, apiKey, basic, component, custom, flow, integration, manual, oauth2, poll, schedule, webhook,
};
