// All that a script can reach by properties, accessors and prototypes.
const { getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const add = uncurry(Set.prototype.add);
const has = uncurry(Set.prototype.has);

export const isObject = (value) => (typeof value === "object" && value !== null) || typeof value === "function";

/** Adds what can be reached from `roots` to `reached`. What was not there yet. @param {unknown[]} roots @param {Set<object>} reached */
export function reach(roots, reached = new Set()) {
  const left = [...roots];
  const found = [];
  while (left.length > 0) {
    const object = left.pop();
    if (!isObject(object) || has(reached, object)) continue;
    add(reached, object);
    found.push(object);
    left.push(getPrototypeOf(object));
    for (const key of ownKeys(object)) {
      const { get, set, value } = getOwnPropertyDescriptor(object, key);
      left.push(get, set, value);
    }
  }
  return found;
}
