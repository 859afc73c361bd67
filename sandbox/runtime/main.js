// The runtime of a cell: installs the web platform and returns the hooks that the cell calls. What `host` gives is
// taken
// in closures; once this has run, nothing leads to it.
import { AbortController, AbortSignal } from "./abort.js";
import { startClock } from "./clock.js";
import { structuredClone } from "./clone.js";
import { console } from "./console.js";
import { Crypto, crypto } from "./crypto.js";
import { removeNondeterminism } from "./determinism.js";
import { DOMException } from "./dom_exception.js";
import { TextDecoder, TextEncoder, atob, btoa } from "./encoding.js";
import { Event } from "./event.js";
import { EventTarget } from "./event_target.js";
import { callFailed, fetch, requestCredit, responseBody, responseHead } from "./fetch.js";
import { defineGlobalEvents, rejectionHandled, rejectionUnhandled } from "./global_events.js";
import { Headers } from "./headers.js";
import { defineGlobals, makeLazily } from "./install.js";
import { defineInspection } from "./inspect_platform.js";
import { defineLate } from "./late.js";
import { Performance, performance } from "./performance.js";
import { reportError } from "./report.js";
import { Request } from "./request.js";
import { Response } from "./response.js";
import { defineStreams } from "./streams.js";
import { clearInterval, clearTimeout, queueMicrotask, setInterval, setTimeout, timerFired } from "./timers.js";
import { URL, URLSearchParams } from "./url.js";
import { warder } from "./warder/module.js";
import { rejection } from "./warder/problems.js";
import { describe, start } from "./warder/start.js";

defineGlobals({
  AbortController, AbortSignal, Crypto, DOMException, Event, EventTarget, Headers, Performance, Request, Response,
  TextDecoder, TextEncoder, URL, URLSearchParams, atob, btoa, clearInterval, clearTimeout, console, crypto, fetch,
  navigator: Object.freeze({ userAgent: "Warder" }), performance, queueMicrotask, reportError, self: globalThis,
  setInterval, setTimeout, structuredClone,
});
defineGlobalEvents();
defineInspection();
defineStreams();
defineLate();

export const hooks = {
  __proto__: null,
  prepare() {
    removeNondeterminism();
    startClock();
  },
  warder,
  makeLazily, rejection, start, describe, responseHead, responseBody, callFailed, requestCredit, timerFired,
  rejectionHandled, rejectionUnhandled,
};
