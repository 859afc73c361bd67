// What is expected of a value whose every part is not known. As JSON these are the patterns of fixtures.
import { show } from "./show.js";

const TYPES = ["string", "number", "boolean", "object", "array"];

export class Pattern {
  /** @type {"$any" | "$contains"} */ name;
  value;

  constructor(name, value) {
    this.name = name;
    this.value = value;
    Object.freeze(this);
  }

  toJSON() { return { [this.name]: this.value }; }
}

/** Anything that is there; with a type, of that: "string", "number", "boolean", "object", "array". */
export function any(type = undefined) {
  if (type !== undefined && !TYPES.includes(type)) {
    throw new TypeError(`any() takes one of ${TYPES.join(", ")}, or nothing, but got ${show(type)}`);
  }
  return new Pattern("$any", type ?? true);
}

/** What has at least these members and elements. */
export const containing = (value) => new Pattern("$contains", value);

const typeOf = (value) => (Array.isArray(value) ? "array" : typeof value);

/** Whether `any` describes the value. @param {Pattern} pattern */
export const isAny = ({ value: type }, value) => value !== undefined && (type === true || (value !== null && type === typeOf(value)));
