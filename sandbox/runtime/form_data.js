// XMLHttpRequest, section 5: FormData. Without forms: there is no document here.
import { isBlob, isFile, nameFile } from "./blob.js";
import { checkArguments } from "./idl.js";
import { defineInspected } from "./inspect_types.js";
import { defineInterfaces } from "./install.js";
import { defineIterable } from "./iterable.js";
import { interfaces } from "./late.js";
import { push, toWellFormed } from "./primordials.js";

/** @param {unknown} value */
const toText = (value) => toWellFormed(`${value}`);

/**
 * "Create an entry".
 * @param {unknown} value @param {IArguments} given @param {string} where
 * @returns {string | File}
 */
function toValue(value, given, where) {
  if (!isBlob(value)) {
    if (given.length > 2) throw new TypeError(`${where} takes a file name for a Blob only`);
    return toText(value);
  }
  const filename = given[2] === undefined ? undefined : toText(given[2]);
  if (isFile(value) && filename === undefined) return value;
  return nameFile(value, filename ?? "blob");
}

let is, make, listOf;

export class FormData {
  /** Names and values in turn. @type {any[]} */
  #list = [];

  static {
    make = (list) => {
      const data = new FormData();
      data.#list = list;
      return data;
    };
    is = (value) => typeof value === "object" && value !== null && #list in value;
    listOf = (data) => data.#list;
  }

  constructor(form = undefined) {
    if (form !== undefined) throw new TypeError("FormData takes no form: there is no document here");
  }

  /** @param {string} name @param {string | Blob} value */
  append(name, value) {
    checkArguments(arguments.length, 2, "FormData.append");
    const list = this.#list;
    const key = toText(name);
    const entry = toValue(value, arguments, "FormData.append");
    list[list.length] = key;
    list[list.length] = entry;
  }
  /** @param {string} name @param {string | Blob} value */
  set(name, value) {
    checkArguments(arguments.length, 2, "FormData.set");
    const key = toText(name);
    const entry = toValue(value, arguments, "FormData.set");
    const list = this.#list;
    let kept = 0;
    let found = false;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === key && found) continue;
      const replaced = list[i] === key;
      found ||= replaced;
      list[kept++] = list[i];
      list[kept++] = replaced ? entry : list[i + 1];
    }
    list.length = kept;
    if (found) return;
    list[kept] = key;
    list[kept + 1] = entry;
  }
  /** @param {string} name */
  delete(name) {
    checkArguments(arguments.length, 1, "FormData.delete");
    const key = toText(name);
    const list = this.#list;
    let kept = 0;
    for (let i = 0; i < list.length; i += 2) {
      if (list[i] === key) continue;
      list[kept++] = list[i];
      list[kept++] = list[i + 1];
    }
    list.length = kept;
  }
  /** @param {string} name @returns {string | File | null} */
  get(name) {
    checkArguments(arguments.length, 1, "FormData.get");
    const key = toText(name);
    const list = this.#list;
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) return list[i + 1];
    return null;
  }
  /** @param {string} name @returns {(string | File)[]} */
  getAll(name) {
    checkArguments(arguments.length, 1, "FormData.getAll");
    const key = toText(name);
    const list = this.#list;
    const found = [];
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) found[found.length] = list[i + 1];
    return found;
  }
  /** @param {string} name */
  has(name) {
    checkArguments(arguments.length, 1, "FormData.has");
    const key = toText(name);
    const list = this.#list;
    for (let i = 0; i < list.length; i += 2) if (list[i] === key) return true;
    return false;
  }
}

defineIterable(FormData, "FormData", listOf);
defineInterfaces({ FormData });
defineInspected(FormData, (data) => {
  const shown = { __proto__: null };
  const list = listOf(data);
  for (let i = 0; i < list.length; i += 2) push(shown[list[i]] ??= [], list[i + 1]);
  return shown;
});

interfaces.isFormData = is;

/** Names and values in turn. @type {(data: FormData) => (string | File)[]} */
export const formDataList = listOf;
/** @type {(list: (string | File)[]) => FormData} */
export const makeFormData = make;
