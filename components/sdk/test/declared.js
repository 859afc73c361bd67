// The tests that the file has declared. What is JSON of them goes to the engine as fixtures; functions and regular
// expressions that values are held against stay here, and stand there as patterns for anything.
import { AssertionError } from "./assert.js";
import { differences } from "./differences.js";
import { Pattern, any } from "./patterns.js";
import { show } from "./show.js";

const MAX_DEPTH = 100;
/** Where values are compared, so that patterns and code may stand for them. */
const COMPARED = /^(?:calls\[\d+\]\.request\.(?:body|bodyContains)|expect\.(?:output|state|response\.body|logs\[\d+\]\.fields))(?=$|[.[])/;

/** @typedef {{ place: string, path: (string | number)[], holds: RegExp | Function }} Matcher */
/** @type {{ name: string, options: object, check: Function | undefined, read?: { fixture: object, matchers: Matcher[] } }[]} */
const tests = [];
const names = new Set();
let open = true;
let forOneCheck = false;

const isPlain = (value) => [Object.prototype, null].includes(Object.getPrototypeOf(value));

/** Takes one test's options apart. */
class Reader {
  /** @type {Matcher[]} */ matchers = [];
  constructor(name) { this.name = name; }

  refuse(place, value, what) {
    throw new TypeError(`the test ${show(this.name)}: ${place === "" ? "its options are" : `${place} is`} ${show(value)}; ${what}`);
  }

  /** @param {(string | number)[]} path @param {string} place the same, to be read */
  read(value, path, place) {
    if (path.length > MAX_DEPTH) this.refuse(place, value, `it is nested deeper than ${MAX_DEPTH} levels`);
    switch (typeof value) {
      case "string": case "boolean": case "undefined": return value;
      case "number": return Number.isFinite(value) ? value : this.refuse(place, value, "JSON has no such number");
      case "function": return this.matcher(value, path, place);
      case "object": return value === null ? null : this.readObject(value, path, place);
      default: return this.refuse(place, value, "it has to be JSON");
    }
  }

  readObject(value, path, place) {
    if (value instanceof RegExp) return this.matcher(value, path, place);
    if (value instanceof Pattern) {
      if (!COMPARED.test(place)) this.refuse(place, value, "patterns stand where values are compared: in bodies of requests and in \"expect\"");
      return { [value.name]: this.read(value.value, path, place) };
    }
    if (Array.isArray(value)) return value.map((each, i) => this.read(each, [...path, i], `${place}[${i}]`) ?? null);
    if (!isPlain(value)) this.refuse(place, value, "it has to be JSON: an object, a list, a text, a number, true, false or null");
    return Object.fromEntries(Object.entries(value).map(([name, each]) => (
      [name, this.read(each, [...path, name], place === "" ? name : `${place}.${name}`)]
    )));
  }

  matcher(holds, path, place) {
    if (holds === any) return { $any: true };
    if (!COMPARED.test(place)) this.refuse(place, holds, "code stands where values are compared: in bodies of requests and in \"expect\"");
    this.matchers.push({ place, path, holds });
    return { $any: true };
  }
}

/** What was declared is known to be right, and one check will be called: only that one's test is worth a look. */
export function expectOneCheck() { forOneCheck = true; }

function read(name, options) {
  const reader = new Reader(name);
  return { fixture: { name, ...reader.read(options, [], "") }, matchers: reader.matchers };
}

export function declare(name, options, check) {
  if (!open) throw new TypeError("test() declares a test while the file is evaluated, and not later");
  if (forOneCheck) {
    tests.push({ name, options, check });
    return;
  }
  if (typeof name !== "string" || name === "") throw new TypeError(`test() takes the name of the test first, but got ${show(name)}`);
  if (names.has(name)) throw new TypeError(`another test has the name ${show(name)}; give it another`);
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`the test ${show(name)} takes an object of what it is given second, but got ${show(options)}`);
  }
  if (check !== undefined && typeof check !== "function") {
    throw new TypeError(`the test ${show(name)} takes a function, its check, third, but got ${show(check)}`);
  }
  if (Object.hasOwn(options, "name")) new Reader(name).refuse("name", options.name, "its name is the first argument");
  names.add(name);
  tests.push({ name, options, check, read: read(name, options) });
}

/** All of them, for the engine. */
export function declared() {
  open = false;
  return tests.map(({ check, read: { fixture, matchers } }) => ({ fixture, checked: check !== undefined || matchers.length > 0 }));
}

function inside(value, path) {
  for (const name of path) value = value?.[name];
  return value;
}

/** What came in the place that a matcher has in the declaration. */
function cameAt(run, [top, second, third, ...rest]) {
  if (top === "calls") return inside(run.calls.find(({ expected }) => expected === second)?.json, rest.slice(1));
  if (second === "response") return inside(JSON.parse(run.response.body), rest);
  return inside(run, [second, ...(third === undefined ? [] : [third]), ...rest]);
}

function holds({ place, path, holds: what }, run) {
  const value = cameAt(run, path);
  if (what instanceof RegExp) {
    if (typeof value === "string" && differences(what, value) === "") return;
    throw new AssertionError(`${place} does not match\n- ${what}\n+ ${show(value)}`);
  }
  const answer = what(value);
  if (answer === true) return;
  if (answer !== false) throw new TypeError(`${place} is held against a function, which has to return true or false, but returned ${show(answer)}`);
  throw new AssertionError(`${place} is not what ${show(what)} takes\n+ ${show(value)}`);
}

/** Holds what came of a test against its code. @param {number} number @param {any} run */
export async function check(number, run) {
  open = false;
  for (const call of run.calls) {
    Object.defineProperty(call, "json", { get: () => JSON.parse(call.body) });
  }
  const { name, options, check: code } = tests[number];
  for (const each of read(name, options).matchers) holds(each, run);
  const returned = await code?.(run);
  if (returned === undefined) return;
  throw new TypeError(`a check throws where something is wrong, and returns nothing; this one returned ${show(returned)}`);
}
