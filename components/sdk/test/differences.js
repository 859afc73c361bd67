// Where two values differ, in the words of fixtures: each place with what was expected (-) and what came (+).
import { Pattern, isAny } from "./patterns.js";
import { show } from "./show.js";

const MAX_PLACES = 20;

const isObject = (value) => typeof value === "object" && value !== null;
const below = (place, name) => (/^\d+$/.test(name) ? `${place}[${name}]` : `${place}.${name}`);

/** Collects the differences of one comparison. */
class Comparison {
  lines = [];
  found = 0;
  /** What is being compared already: values may contain themselves. */
  open = new Map();

  differ(place, expected, actual, there = true) {
    if (++this.found > MAX_PLACES) return;
    this.lines.push(`${place}\n  - ${show(expected)}\n  + ${there ? show(actual) : "(nothing)"}`);
  }

  compare(place, expected, actual, atLeast) {
    if (expected instanceof Pattern && expected.name === "$contains") return this.compare(place, expected.value, actual, true);
    if (expected instanceof Pattern) return isAny(expected, actual) || this.differ(place, expected, actual);
    if (expected instanceof RegExp && typeof actual === "string") return this.matches(place, expected, actual);
    if (Object.is(expected, actual) || expected === actual) return undefined;
    if (!isObject(expected) || !isObject(actual) || !this.alike(expected, actual)) return this.differ(place, expected, actual);
    if (this.open.get(expected) === actual) return undefined;
    this.open.set(expected, actual);
    this.compareInside(place, expected, actual, atLeast);
    return this.open.delete(expected);
  }

  matches(place, expected, actual) {
    if (new RegExp(expected.source, expected.flags).test(actual)) return;
    this.differ(place, expected, actual);
  }

  /** Of one kind, and the same as far as that has no members. */
  alike(expected, actual) {
    if (Object.getPrototypeOf(expected) !== Object.getPrototypeOf(actual)) return false;
    if (expected instanceof Date) return expected.getTime() === actual.getTime();
    if (expected instanceof RegExp) return String(expected) === String(actual);
    return true;
  }

  compareInside(place, expected, actual, atLeast) {
    if (expected instanceof Map || expected instanceof Set) {
      return this.compare(`${place}.entries`, [...expected], [...actual], false);
    }
    for (const name of Object.keys(expected)) {
      if (Object.hasOwn(actual, name)) this.compare(below(place, name), expected[name], actual[name], atLeast);
      else this.differ(below(place, name), expected[name], undefined, false);
    }
    if (atLeast && !Array.isArray(expected)) return undefined;
    for (const name of Object.keys(actual)) {
      if (Object.hasOwn(expected, name)) continue;
      if (++this.found <= MAX_PLACES) this.lines.push(`${below(place, name)}\n  - (nothing)\n  + ${show(actual[name])}`);
    }
    return undefined;
  }

  text() {
    if (this.found > MAX_PLACES) this.lines.push(`and ${this.found - MAX_PLACES} places more`);
    return this.lines.join("\n");
  }
}

/** Empty: they mean the same. @param {unknown} expected with patterns @param {unknown} actual */
export function differences(expected, actual) {
  const comparison = new Comparison();
  comparison.compare("$", expected, actual, false);
  return comparison.text();
}
