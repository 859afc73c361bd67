// Console. What is logged goes to the engine at once, in order; the log's limit is the cell's to keep.
import { inspect } from "./inspect.js";
import { apply, isFinite, join, map, mapDelete, mapGet, mapSet, push, repeat, trunc } from "./primordials.js";
import { performanceNow } from "./performance.js";

const { log: send } = host;

export const DEBUG = 0, INFO = 1, WARN = 2, ERROR = 3;  // Log.Level

/** @param {unknown} value */
const show = (value) => (typeof value === "string" ? value : inspect(value));

/** Console, section 2.2: %s, %d, %i, %f, %o, %O, %c, %%. @param {unknown[]} args */
export function formatArguments(args) {
  if (typeof args[0] !== "string" || args.length === 1) return join(map(args, show), " ");
  let next = 1;
  const text = args[0].replace(/%[sdifoOcj%]/g, (directive) => {
    if (directive === "%%") return "%";
    if (next >= args.length) return directive;
    const value = args[next++];
    switch (directive) {
      case "%d": return typeof value === "object" ? "NaN" : `${Number(value)}`;
      case "%i": return isFinite(Number(value)) ? `${trunc(Number(value))}` : "NaN";
      case "%f": return `${Number(value)}`;
      case "%c": return "";
      case "%s": return typeof value === "symbol" ? inspect(value) : show(value);
      default: return inspect(value);
    }
  });
  const rest = [];
  for (let i = next; i < args.length; ++i) push(rest, show(args[i]));
  return rest.length > 0 ? `${text} ${join(rest, " ")}` : text;
}

let indent = 0;
const counts = new Map();
const timers = new Map();

function write(level, text) {
  const prefix = repeat("  ", indent);
  send(level, prefix === "" ? text : prefix + text.replaceAll("\n", `\n${prefix}`), "");
}

/** @param {unknown} data */
function table(data) {
  if (typeof data !== "object" || data === null) return show(data);
  const rows = [];
  const columns = ["(index)"];
  for (const index of Object.keys(data)) {
    const row = new Map([["(index)", index]]);
    const value = data[index];
    const cells = typeof value === "object" && value !== null ? Object.entries(value) : [["Values", value]];
    for (const [name, cell] of cells) {
      if (!columns.includes(name)) push(columns, name);
      mapSet(row, name, show(cell));
    }
    push(rows, row);
  }
  const cell = (row, name) => mapGet(row, name) ?? "";
  const width = map(columns, (name) => rows.reduce((most, row) => Math.max(most, cell(row, name).length), name.length));
  const line = (texts) => join(map(texts, (text, i) => text.padEnd(width[i])), " | ").trimEnd();
  const rule = join(map(width, (size) => repeat("-", size)), "-|-");
  return join([line(columns), rule, ...map(rows, (row) => line(map(columns, (name) => cell(row, name))))], "\n");
}

const methods = {
  debug(...args) { write(DEBUG, formatArguments(args)); },
  log(...args) { write(INFO, formatArguments(args)); },
  info(...args) { write(INFO, formatArguments(args)); },
  warn(...args) { write(WARN, formatArguments(args)); },
  error(...args) { write(ERROR, formatArguments(args)); },
  trace(...args) {
    const stack = inspect(new Error()).split("\n").slice(1).join("\n");
    write(DEBUG, `Trace: ${formatArguments(args)}\n${stack}`);
  },
  assert(condition, ...args) {
    if (!condition) write(ERROR, `Assertion failed${args.length > 0 ? `: ${formatArguments(args)}` : ""}`);
  },
  dir(value) { write(INFO, inspect(value)); },
  dirxml(...args) { write(INFO, formatArguments(args)); },
  table(data) { write(INFO, table(data)); },
  group(...args) {
    if (args.length > 0) write(INFO, formatArguments(args));
    ++indent;
  },
  groupCollapsed(...args) { apply(methods.group, undefined, args); },
  groupEnd() { indent = Math.max(0, indent - 1); },
  count(label = "default") {
    const count = (mapGet(counts, `${label}`) ?? 0) + 1;
    mapSet(counts, `${label}`, count);
    write(INFO, `${label}: ${count}`);
  },
  countReset(label = "default") { mapDelete(counts, `${label}`); },
  time(label = "default") { mapSet(timers, `${label}`, performanceNow()); },
  timeLog(label = "default", ...args) {
    const start = mapGet(timers, `${label}`);
    if (start === undefined) return;
    write(INFO, join([`${label}: ${(performanceNow() - start).toFixed(3)} ms`, ...map(args, show)], " "));
  },
  timeEnd(label = "default") {
    methods.timeLog(label);
    mapDelete(timers, `${label}`);
  },
  clear() {},
};

// Web IDL, section 3.12: a namespace object; its prototype is empty.
export const console = Object.assign(Object.create({}), methods);
Object.defineProperty(console, Symbol.toStringTag, { value: "console", configurable: true });
