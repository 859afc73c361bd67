// Prints what `warder run --json --receipt FILE` wrote, for a person.
//
//   node examples/show-run.mjs RESULT.json RECEIPT.json
import { readFileSync } from "node:fs";

const [, , resultFile, receiptFile] = process.argv;
const bold = (text) => (process.stdout.isTTY && !process.env.NO_COLOR ? `\x1b[1m${text}\x1b[0m` : text);

function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    process.stderr.write(`${file} is not there or not whole: ${error.message}\n`);
    process.exit(1);
  }
}

const isNested = (value) => typeof value === "object" && value !== null && Object.keys(value).length > 0;

// A list's item on one line: texts as they are, everything else with its name.
function row(item) {
  return Object.entries(item)
    .filter(([, value]) => value !== "" && value !== null)
    .map(([key, value]) => (typeof value === "string" ? value : `${key} ${JSON.stringify(value)}`))
    .join("  ");
}

// An object as indented "name  value" lines; a list of objects as one line each.
function* lines(value, indent = "  ") {
  if (!isNested(value)) {
    yield `${indent}${JSON.stringify(value)}`;
    return;
  }
  const width = Math.max(...Object.keys(value).map((key) => key.length));
  for (const [key, item] of Object.entries(value)) {
    if (Array.isArray(value)) {
      yield indent + (isNested(item) ? row(item) : item);
    } else if (isNested(item)) {
      yield `${indent}${key}`;
      yield* lines(item, `${indent}  `);
    } else {
      yield `${indent}${key.padEnd(width)}  ${typeof item === "string" ? item : JSON.stringify(item)}`;
    }
  }
}

function section(title, value) {
  process.stdout.write(`\n${bold(title)}\n${[...lines(value)].join("\n")}\n`);
}

const result = read(resultFile);
section("Result", {
  status: result.status,
  ...(result.reason ? { reason: result.reason } : {}),
  output: result.output,
});
section("Step log", result.logs);
section("Calls", result.calls);
// The file is an envelope: the receipt as it was signed, and the signature.
section("Receipt", JSON.parse(Buffer.from(read(receiptFile).payload, "base64").toString()));
