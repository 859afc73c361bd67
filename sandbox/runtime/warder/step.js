// Steps: the named parts of a flow. Each is tried as often as its retry says and recorded with what it took, what it
// gave and the calls that it made. Which step runs is a property of the asynchronous context: V8 carries it over every
// await, so calls and steps inside a step belong to it, and steps side by side do not mix.
import { consoleText } from "../console_text.js";
import { Promise, apply, assign, isArray } from "../primordials.js";
import { startTimer } from "../timers.js";
import { parseDuration } from "./duration.js";
import { retryOfError } from "./errors.js";
import { isDeclared, nameOf, show, thing, thingOf, throwNoted } from "./problems.js";
import { current, withPayloads } from "./recording.js";
import { delayAfter, retryOf } from "./retry.js";
import { measure, payload } from "./shape.js";
import { readFields, sentences } from "./values.js";

const { enterStep, stepBegan, stepEnded, stepRetried } = host;

const MAX_NAME = 200;
const MAX_NESTING = 16;

let lastStep = 0;

/** Where a step stands: the same in every attempt, and in every run of the same code on the same input. */
function pathOf(parent, name) {
  const count = (parent[2][name] ?? 0) + 1;
  parent[2][name] = count;
  return `${parent[1]}/${name}#${count}`;
}

const textOf = (error) => consoleText().errorTitle(error) ?? show(error);

/** The shape of a value, its size, and itself where that is recorded. @returns {[string, number, string]} */
function record(value) {
  const seen = measure(value);
  return [seen[0], seen[1], withPayloads() ? payload(value) : ""];
}

/** @param {unknown} delay */
export function sleep(delay) {
  const milliseconds = parseDuration(delay);
  if (milliseconds === undefined) {
    throw new TypeError(`sleep takes milliseconds or a duration such as "30s", but got ${show(delay)}`);
  }
  return new Promise((done) => { startTimer(milliseconds, done); });
}

/** How long to wait before the next attempt; undefined: there is none. */
function waitAfter(retry, attempt, error) {
  const said = retryOfError(error);
  if (retry === undefined || attempt >= retry.maxAttempts || said === false) return undefined;
  return said ?? delayAfter(retry, attempt);
}

/**
 * @param {string} name @param {string} action what is done, for the record @param {unknown} input
 * @param {import("./retry.js").Retry | undefined} retry @param {(attempt: number) => unknown} perform
 */
export async function runStep(name, action, input, retry, perform) {
  if (typeof name !== "string" || name === "" || name.length > MAX_NAME) {
    throw new TypeError(`the name of a step must be a text of at most ${MAX_NAME} characters, but is ${show(name)}`);
  }
  const parent = current();
  if (parent[3] === MAX_NESTING) throw new RangeError(`the step "${name}" is nested deeper than ${MAX_NESTING} steps`);
  /** @type {Frame} */
  const frame = [++lastStep, pathOf(parent, name), { __proto__: null }, parent[3] + 1];
  const given = record(input);
  stepBegan(frame[0], parent[0], name, action, given[0], given[1], given[2]);
  for (let attempt = 1; ; ++attempt) {
    try {
      const result = await inside(frame, perform, attempt);
      const gave = record(result);
      stepEnded(frame[0], true, "", gave[0], gave[1], gave[2]);
      return result;
    } catch (error) {
      const wait = waitAfter(retry, attempt, error);
      if (wait === undefined) {
        stepEnded(frame[0], false, textOf(error), "", 0, "");
        throw error;
      }
      stepRetried(frame[0], textOf(error), wait);
      await sleep(wait);
      frame[2] = { __proto__: null };
    }
  }
}

function inside(frame, perform, attempt) {
  const before = enterStep(frame);
  try {
    return perform(attempt);
  } finally {
    enterStep(before);
  }
}

/** Params that are not as declared stay so. */
const notAgain = (message) => assign(new TypeError(message), { retry: false });

function paramsOf(action, params, whose) {
  if (typeof params !== "object" || params === null || isArray(params)) {
    throw notAgain(`the params of ${whose} must be an object, but are ${show(params)}`);
  }
  const wrong = [];
  const values = readFields(action.inputs, params, "", wrong, undefined, false);
  if (wrong.length > 0) throw notAgain(sentences(wrong, "input", whose));
  return values;
}

async function performAction(action, context, params, attempt) {
  const { kind, name, onError } = thingOf(action);
  const whose = nameOf({ kind, name });
  const values = paramsOf(action, params, whose);
  let result;
  try {
    result = await apply(action.perform, undefined, [context, values]);
  } catch (error) {
    const better = onError === undefined ? undefined : await onError(error, { action: name, attempt });
    throw better instanceof Error ? better : error;
  }
  if (result === undefined) return { data: undefined };
  if (typeof result === "object" && result !== null && !isArray(result)) return result;
  throw new TypeError(`${whose} must return an object { data: … }, but returned ${show(result)}`);
}

function retryOption(name, options, otherwise) {
  if (options?.retry === undefined) return otherwise;
  const of = thing("step");
  of.name = `${name}`;
  const retry = retryOf(of, "retry", options.retry);
  throwNoted();
  return retry;
}

/**
 * context.step(name, action, params, options) and context.step(name, function, options).
 * @param {object} context @param {string} name @param {unknown} what @param {unknown[]} rest
 */
export function takeStep(context, name, what, rest) {
  if (typeof what === "function") {
    return runStep(name, "", undefined, retryOption(name, rest[0], undefined), (attempt) => what({ attempt }));
  }
  if (!isDeclared("action", what)) {
    throw new TypeError(`the step ${show(name)} takes an action of a component, or a function, but got ${show(what)}`);
  }
  const params = rest[0] === undefined ? {} : rest[0];
  return runStep(name, thingOf(what).name, params, retryOption(name, rest[1], what.retry), (attempt) =>
    performAction(what, context, params, attempt));
}
