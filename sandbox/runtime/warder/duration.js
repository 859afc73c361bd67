// Durations as authors write them: a number of milliseconds, or "500ms", "30s", "5m", "2h", "1d".
import { isInteger, test } from "../primordials.js";

const FORM = /^(\d{1,9})(ms|s|m|h|d)$/;
const FACTORS = { __proto__: null, ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds; undefined for what is no duration. @param {unknown} value @returns {number | undefined} */
export function parseDuration(value) {
  if (typeof value === "number") return isInteger(value) && value >= 0 ? value : undefined;
  if (typeof value !== "string") return undefined;
  const parts = test(FORM, value);
  return parts === null ? undefined : Number(parts[1]) * FACTORS[parts[2]];
}

/** As an author would write it, "1m". @param {number} milliseconds */
export function durationText(milliseconds) {
  let text = `${milliseconds}ms`;
  for (const unit in FACTORS) {
    if (milliseconds > 0 && milliseconds % FACTORS[unit] === 0) text = `${milliseconds / FACTORS[unit]}${unit}`;
  }
  return text;
}
