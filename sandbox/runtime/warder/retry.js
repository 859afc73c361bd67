// Retries as they are declared, for a step or a flow, and how long to wait before the next attempt.
import { random } from "../determinism.js";
import { floor, freeze, min } from "../primordials.js";
import { objectOf } from "./checks.js";
import { choiceOf, durationOf, flagOf, wholeNumber } from "./fields.js";

/** @typedef {{ maxAttempts: number, delay: number, maxDelay: number, backoff: string, jitter: boolean }} Retry */

const MAX_ATTEMPTS = 20;
const DAY = 86_400_000;

/**
 * @param {import("./problems.js").Thing} of
 * @param {string} field @param {unknown} value @returns {Retry | undefined}
 */
export function retryOf(of, field, value) {
  if (value === undefined) return undefined;
  const { maxAttempts, delay = 1_000, maxDelay = DAY, backoff = "exponential", jitter } =
    objectOf(of, field, value, ["maxAttempts", "delay", "maxDelay", "backoff", "jitter"]);
  return freeze({
    maxAttempts: wholeNumber(of, `${field}.maxAttempts`, maxAttempts, 1, MAX_ATTEMPTS),
    delay: durationOf(of, `${field}.delay`, delay, 0),
    maxDelay: durationOf(of, `${field}.maxDelay`, maxDelay, 0),
    backoff: choiceOf(of, `${field}.backoff`, backoff, ["fixed", "linear", "exponential"]),
    jitter: flagOf(of, `${field}.jitter`, jitter, true),
  });
}

/**
 * Milliseconds to wait after the attempt of this number, from 1. With jitter: a half to the whole of them.
 * @param {Retry} retry
 */
export function delayAfter(retry, attempt) {
  const factor = retry.backoff === "fixed" ? 1 : retry.backoff === "linear" ? attempt : 2 ** (attempt - 1);
  const delay = min(retry.delay * factor, retry.maxDelay);
  return retry.jitter ? floor(delay * (0.5 + random() / 2)) : delay;
}
