// The `warder` module: what authors write integrations with. Each function checks what it is given and says what is
// wrong; describe, connections, steps and triggers come with their own issues and are added here as further exports.
import { DEBUG, ERROR, INFO, WARN, isOpen, write } from "./console.js";
import { show } from "./console_format.js";
import { makeConnections } from "./connections.js";
import { errorTitle, inspect } from "./inspect.js";
import { boundedJson, readableJson } from "./json_text.js";
import { apply, freeze, isArray, join, map, push, stringify, test, uncurry } from "./primordials.js";

const { callerPlace } = host;

const KEY = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const MAX_FIELDS = 128 << 10;  // code units; the cell keeps 256 KB of them
const MAX_UNFIT = 4096;
const SHAPE = 3, NO_SUCH_FLOW = 4;  // BundleRejected.Kind

/** @typedef {{ name: string, key: string, run: (context: object, event: unknown) => unknown }} Flow */
/** @typedef {{ name: string, version: string, flows: readonly Flow[] }} Integration */

/** Only what flow and integration made is accepted. */
const made = new WeakSet();
const isMade = WeakSet.prototype.has;
const isFlow = (value) => apply(isMade, made, [value]) && "run" in value;
const isIntegration = (value) => apply(isMade, made, [value]) && "flows" in value;

/** What flow and integration threw, and what is to be said of it. @type {WeakMap<object, unknown[]>} */
const malformed = new WeakMap();
const find = uncurry(WeakMap.prototype.get);
const note = uncurry(WeakMap.prototype.set);

/** The bundle declares what cannot be run. @param {string} message @returns {never} */
function reject(message) {
  const error = new TypeError(message);
  const place = callerPlace();
  note(malformed, error, [SHAPE, message, place[0], place[1], place[2]]);
  throw error;
}

/**
 * The bundle's top level has thrown. [kind, sentence, file, line, column] where one of the declarations above did;
 * undefined where it was an error of the author's own.
 * @param {unknown} error
 */
export function rejection(error) { return find(malformed, error); }

function describe(value) {
  const text = inspect(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** @param {string} where @param {unknown} object @param {readonly string[]} known */
function checkObject(where, object, known) {
  if (typeof object !== "object" || object === null) {
    reject(`${where}(…) takes an object, but got ${describe(object)}`);
  }
  for (const key of Object.keys(object)) {
    if (!known.includes(key)) reject(`${where}(…) has no "${key}"; it takes ${join(known, ", ")}`);
  }
}

/** @param {string} where @param {unknown} value */
function checkText(where, value) {
  if (value === undefined) reject(`${where} is missing: it must be a text`);
  if (typeof value !== "string" || value === "") reject(`${where} must be a text, but is ${describe(value)}`);
}

/** Declares a flow. @param {Flow} definition @returns {Flow} */
export function flow(definition) {
  checkObject("flow", definition, ["name", "key", "run"]);
  const { name, key, run } = definition;
  checkText("the name of a flow", name);
  checkText(`the key of the flow "${name}"`, key);
  if (!test(KEY, key)) {
    reject(
      `the key of the flow "${name}" must be words of a-z and 0-9 joined by "-", but is ${describe(key)}`,
    );
  }
  if (run === undefined) reject(`the run of the flow "${key}" is missing: it must be a function (context, event) => …`);
  if (typeof run !== "function") {
    reject(
      `the run of the flow "${key}" must be a function (context, event) => …, but is ${describe(run)}`,
    );
  }
  const result = freeze({ name, key, run });
  made.add(result);
  return result;
}

/** Declares an integration: what a bundle exports as default. @param {Integration} definition @returns {Integration} */
export function integration(definition) {
  checkObject("integration", definition, ["name", "version", "flows"]);
  const { name, version, flows } = definition;
  checkText("the name of an integration", name);
  checkText(`the version of the integration "${name}"`, version);
  if (flows === undefined) reject(`the flows of the integration "${name}" are missing: they must be a list`);
  if (!isArray(flows) || flows.length === 0) {
    reject(
      `the flows of the integration "${name}" must be a list of at least one flow, but are ${describe(flows)}`,
    );
  }
  const keys = [];
  for (const each of flows) {
    if (!isFlow(each)) {
      reject(
        `the flows of the integration "${name}" must come from flow(…), but one is ${describe(each)}`,
      );
    }
    if (keys.includes(each.key)) {
      reject(`the integration "${name}" has two flows with the key "${each.key}"`);
    }
    push(keys, each.key);
  }
  const result = freeze({ name, version, flows: freeze([...flows]) });
  made.add(result);
  return result;
}

/** What is kept beside a log's text; empty: nothing. @param {unknown} fields */
function fieldsJson(fields) {
  if (fields === undefined || fields === null) return "";
  const plain = typeof fields === "object" && !isArray(fields) && errorTitle(fields) === undefined;
  try {
    const text = boundedJson(plain ? fields : { value: fields }, MAX_FIELDS);
    if (text !== undefined) return text;
  } catch { /* it goes round, or it throws */ }
  return readableJson(stringify({ value: inspect(fields, { length: MAX_UNFIT }) }));
}

const logger = (level) => (message, fields) => { if (isOpen()) write(level, show(message), fieldsJson(fields)); };

function makeContext(config, executionId, tenant, connections) {
  return freeze({
    executionId,
    tenant,
    config: config ?? {},
    connections: makeConnections(connections),
    log: freeze({ debug: logger(DEBUG), info: logger(INFO), warn: logger(WARN), error: logger(ERROR) }),
  });
}

/** The JSON of what a flow returned: its `data`. @param {unknown} result */
function encode(result) {
  if (typeof result !== "object" || result === null || isArray(result)) {
    throw new TypeError(`a flow returns an object { data: … }, but this one returned ${describe(result)}`);
  }
  const { data } = /** @type {{ data?: unknown }} */ (result);
  if (data === undefined) return "null";
  let text;
  try {
    text = readableJson(stringify(data));
  } catch (error) {
    throw new TypeError(`what the flow returned cannot be written as JSON: ${error?.message}`, { cause: error });
  }
  return text ?? "null";
}

/**
 * Starts a flow. Returns a promise of its result's JSON, or [kind, sentence] where there is no such flow.
 * @param {unknown} exported the default export of the bundle's entry
 */
export function start(exported, key, event, config, executionId, tenant, connections) {
  if (!isIntegration(exported)) {
    const what = exported === undefined ? "there is none" : `it is ${describe(exported)}`;
    return [SHAPE, `The bundle's default export must be integration({ name, version, flows }), but ${what}.`];
  }
  const { name, flows } = /** @type {Integration} */ (exported);
  const keys = join(map(flows, (each) => each.key), ", ");
  let chosen;
  for (const each of flows) if (each.key === key || (key === "" && flows.length === 1)) chosen = each;
  if (!chosen) {
    return [NO_SUCH_FLOW, key === "" ? `The integration "${name}" has several flows, so one must be named: ${keys}.`
                                     : `The integration "${name}" has no flow "${key}"; it has ${keys}.`];
  }
  return run(chosen, makeContext(config, executionId, tenant, connections), event);
}

async function run(chosen, context, event) {
  return encode(await apply(chosen.run, undefined, [context, event]));
}
