// The manifest: all that an integration declares, as the engine reads it (engine/manifest). What is not declared is left
// out; durations are in milliseconds.
import { hasOwn, keys, map } from "../primordials.js";

const VERSION = 1;

/** Only what is there, and no functions. */
function plain(object) {
  const result = { __proto__: null };
  const names = keys(object);
  for (let i = 0; i < names.length; ++i) {
    const value = object[names[i]];
    if (value !== undefined && typeof value !== "function") result[names[i]] = value;
  }
  return result;
}

function input({ fields, items, ...rest }) {
  const result = plain(rest);
  if (!result.required) delete result.required;
  if (!result.integer) delete result.integer;
  if (items !== undefined) {
    result.items = input(items);
    delete result.items.key;
  }
  if (fields !== undefined) result.fields = map(fields, input);
  return result;
}

const inputs = (list) => map(list ?? [], input);

const connection = (key, value) => ({ key, ...plain(value), fields: hasOwn(value, "fields") ? map(value.fields, plain) : undefined });

function action(key, { label, description, idempotent, retry, inputs: declared }) {
  return { key, label, description, idempotent, retry, inputs: inputs(declared) };
}

const component = ({ key, label, description, connections, actions }) => ({
  key, label, description,
  connections: map(keys(connections), (name) => connection(name, connections[name])),
  actions: map(keys(actions), (name) => action(name, actions[name])),
});

function trigger(value) {
  if (value === undefined) return { kind: "manual" };
  const result = plain(value);
  if (result.verify !== undefined) result.verify = plain(result.verify);
  return result;
}

const flow = ({ key, name, description, trigger: starts, inputs: declared, retry, limits, jit }) => ({
  key, name, description, trigger: trigger(starts), inputs: inputs(declared), retry, limits, jit,
});

/** @param {import("./integration.js").Integration} integration */
export function manifestOf({ name, version, description, components, config, flows }) {
  return {
    warder: VERSION, name, version, description,
    components: map(components, component),
    config: inputs(config),
    flows: map(flows, flow),
  };
}
