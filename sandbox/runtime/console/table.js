// Console, section 1.1.8: console.table. Rows and columns are bounded, and no getter runs.
import { show } from "./format.js";
import {
  getOwnPropertyDescriptor, join, makeList, mapEntries, mapGet, mapHas, mapNext, mapSet, mapSize, max, min, padEnd, repeat,
  setNext, setSize, setValues, trimEnd,
} from "../primordials.js";

const { inspectKeys, kindOf } = host;
const PROXY = 1, ARRAY = 2, TYPED_ARRAY = 3, MAP = 6, SET = 7;  // as in natives_inspect.cc
const MAX_ROWS = 100;
const MAX_COLUMNS = 20;
const MAX_CELL = 200;

const isTabular = (value) => typeof value === "object" && value !== null && kindOf(value) !== PROXY;

/** A property as a cell shows it. */
function cellOf(object, key) {
  const { get, set, value } = getOwnPropertyDescriptor(object, key) ?? { __proto__: null };
  return get || set ? "[Getter]" : show(value, MAX_CELL);
}

/** The own keys of an object, indices too. @param {object} object @param {number} most */
function keysOf(object, most) {
  const keys = makeList();
  const kind = kindOf(object);
  const length = kind === ARRAY || kind === TYPED_ARRAY ? min(object.length, most) : 0;
  for (let i = 0; i < length; ++i) keys[i] = `${i}`;
  const named = inspectKeys(object);
  for (let i = 0; i < named.length && keys.length < most; ++i) {
    if (typeof named[i] === "string") keys[keys.length] = named[i];
  }
  return keys;
}

/**
 * @param {unknown} data @param {unknown} wanted the columns to show, as a list
 * @returns {string | undefined} undefined: it is no table
 */
export function tableText(data, wanted) {
  if (!isTabular(data)) return undefined;
  const columns = makeList();
  const known = new Map();
  const rows = makeList();
  const addColumn = (name) => {
    if (mapHas(known, name) || columns.length >= MAX_COLUMNS) return;
    mapSet(known, name, true);
    columns[columns.length] = name;
  };
  const chosen = isTabular(wanted) ? keysOf(wanted, MAX_COLUMNS) : undefined;
  for (let i = 0; chosen !== undefined && i < chosen.length; ++i) chosen[i] = cellOf(wanted, chosen[i]);

  const addRow = (index, value, key) => {
    const row = new Map();
    mapSet(row, indexName, index);
    if (key !== undefined) mapSet(row, "Key", key);
    if (isTabular(value)) {
      const names = chosen ?? keysOf(value, MAX_COLUMNS);
      for (let i = 0; i < names.length; ++i) {
        if (getOwnPropertyDescriptor(value, names[i]) === undefined) continue;
        addColumn(names[i]);
        mapSet(row, names[i], cellOf(value, names[i]));
      }
    } else {
      addValues = true;
      mapSet(row, VALUES, show(value, MAX_CELL));
    }
    rows[rows.length] = row;
  };

  const kind = kindOf(data);
  const indexName = kind === MAP || kind === SET ? "(iteration index)" : "(index)";
  const VALUES = {};  // the column is no property: one may be called so, too
  let addValues = false;
  let size;
  if (kind === MAP || kind === SET) {
    size = kind === MAP ? mapSize(data) : setSize(data);
    const iterator = kind === MAP ? mapEntries(data) : setValues(data);
    for (let i = 0; i < size && i < MAX_ROWS; ++i) {
      const { value } = kind === MAP ? mapNext(iterator) : setNext(iterator);
      if (kind === MAP) addRow(`${i}`, value[1], show(value[0], MAX_CELL));
      else addRow(`${i}`, value, undefined);
    }
  } else {
    const keys = keysOf(data, MAX_ROWS + 1);
    size = keys.length;
    for (let i = 0; i < size && i < MAX_ROWS; ++i) {
      const descriptor = getOwnPropertyDescriptor(data, keys[i]);
      addRow(keys[i], descriptor?.get || descriptor?.set ? "[Getter]" : descriptor?.value, undefined);
    }
  }

  const all = makeList();
  const add = (key, name) => { all[all.length] = { key, name, width: name.length }; };
  add(indexName, indexName);
  if (kind === MAP) add("Key", "Key");
  for (let i = 0; i < columns.length; ++i) add(columns[i], columns[i]);
  if (addValues) add(VALUES, "Values");
  const lines = makeList();
  for (let i = 0; i < all.length; ++i) {
    for (let k = 0; k < rows.length; ++k) all[i].width = max(all[i].width, (mapGet(rows[k], all[i].key) ?? "").length);
  }
  const line = (textOf, separator) => {
    const cells = makeList();
    for (let i = 0; i < all.length; ++i) cells[i] = textOf(all[i]);
    lines[lines.length] = trimEnd(join(cells, separator));
  };
  line((column) => padEnd(column.name, column.width), " | ");
  line((column) => repeat("-", column.width), "-|-");
  for (let k = 0; k < rows.length; ++k) line((column) => padEnd(mapGet(rows[k], column.key) ?? "", column.width), " | ");
  if (size > MAX_ROWS) lines[lines.length] = "… more rows";
  return join(lines, "\n");
}
