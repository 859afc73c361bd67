// Console. What is logged goes to the engine at once, in order, with its level; the log's limit is the cell's to keep.
import { formatArguments, indentLines, show } from "./console_format.js";
import { tableText } from "./console_table.js";
import { MAX_TEXT, inspect, stackOf } from "./inspect.js";
import { assign, create, mapDelete, mapGet, mapHas, mapSet, max, toFixed } from "./primordials.js";
import { performanceNow } from "./clock.js";

const { log: send } = host;

export const DEBUG = 0, INFO = 1, WARN = 2, ERROR = 3;  // Log.Level

/** Whether the log's limit is not reached: beyond it nothing is formatted. */
let open = true;

/** @param {number} level @param {string} text @param {string} [fields] JSON */
export function write(level, text, fields = "") { open = send(level, text, fields); }
export const isOpen = () => open;

let indent = 0;
/** @type {Map<string, number>} */
const counts = new Map();
/** @type {Map<string, number>} */
const timers = new Map();

function print(level, text) { write(level, indentLines(text, indent)); }
function log(level, args) { if (open) print(level, formatArguments(args)); }

/** Section 1.4: a timer's text. @param {string} label */
function elapsed(label) {
  const start = mapGet(timers, label);
  if (start !== undefined) return `${label}: ${toFixed(performanceNow() - start, 3)} ms`;
  print(WARN, `Timer "${label}" does not exist`);
  return undefined;
}

function startGroup(args) {
  if (args.length > 0 && open) print(INFO, formatArguments(args));
  ++indent;
}

const methods = {
  assert(condition = false, ...args) {
    if (condition || !open) return;
    const text = "Assertion failed";
    if (args.length === 0) print(ERROR, text);
    else if (typeof args[0] === "string") print(ERROR, formatArguments(args, `${text}: `));
    else print(ERROR, formatArguments(args, `${text} `));
  },
  clear() { indent = 0; },
  debug(...args) { log(DEBUG, args); },
  error(...args) { log(ERROR, args); },
  info(...args) { log(INFO, args); },
  log(...args) { log(INFO, args); },
  table(data = undefined, columns = undefined) { if (open) print(INFO, tableText(data, columns) ?? show(data)); },
  trace(...args) {
    if (!open) return;
    const text = formatArguments(args, args.length > 0 ? "Trace: " : "Trace");
    print(INFO, `${text}\n${stackOf(new Error())}`);
  },
  warn(...args) { log(WARN, args); },
  dir(item = undefined, options = undefined) {
    if (open) print(INFO, inspect(item, { __proto__: null, length: MAX_TEXT, depth: options?.depth ?? undefined }));
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
    const text = elapsed(`${label}`);
    if (text !== undefined && open) print(INFO, args.length > 0 ? formatArguments(args, `${text} `) : text);
  },
  timeEnd(label = "default") {
    const text = elapsed(`${label}`);
    if (text === undefined) return;
    mapDelete(timers, `${label}`);
    print(INFO, text);
  },
};

// Web IDL, section 3.13: a namespace object; its prototype is empty.
export const console = assign(create({}), methods);
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
