// Values as a part of a sentence or of a diff.
const MAX_SHOWN = 400;

const cut = (text) => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text);

function text(value) {
  switch (typeof value) {
    case "string": return JSON.stringify(value);
    case "bigint": return `${value}n`;
    case "function": return value.name === "" ? "a function" : `the function ${value.name}`;
    case "object": break;
    default: return String(value);
  }
  if (value === null || value instanceof RegExp) return String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  const inner = JSON.stringify(value, (_, each) => (typeof each === "bigint" || each instanceof RegExp ? String(each) : each));
  const name = Object.getPrototypeOf(value)?.constructor?.name ?? "Object";
  return ["Object", "Array", "Pattern"].includes(name) ? inner : `${name} ${inner}`;
}

/** @param {unknown} value */
export function show(value) {
  try {
    return cut(text(value));
  } catch {
    return "(a value that cannot be shown)";
  }
}
