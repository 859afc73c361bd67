// Console.
import { consoleText } from "./console_text.js";
import { performanceNow } from "./clock.js";
import { MAX_TEXT } from "./inspect_types.js";
import { DEBUG, ERROR, INFO, WARN, isOpen, textOf, write } from "./log_sink.js";
import { Symbol, assign, create, defineProperty, mapDelete, mapGet, mapHas, mapSet, max, toFixed } from "./primordials.js";

let indent = 0;
/** @type {Map<string, number>} */
const counts = new Map();
/** @type {Map<string, number>} */
const timers = new Map();

function print(level, message) { write(level, indent === 0 ? message : consoleText().indentLines(message, indent)); }

function log(level, args) {
  if (isOpen()) print(level, args.length === 1 ? textOf(args[0]) : consoleText().formatArguments(args));
}

/** Section 1.4: a timer's text. @param {string} label */
function elapsed(label) {
  const start = mapGet(timers, label);
  if (start !== undefined) return `${label}: ${toFixed(performanceNow() - start, 3)} ms`;
  print(WARN, `Timer "${label}" does not exist`);
  return undefined;
}

function startGroup(args) {
  if (args.length > 0) log(INFO, args);
  ++indent;
}

const methods = {
  assert(condition = false, ...args) {
    if (condition || !isOpen()) return;
    const said = "Assertion failed";
    if (args.length === 0) print(ERROR, said);
    else print(ERROR, consoleText().formatArguments(args, typeof args[0] === "string" ? `${said}: ` : `${said} `));
  },
  clear() { indent = 0; },
  debug(...args) { log(DEBUG, args); },
  error(...args) { log(ERROR, args); },
  info(...args) { log(INFO, args); },
  log(...args) { log(INFO, args); },
  table(data = undefined, columns = undefined) { if (isOpen()) print(INFO, consoleText().tableText(data, columns) ?? textOf(data)); },
  trace(...args) {
    if (!isOpen()) return;
    const said = consoleText().formatArguments(args, args.length > 0 ? "Trace: " : "Trace");
    print(INFO, `${said}\n${consoleText().stackOf(new Error())}`);
  },
  warn(...args) { log(WARN, args); },
  dir(item = undefined, options = undefined) {
    if (isOpen()) print(INFO, consoleText().inspect(item, { __proto__: null, length: MAX_TEXT, depth: options?.depth ?? undefined }));
  },
  dirxml(...args) { log(INFO, args); },
  count(label = "default") {
    const key = `${label}`;
    const count = (mapGet(counts, key) ?? 0) + 1;
    mapSet(counts, key, count);
    print(INFO, `${key}: ${count}`);
  },
  countReset(label = "default") {
    if (!mapDelete(counts, `${label}`)) print(WARN, `Count for "${label}" does not exist`);
  },
  group(...args) { startGroup(args); },
  groupCollapsed(...args) { startGroup(args); },
  groupEnd() { indent = max(0, indent - 1); },
  time(label = "default") {
    const key = `${label}`;
    if (mapHas(timers, key)) print(WARN, `Timer "${key}" already exists`);
    else mapSet(timers, key, performanceNow());
  },
  timeLog(label = "default", ...args) {
    const said = elapsed(`${label}`);
    if (said !== undefined && isOpen()) print(INFO, args.length > 0 ? consoleText().formatArguments(args, `${said} `) : said);
  },
  timeEnd(label = "default") {
    const said = elapsed(`${label}`);
    if (said === undefined) return;
    mapDelete(timers, `${label}`);
    print(INFO, said);
  },
};

// Web IDL, section 3.13: a namespace object; its prototype is empty.
export const console = assign(create({}), methods);
defineProperty(console, Symbol.toStringTag, { __proto__: null, value: "console", configurable: true });
