// context.log: a message and fields, at a level.
import { consoleText } from "../console_text.js";
import { boundedJson, isError, readableJson } from "../json_text.js";
import { DEBUG, ERROR, INFO, WARN, isOpen, textOf, write } from "../log_sink.js";
import { freeze, isArray, stringify } from "../primordials.js";

const MAX_FIELDS = 128 << 10;  // code units; the cell keeps 256 KB of them
const MAX_UNFIT = 4096;

/** What is kept beside a log's text; empty: nothing. @param {unknown} fields */
function fieldsJson(fields) {
  if (fields === undefined || fields === null) return "";
  const plain = typeof fields === "object" && !isArray(fields) && !isError(fields);
  try {
    const text = boundedJson(plain ? fields : { value: fields }, MAX_FIELDS);
    if (text !== undefined) return text;
  } catch { /* it goes round, or it throws */ }
  return readableJson(stringify({ value: consoleText().inspect(fields, { __proto__: null, length: MAX_UNFIT }) }));
}

const logger = (level) => (message, fields) => { if (isOpen()) write(level, textOf(message), fieldsJson(fields)); };

/** What scripts log with. */
export const log = freeze({ debug: logger(DEBUG), info: logger(INFO), warn: logger(WARN), error: logger(ERROR) });
