// context.state: what flows remember from one execution to the next.
import { freeze } from "../primordials.js";
import { commit, get, own, remove, set, update } from "./state_store.js";

const FLOW = 1, INSTANCE = 2, CROSS_FLOW = 3;  // StateKey.Scope

// Awaited, not returned: an async function that returns a promise calls its `then`, which a script may have replaced.

/** One scope of the engine's. @param {number} scope @param {string} flow */
const kept = (scope, flow) => freeze({
  get: async (key) => await get(scope, flow, key),
  set: async (key, value) => await set(scope, flow, key, value),
  update: async (key, change) => await update(scope, flow, key, change),
  delete: async (key) => await remove(scope, flow, key),
});

const execution = freeze({
  get: async (key) => own.get(key),
  set: async (key, value) => own.set(key, value),
  update: async (key, change) => own.update(key, change),
  delete: async (key) => own.remove(key),
});

/** @param {string} flow the key of the flow whose context it is */
export const makeState = (flow) => freeze({
  flow: kept(FLOW, flow),
  instance: kept(INSTANCE, ""),
  crossFlow: kept(CROSS_FLOW, ""),
  execution,
  commit: async () => await commit(),
});
