// One run of a flow, its error handler included.
import { apply, isArray } from "../primordials.js";
import { show } from "./problems.js";

/** @param {unknown} result @param {string} what */
function checkResult(result, what) {
  if (typeof result === "object" && result !== null && !isArray(result)) return result;
  throw new TypeError(`${what} returns an object { data: … }, but this one returned ${show(result)}`);
}

/**
 * What the flow returns; where it fails and has an error handler, what that returns, unless it is nothing.
 * @param {import("./flow.js").Flow} flow
 */
export async function runFlow({ run, onError }, context, event) {
  try {
    return checkResult(await apply(run, undefined, [context, event]), "a flow");
  } catch (error) {
    if (onError === undefined) throw error;
    const instead = await apply(onError, undefined, [context, error]);
    if (instead === undefined) throw error;
    return checkResult(instead, "the onError of a flow");
  }
}
