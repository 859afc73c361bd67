// Inside the cell: what web-platform-tests expect around them, beside the platform itself. testharness.js finds neither
// a document nor a worker's scope and uses its shell environment.
import { expressions, scripts } from "./scripts.js";
import resources from "./resources.json" with { type: "json" };

/** Names and messages must be text that can be written down. @param {unknown} text */
const clean = (text) => `${text ?? ""}`.toWellFormed().slice(0, 1000);

/** A subtest that hangs must not take the results of the others with it. */
function watch(milliseconds) { setTimeout(() => globalThis.timeout(), milliseconds); }

/** The tests read their data with fetch, and a cell has no network: the files are in the bundle. */
function serveResources() {
  const { fetch: original, URL, Response } = globalThis;
  const serve = function fetch(input, init) {
    if (typeof input === "string" && init === undefined && URL.canParse(input, location.href)) {
      const { origin, pathname } = new URL(input, location.href);
      if (origin === location.origin && Object.hasOwn(resources, pathname)) {
        return Promise.resolve(new Response(resources[pathname]));
      }
    }
    return original(input, init);
  };
  Object.defineProperty(globalThis, "fetch", { value: serve, writable: true, configurable: true });
}

/** An uncaught error ends an execution, unless a listener prevents it; a test that is about one says so. */
function allowWhatTestsAllow() {
  const { setup } = globalThis;
  globalThis.setup = (...args) => {
    if (args.some((each) => each?.allow_uncaught_exception)) addEventListener("error", (event) => event.preventDefault());
    return setup(...args);
  };
}

/**
 * Runs the test of this bundle; resolves when all its subtests are over. Each result is a log entry at once, so that
 * it is known even where the execution ends before its time.
 * @param {{ log: { info(message: string, fields: object): void } }} context
 * @param {{ path: string, variant: string, timeoutMs: number }} event
 */
export function run(context, { path, variant, timeoutMs }) {
  const { info } = context.log;
  const report = (name, status, message) => {
    info("result", { name: clean(name), status, message: clean(message) });
  };
  globalThis.GLOBAL = { isWindow: () => false, isWorker: () => true, isShadowRealm: () => false };
  const origin = "https://web-platform.test";
  globalThis.location = {
    origin, protocol: "https:", host: "web-platform.test", hostname: "web-platform.test", port: "", pathname: path,
    search: variant, hash: "", href: `${origin}${path}${variant}`, toString() { return this.href; },
  };
  serveResources();
  // idlharness.js evaluates the expressions that it is given, which the bundle has as functions.
  globalThis.eval = (text) => expressions[text]();

  return new Promise((resolve) => {
    scripts[0].call(globalThis);
    allowWhatTestsAllow();
    globalThis.setup({ explicit_timeout: true });
    globalThis.add_result_callback(({ name, status, message }) => report(name, status, message));
    globalThis.add_completion_callback((tests, { status, message }) => {
      if (status !== 0) report("(harness)", status, message);
      resolve({ data: tests.length });
    });
    watch(timeoutMs);
    // idlharness.js asks what kind of global this is; a cell is most like a worker. testharness.js has already looked.
    globalThis.DedicatedWorkerGlobalScope = class DedicatedWorkerGlobalScope {
      static [Symbol.hasInstance](value) { return value === globalThis; }
    };
    try {
      scripts[1].call(globalThis);
    } catch (error) {
      report("(harness)", 1, `the test file threw ${error?.stack ?? error}`);
    }
    globalThis.done();
  });
}
