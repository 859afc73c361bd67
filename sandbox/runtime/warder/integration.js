// Integrations: what a bundle exports as default.
import { freeze, isArray, join, keys, push } from "../primordials.js";
import { objectOf, optionalText, textOf } from "./checks.js";
import { declared, isDeclared, problem, show, thing, throwNoted } from "./problems.js";

/**
 * @typedef {{
 *   name: string, version: string, description?: string, components: readonly object[],
 *   config?: import("./input.js").Input[], flows: readonly import("./flow.js").Flow[],
 * }} Integration
 */

/** A list of what other declarations made, each with a key of its own. */
function listOfDeclared(of, field, value, kind, maker) {
  const list = [], seen = { __proto__: null };
  for (let i = 0; i < value.length; ++i) {
    const each = value[i];
    if (!isDeclared(kind, each)) {
      problem(of, field, `must come from ${maker}, but one is ${show(each)}`);
      continue;
    }
    if (each.key !== "" && seen[each.key]) {
      problem(of, field, `must have keys of their own, but two have the key "${each.key}"`);
    }
    seen[each.key] = true;
    push(list, each);
  }
  return freeze(list);
}

function flowsOf(of, flows) {
  if (flows === undefined) problem(of, "flows", "are missing: they must be a list");
  else if (!isArray(flows) || flows.length === 0) problem(of, "flows", `must be a list of at least one flow, but are ${show(flows)}`);
  else return listOfDeclared(of, "flows", flows, "flow", "flow(…)");
  return [];
}

function componentsOf(of, components) {
  if (components === undefined) return [];
  if (isArray(components)) return listOfDeclared(of, "components", components, "component", "component(…)");
  problem(of, "components", `must be a list, but are ${show(components)}`);
  return [];
}

/** Which connections of which components the configuration names. */
function checkReferences(of, config, components) {
  const known = { __proto__: null };
  for (let i = 0; i < components.length; ++i) {
    const names = keys(components[i].connections);
    for (let j = 0; j < names.length; ++j) known[`${components[i].key}.${names[j]}`] = true;
  }
  for (let i = 0; i < config.length; ++i) {
    const { key, type, connection } = config[i];
    if (type !== "connection") continue;
    if (connection === undefined) {
      problem(of, `config.${key}.connection`, 'is missing: it must name a connection of a component, such as "acme.oauth"');
    } else if (connection !== "" && !known[connection]) {
      const all = join(keys(known), ", ");
      problem(of, `config.${key}.connection`, `must name a connection of its components (${all === "" ? "they have none" : all}), but is ${show(connection)}`);
    }
  }
}

/** Declares an integration. @returns {Integration} */
export function integration(definition) {
  const of = thing("integration");
  const given = objectOf(of, "", definition, ["name", "version", "description", "components", "config", "flows"]);
  of.name = textOf(of, "name", given.name);
  const result = {
    name: of.name,
    version: textOf(of, "version", given.version),
    description: optionalText(of, "description", given.description),
    components: componentsOf(of, given.components),
    config: given.config === undefined ? undefined : require("./input.js").checkInputs(of, "config", given.config),
    flows: flowsOf(of, given.flows),
  };
  if (result.config !== undefined) checkReferences(of, result.config, result.components);
  throwNoted();
  return declared(of, result);
}
