#!/usr/bin/env node
// warder-bundle: the command. The bundle's path goes to standard output, everything else to standard error.
import { existsSync } from "node:fs";
import { relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { bundle, defaultOut, watch } from "./bundle.js";
import { sentence } from "./report.js";

const OK = 0, INVALID = 2, FAULT = 70;

const HELP = `usage: warder-bundle ENTRY [--out FILE] [--minify] [--watch] [--json]

Makes one ES module for \`warder run\` from ENTRY (TypeScript or JavaScript) and the npm packages that it imports, and its
source map beside it. Node's built-in modules are supplied where they can work in a cell; what cannot is a warning.

  --out FILE   the bundle (default: dist/NAME.js; NAME is ENTRY's)
  --minify     smaller; names of functions and classes stay
  --watch      again whenever a file changes, until interrupted
  --json       print {ok, bundle, map, bytes, warnings, errors}; with --watch one line for each time
  --help

examples:
  npx warder-bundle src/orders.ts
  npx warder-bundle src/orders.ts --out build/orders.js && warder run build/orders.js --event event.json
  npx warder-bundle src/orders.ts --watch

Exit codes: 0 the bundle is there, 2 wrong usage or ENTRY cannot be bundled, 70 a fault of ours. Types are not checked:
run \`tsc --noEmit\` with @warder/types for that.
`;

const complain = (message) => process.stderr.write(`warder-bundle: ${message}\n`);

function read(args) {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      out: { type: "string" }, minify: { type: "boolean" }, watch: { type: "boolean" }, json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return values;
  if (positionals.length !== 1) throw new Error(`one ENTRY is needed, but there are ${positionals.length}; see --help`);
  const [entry] = positionals;
  const out = values.out ?? defaultOut(entry);
  if (!/\.m?js$/.test(out)) throw new Error(`--out takes a file that ends in .js or .mjs, not "${out}"`);
  if (!existsSync(entry)) throw new Error(`there is no file "${entry}"`);
  if (resolve(out) === resolve(entry)) throw new Error(`the bundle would overwrite ${entry}; name another file with --out`);
  return { ...values, entry, out };
}

/** @param {import("./bundle.js").Report} report */
function show(report, json) {
  if (json) {
    process.stdout.write(`${JSON.stringify(report)}\n`);
    return;
  }
  for (const each of report.warnings) process.stderr.write(`warning: ${sentence(each)}\n`);
  for (const each of report.errors) process.stderr.write(`error: ${sentence(each)}\n`);
  if (report.ok) process.stdout.write(`${relative("", report.bundle)}\n`);
}

async function main(args) {
  let options;
  try {
    options = read(args);
  } catch (error) {
    complain(error.message);
    return INVALID;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return OK;
  }
  if (options.watch) {
    const stop = await watch(options, (report) => show(report, options.json));
    await new Promise((done) => ["SIGINT", "SIGTERM"].forEach((signal) => process.once(signal, done)));
    await stop();
    return OK;
  }
  const report = await bundle(options);
  show(report, options.json);
  return report.ok ? OK : INVALID;
}

main(process.argv.slice(2)).then((code) => { process.exitCode = code; }, (error) => {
  complain(`a fault of ours: ${error?.stack ?? error}`);
  process.exitCode = FAULT;
});
