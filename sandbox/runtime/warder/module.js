// The `warder` module: what authors write integrations with. Every bundle declares flows; what else it declares is late.
import { flow } from "./flow.js";
import { integration } from "./integration.js";

function action(definition) { return require("./component.js").action(definition); }
function apiKey(definition) { return require("./connection_kinds.js").apiKey(definition); }
function basic(definition) { return require("./connection_kinds.js").basic(definition); }
function component(definition) { return require("./component.js").component(definition); }
function custom(definition) { return require("./connection_kinds.js").custom(definition); }
function manual(definition = {}) { return require("./trigger.js").manual(definition); }
function oauth2(definition) { return require("./connection_kinds.js").oauth2(definition); }
function poll(definition) { return require("./trigger.js").poll(definition); }
function schedule(definition) { return require("./trigger.js").schedule(definition); }
function webhook(definition) { return require("./trigger.js").webhook(definition); }

/** Its exports. */
export const warder = {
  action, apiKey, basic, component, custom, flow, integration, manual, oauth2, poll, schedule, webhook,
};
