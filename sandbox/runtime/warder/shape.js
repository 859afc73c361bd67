// What a value looks like without saying what it holds: "{ id: string, items: [12 × { sku: string }] }", and about how
// many bytes it would have as JSON. Looks at a bounded part of it, however large it is.
import { isArray, isView, join, keys, min, objectToString, push, stringify, test } from "../primordials.js";
import { isConnection } from "./values.js";

const { kindOf } = host;

const PROXY = 1;  // of kindOf
const MAX_NODES = 200;
const MAX_DEPTH = 4;
const MAX_NAMES = 16;
const MAX_ENTRIES = 16;
const MAX_TEXT = 1_000;
const NAME = /^[A-Za-z_$][\w$-]{0,39}$/;  // others may be data: keys of a map

/** @typedef {{ nodes: number }} State */

/** @returns {[shape: string, bytes: number]} */
function walk(value, depth, state) {
  switch (typeof value) {
    case "string": return ["string", value.length + 2];
    case "number": return ["number", `${value}`.length];
    case "boolean": return ["boolean", value ? 4 : 5];
    case "undefined": return ["nothing", 0];
    case "object": break;
    default: return [typeof value, 0];
  }
  if (value === null) return ["null", 4];
  if (kindOf(value) === PROXY) return ["proxy", 0];
  if (isConnection(value)) return ["connection", 0];
  if (isView(value)) return ["bytes", value.byteLength];
  if (++state.nodes > MAX_NODES || depth > MAX_DEPTH) return ["…", 2];
  if (isArray(value)) return walkList(value, depth, state);
  const kind = objectToString(value);
  if (kind === "[object ArrayBuffer]") return ["bytes", value.byteLength];
  if (kind === "[object Date]") return ["date", 26];
  return kind === "[object Object]" ? walkObject(value, depth, state) : [kind.substring(8, kind.length - 1), 2];
}

function walkList(list, depth, state) {
  if (list.length === 0) return ["[]", 2];
  const seen = min(list.length, MAX_ENTRIES);
  let bytes = 0, first = "";
  for (let i = 0; i < seen; ++i) {
    const [shape, size] = walk(list[i], depth + 1, state);
    if (i === 0) first = shape;
    bytes += size + 1;
  }
  return [`[${list.length} × ${first}]`, 1 + Math.round((bytes * list.length) / seen)];
}

function walkObject(object, depth, state) {
  const names = keys(object);
  const seen = min(names.length, MAX_NAMES);
  const fields = [];
  let bytes = 0;
  for (let i = 0; i < seen; ++i) {
    const [shape, size] = walk(object[names[i]], depth + 1, state);
    if (shape === "nothing") continue;
    bytes += size + names[i].length + 4;
    push(fields, `${test(NAME, names[i]) ? names[i] : "*"}: ${shape}`);
  }
  if (names.length > seen) push(fields, `… ${names.length - seen} more`);
  return [fields.length === 0 ? "{}" : `{ ${join(fields, ", ")} }`, seen === 0 ? 2 : 1 + Math.round((bytes * names.length) / seen)];
}

/** @param {unknown} value @returns {[shape: string, bytes: number]} */
export function measure(value) {
  try {
    const [shape, bytes] = walk(value, 0, { nodes: 0 });
    return [shape.length > MAX_TEXT ? `${shape.substring(0, MAX_TEXT)}…` : shape, bytes];
  } catch {
    return ["unreadable", 0];  // a getter of the script's has thrown
  }
}

/** The value's JSON, without the placeholders of connections; empty where it has none. */
export function payload(value) {
  try {
    return stringify(value, (_key, each) => (isConnection(each) ? { connection: each.name } : each)) ?? "";
  } catch {
    return "";
  }
}
