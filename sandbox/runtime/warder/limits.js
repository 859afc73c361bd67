// The limits that a flow asks for, by the names of the engine's table (`warder policy`), in milliseconds, bytes and
// counts. The engine holds them to its bounds.
import { freeze, isInteger, join, keys, test } from "../primordials.js";
import { isObject } from "./checks.js";
import { problem, show } from "./problems.js";

const TIME = /^(\d{1,9})(ms|s|m)$/, SIZE = /^(\d{1,12})(B|KB|MB|GB)$/;
const FACTORS = { __proto__: null, ms: 1, s: 1_000, m: 60_000, B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };
const TIMES = { form: TIME, what: 'a duration such as "500ms", "30s" or "2m"' };
const SIZES = { form: SIZE, what: 'a size such as "64KB", "32MB" or "1GB"' };
const COUNTS = { form: undefined, what: "a whole number" };
const UNITS = {
  __proto__: null,
  wall: TIMES, cpu: TIMES, heap: SIZES, "array-buffer": SIZES, calls: COUNTS, "in-flight": COUNTS, timers: COUNTS,
  "request-bytes": SIZES, "response-bytes": SIZES, log: SIZES, output: SIZES, event: SIZES,
};
const NAMES = join(keys(UNITS), ", ");

function parse(unit, value) {
  if (isInteger(value) && value >= 0) return value;
  const parts = typeof value === "string" && unit.form !== undefined ? test(unit.form, value) : null;
  return parts === null ? undefined : Number(parts[1]) * FACTORS[parts[2]];
}

/** @param {import("./problems.js").Thing} of @param {unknown} value */
export function limitsOf(of, value) {
  const limits = {};
  if (!isObject(value)) {
    problem(of, "limits", `must be an object such as { wall: "60s" }, but is ${show(value)}`);
    return limits;
  }
  const names = keys(value);
  for (let i = 0; i < names.length; ++i) {
    const unit = UNITS[names[i]];
    if (unit === undefined) {
      problem(of, "limits", `has no "${names[i]}"; it takes ${NAMES}`);
      continue;
    }
    const number = parse(unit, value[names[i]]);
    if (number === undefined) problem(of, `limits.${names[i]}`, `must be ${unit.what}, but is ${show(value[names[i]])}`);
    else limits[names[i]] = number;
  }
  return freeze(limits);
}
