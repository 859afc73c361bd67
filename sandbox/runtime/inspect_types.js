// What a console shows of an object of the platform: each interface says it itself, by the private fields of its objects.
import { apply, getOwnPropertyDescriptor, getPrototypeOf, makeList, mapGet, mapSet } from "./primordials.js";

const { kindOf } = host;
const PROXY = 1;

/** What goes to the log in one piece, in UTF-16 code units. */
export const MAX_TEXT = 60_000;

const MAX_PROTOTYPES = 16;

/** @type {Map<object, (object: any) => object>} */
const inspected = new Map();

/**
 * @param {Function} constructor
 * @param {(object: any) => object} describe gives what is shown, by name, in an object without a prototype; throws where
 *   the object is none of the interface
 */
export function defineInspected(constructor, describe) { mapSet(inspected, constructor.prototype, describe); }

/**
 * The values of attributes, read with the getters that the interface has now.
 * @param {Function} constructor @param {string[]} names
 */
export function defineInspectedAttributes(constructor, names) {
  const getters = makeList();
  for (let i = 0; i < names.length; ++i) getters[i] = getOwnPropertyDescriptor(constructor.prototype, names[i]).get;
  defineInspected(constructor, (object) => {
    const shown = { __proto__: null };
    for (let i = 0; i < names.length; ++i) shown[names[i]] = apply(getters[i], object, []);
    return shown;
  });
}

/** Names and values in turn, by name; what occurs twice as a list. @param {string[]} list */
export function byName(list) {
  const shown = { __proto__: null };
  for (let i = 0; i < list.length; i += 2) {
    const known = shown[list[i]];
    if (known === undefined) shown[list[i]] = list[i + 1];
    else if (typeof known === "string") shown[list[i]] = [known, list[i + 1]];
    else known[known.length] = list[i + 1];
  }
  return shown;
}

/** What is shown of `object`; undefined: it is none of the platform's. @param {object} object */
export function describePlatformObject(object) {
  let holder = object;
  for (let i = 0; i < MAX_PROTOTYPES && holder !== null && kindOf(holder) !== PROXY; ++i) {
    const describe = mapGet(inspected, holder);
    if (describe !== undefined) {
      try {
        return holder === object ? undefined : describe(object);
      } catch {
        return undefined;
      }
    }
    holder = getPrototypeOf(holder);
  }
  return undefined;
}
