// The runtime of a cell: installs the web platform and gives the hooks that the cell calls. What `host` gives is taken
// in closures; once this has run, nothing leads to it.
import { startClock } from "./clock.js";
import { removeNondeterminism } from "./determinism.js";
import { EventTarget } from "./event_target.js";
import { defineGlobalEvents, rejectionHandled, rejectionUnhandled } from "./global_events.js";
import { hooks } from "./hooks.js";
import { defineGlobals } from "./install.js";
import { defineLate, makeLazily } from "./late.js";
import { assign, freeze } from "./primordials.js";
import { reportError } from "./report.js";
import { warder } from "./warder/module.js";
import { rejection } from "./warder/problems.js";
import { describe, start } from "./warder/start.js";

defineGlobals({ EventTarget, navigator: freeze({ userAgent: "Warder" }), reportError, self: globalThis });
defineGlobalEvents();
defineLate();

assign(hooks, {
  prepare() {
    removeNondeterminism();
    startClock();
  },
  warder,
  // Its late module puts another one here.
  commitState() {},
  makeLazily, rejection, start, describe, rejectionHandled, rejectionUnhandled,
});

export { hooks };
