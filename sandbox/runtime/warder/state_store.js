// What an execution has read of its state and changed in it. Changes stay here until they are committed: by the flow, or
// when it has succeeded. A commit is one message, and the engine takes all of it or nothing.
//
// A change whose new value may depend on the old one is only committed where the old one is still what this execution
// saw; where another execution was faster, update's functions are called again on what that one left. So no update is
// ever lost, and functions of update may be called more than once.
import { Map, Promise, makeList, mapDelete, mapForEach, mapGet, mapHas, mapSet, mapSize, parse, stringify, test, toWellFormed } from "../primordials.js";
import { hooks } from "../hooks.js";
import { readableJson } from "../json_text.js";
import { makeError } from "./errors.js";
import { show } from "./problems.js";

const { stateBytes, stateCommit, stateRead } = host;

// As in sandbox/proto/state_limits.h.
const MAX_KEY = 256, MAX_VALUE = 64 * 1024, MAX_CHANGES = 1_000, MAX_COMMIT = 512 * 1024;
const MAX_CALLS = 10_000, MAX_UNDER_WAY = 16;
const MAX_CHANGES_IN_ALL = 20_000, MAX_BYTES_IN_ALL = 64 * 1024 * 1024;
// Each time somebody else has committed, so the execution is one of very many.
const MAX_ROUNDS = 100;
const REFUSED = 1;  // StateFailed.Kind
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * A change that was not committed yet. `version`: what it is based on; -1: on nothing, it overwrites. `again`: what
 * made it of the old value; null: it was set.
 * @typedef {{ scope: number, flow: string, key: string, json: string | undefined, version: number, again: Function[] | null, bytes: number }} Change
 */

/** @type {Map<string, Change>} */
let changes = new Map();
let bytes = 0;
/** What is being committed. @type {Map<string, Change> | undefined} */
let leaving;
/** The versions of what was read. @type {Map<string, number>} */
const seen = new Map();
/** Updates under way, and what waits for the last of them. */
let updating = 0;
let onUpdated = () => {};
let closed = false;

// ---- calls to the engine ----

/** @type {Map<number, { resolve: (value: any) => void, reject: (error: unknown) => void }>} */
const pending = new Map();
/** @type {(() => void)[]} */
const waiting = makeList();
let firstWaiting = 0, lastWaiting = 0;
let sent = 0, sentChanges = 0, sentBytes = 0;

/** @param {() => number} start */
function ask(start) {
  if (++sent > MAX_CALLS) throw new RangeError(`an execution uses its state at most ${MAX_CALLS} times`);
  return new Promise((resolve, reject) => {
    const begin = () => {
      try {
        mapSet(pending, start(), { resolve, reject });
      } catch (error) {
        reject(error);
      }
    };
    if (mapSize(pending) < MAX_UNDER_WAY) begin();
    else waiting[lastWaiting++] = begin;
  });
}

function take(call) {
  const found = mapGet(pending, call);
  mapDelete(pending, call);
  while (firstWaiting < lastWaiting && mapSize(pending) < MAX_UNDER_WAY) {
    const next = waiting[firstWaiting];
    waiting[firstWaiting++] = undefined;
    next();
  }
  return found;
}

/** @param {number} call @param {number} version @param {string | undefined} json */
hooks.stateValue = (call, version, json) => { take(call).resolve({ __proto__: null, version, json }); };

/** @param {number} call @param {number} version @param {unknown[]} conflicts [change, version, json, ...] */
hooks.stateCommitted = (call, version, conflicts) => { take(call).resolve({ __proto__: null, version, conflicts }); };

/** @param {number} call @param {number} kind StateFailed.Kind @param {string} message */
hooks.stateFailed = (call, kind, message) => {
  const refused = kind === REFUSED;
  take(call).reject(makeError(refused ? "state-refused" : "state-unavailable", message, { retry: !refused }));
};

// ---- keys and values ----

const idOf = (scope, flow, key) => `${scope}\n${flow}\n${key}`;

/** @param {unknown} key @returns {asserts key is string} */
function checkKey(key) {
  if (typeof key !== "string" || key === "" || test(CONTROL, key) !== null || toWellFormed(key) !== key) {
    throw new TypeError(`a key of a state must be a text without control characters, but is ${show(key)}`);
  }
  if (stateBytes(key) > MAX_KEY) throw new RangeError(`a key of a state has at most ${MAX_KEY} bytes, but this one has ${stateBytes(key)}`);
}

/** @param {unknown} value @param {string} key */
function encode(value, key) {
  const json = readableJson(stringify(value));
  if (json === undefined) throw new TypeError(`the value for "${key}" must be JSON, but is ${show(value)}`);
  const size = stateBytes(json);
  if (size > MAX_VALUE) throw new RangeError(`a value of a state has at most ${MAX_VALUE} bytes of JSON, but the one for "${key}" has ${size}`);
  return json;
}

const decode = (json) => (json === undefined ? undefined : parse(json));

/** @param {Function} change @param {string | undefined} json @param {string} key */
function apply(change, json, key) {
  const value = change(decode(json));
  if (typeof value?.then === "function") {
    throw new TypeError(`what updates "${key}" must return its value at once, but returned a promise`);
  }
  if (value === undefined) throw new TypeError(`what updates "${key}" must return its new value, but returned nothing; delete takes a key away`);
  return encode(value, key);
}

// ---- changes ----

function stage(scope, flow, key, json, version, again) {
  if (closed) throw new TypeError(`the flow has ended: "${key}" stays as it is`);
  const id = idOf(scope, flow, key);
  const size = stateBytes(key) + (json === undefined ? 0 : stateBytes(json));
  const before = mapGet(changes, id);
  if (before === undefined && mapSize(changes) === MAX_CHANGES) {
    throw new RangeError(`a commit has at most ${MAX_CHANGES} changes; call context.state.commit() in between`);
  }
  const total = bytes + size - (before === undefined ? 0 : before.bytes);
  if (total > MAX_COMMIT) {
    throw new RangeError(`the changes of a commit have at most ${MAX_COMMIT} bytes; call context.state.commit() in between`);
  }
  bytes = total;
  mapSet(changes, id, { scope, flow, key, json, version, again, bytes: size });
}

/** On what a change without a function is based. */
const baseOf = (id) => mapGet(changes, id)?.version ?? mapGet(seen, id) ?? -1;

export async function get(scope, flow, key) {
  checkKey(key);
  const id = idOf(scope, flow, key);
  const mine = mapGet(changes, id) ?? (leaving === undefined ? undefined : mapGet(leaving, id));
  if (mine !== undefined) return decode(mine.json);
  const { version, json } = await ask(() => stateRead(scope, flow, key));
  mapSet(seen, id, version);
  return decode(json);
}

export async function set(scope, flow, key, value) {
  checkKey(key);
  stage(scope, flow, key, encode(value, key), baseOf(idOf(scope, flow, key)), null);
}

export async function remove(scope, flow, key) {
  checkKey(key);
  stage(scope, flow, key, undefined, baseOf(idOf(scope, flow, key)), null);
}

export async function update(scope, flow, key, change) {
  checkKey(key);
  if (typeof change !== "function") throw new TypeError(`update takes a function (value) => …, but got ${show(change)}`);
  if (closed) throw new TypeError(`the flow has ended: "${key}" stays as it is`);
  ++updating;
  try {
    const id = idOf(scope, flow, key);
    while (leaving !== undefined && mapHas(leaving, id)) await committed();
    const read = mapHas(changes, id) ? undefined : await ask(() => stateRead(scope, flow, key));
    // From here on at once, so that updates side by side are one after the other.
    const before = mapGet(changes, id);
    const again = makeList();
    if (before !== undefined) {
      for (let i = 0; i < (before.again?.length ?? 0); ++i) again[i] = before.again[i];
    }
    again[again.length] = change;
    const json = apply(change, before === undefined ? read.json : before.json, key);
    stage(scope, flow, key, json, before === undefined ? read.version : before.version,
      before === undefined || before.again !== null ? again : null);
    return decode(json);
  } finally {
    if (--updating === 0) onUpdated();
  }
}

// ---- commits ----

/** What waits until a commit is over. @type {(() => void)[]} */
let onCommitted = makeList();

const committed = () => new Promise((resolve) => { onCommitted[onCommitted.length] = resolve; });

/** What the engine is told: five parts for each change, and the changes in that order. */
function listOf(all) {
  const parts = makeList(), order = makeList();
  mapForEach(all, (each) => {
    order[order.length] = each;
    const { scope, flow, key, json, version } = each;
    parts[parts.length] = scope;
    parts[parts.length] = flow;
    parts[parts.length] = key;
    parts[parts.length] = json;
    parts[parts.length] = version;
  });
  return { parts, order };
}

/** The change again, on what another execution has left. */
function rebase(change, version, json) {
  if (change.again === null) {
    throw makeError("state-conflict", `"${change.key}" of the state was changed by another execution since it was read; nothing was committed`, { retry: true });
  }
  let value = json;
  for (let i = 0; i < change.again.length; ++i) value = apply(change.again[i], value, change.key);
  change.json = value;
  change.version = version;
  change.bytes = stateBytes(change.key) + stateBytes(value);
}

/** What a commit takes of what an execution may commit in all. */
function count(order) {
  sentChanges += order.length;
  for (let i = 0; i < order.length; ++i) sentBytes += order[i].bytes;
  if (sentChanges <= MAX_CHANGES_IN_ALL && sentBytes <= MAX_BYTES_IN_ALL) return;
  throw new RangeError(`an execution commits at most ${MAX_CHANGES_IN_ALL} changes and ${MAX_BYTES_IN_ALL} bytes in all`);
}

async function carry(all) {
  for (let round = 0; round < MAX_ROUNDS; ++round) {
    const { parts, order } = listOf(all);
    count(order);
    const { version, conflicts } = await ask(() => stateCommit(parts));
    if (conflicts.length === 0) {
      for (let i = 0; i < order.length; ++i) {
        const { scope, flow, key, json, version: base } = order[i];
        if (base < 0) continue;
        const id = idOf(scope, flow, key);
        const now = json === undefined ? 0 : version;
        mapSet(seen, id, now);
        const newer = mapGet(changes, id);
        if (newer !== undefined) newer.version = now;
      }
      return;
    }
    for (let i = 0; i < conflicts.length; i += 3) rebase(order[conflicts[i]], conflicts[i + 1], conflicts[i + 2]);
  }
  throw makeError("state-conflict", `the state was changed by other executions ${MAX_ROUNDS} times while it was to be committed; nothing was committed`, { retry: true });
}

/** What was changed so far, at once and all of it. Where that fails the changes are gone. */
export async function commit() {
  while (leaving !== undefined) await committed();
  if (mapSize(changes) === 0) return;
  leaving = changes;
  changes = new Map();
  bytes = 0;
  try {
    await carry(leaving);
  } finally {
    leaving = undefined;
    const waiters = onCommitted;
    onCommitted = makeList();
    for (let i = 0; i < waiters.length; ++i) waiters[i]();
  }
}

/** The flow has succeeded: a promise that all is committed; undefined where there is nothing. */
hooks.commitState = () => {
  if (updating === 0 && leaving === undefined && mapSize(changes) === 0) return undefined;
  return (async () => {
    while (updating > 0) await new Promise((resolve) => { onUpdated = resolve; });
    closed = true;
    await commit();
  })();
};

// ---- what lasts as long as the execution ----

/** @type {Map<string, string>} */
const values = new Map();

export const own = {
  get(key) {
    checkKey(key);
    return decode(mapGet(values, key));
  },
  set(key, value) {
    checkKey(key);
    mapSet(values, key, encode(value, key));
  },
  update(key, change) {
    checkKey(key);
    if (typeof change !== "function") throw new TypeError(`update takes a function (value) => …, but got ${show(change)}`);
    const json = apply(change, mapGet(values, key), key);
    mapSet(values, key, json);
    return decode(json);
  },
  remove(key) {
    checkKey(key);
    mapDelete(values, key);
  },
};
