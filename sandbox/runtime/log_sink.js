// Where what is logged goes: to the engine at once, in order, with its level; the log's limit is the cell's to keep.
import { consoleText } from "./console_text.js";
import { MAX_TEXT } from "./inspect_types.js";

const { log: send } = host;

export const DEBUG = 0, INFO = 1, WARN = 2, ERROR = 3;  // Log.Level

/** Whether the log's limit is not reached: beyond it nothing is formatted. */
let open = true;

/** @param {number} level @param {string} text @param {string} [fields] JSON */
export function write(level, text, fields = "") { open = send(level, text, fields); }
export const isOpen = () => open;

/** @param {unknown} value */
export function textOf(value) {
  return typeof value === "string" && value.length <= MAX_TEXT ? value : consoleText().show(value);
}
