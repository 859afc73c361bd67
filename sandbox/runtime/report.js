// HTML, section 8.1.4.6: reporting an exception. What no listener of the global object's "error" prevents ends the
// execution.
import { fire, isHeard } from "./event_target.js";
import { checkArguments } from "./idl.js";

const { errorPlace, fail } = host;
const here = globalThis;

/** "In error reporting mode": what a listener of "error" throws ends the execution at once. */
let reporting = false;

/** @param {unknown} error */
export function reportException(error) {
  if (!reporting && isHeard(here, "error")) {
    reporting = true;
    const place = errorPlace(error);
    const { ErrorEvent } = require("./event_types.js");
    const prevented = !fire(here, new ErrorEvent("error", {
      __proto__: null, cancelable: true, message: place[0], filename: place[1], lineno: place[2], colno: place[3], error,
    }));
    reporting = false;
    if (prevented) return;
  }
  fail(error);
}

export const { reportError } = {  // an operation is no constructor
  /** @param {unknown} error */
  reportError(error) {
    checkArguments(arguments.length, 1, "reportError");
    reportException(error);
  },
};
