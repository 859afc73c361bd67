// Stacks in terms of the author's own files, by the bundle's source map; and maps that will not do.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Exit, parseOrNull, run, writeFiles } from "../e2e/support.mjs";
import { makeBundle, sdkTest } from "./support.mjs";

const flow = (body) => `import { flow, integration } from "warder";
import { total, type Order } from "./lib/total";

export default integration({ name: "T", version: "1", flows: [flow({
  name: "Main", key: "main",
  run: async (_context, event: { order: Order }) => {
    ${body}
  },
})] });
`;
const total = `export interface Order { lines: { price: number }[] }

// Something that is not in the bundle.
export function total(order: Order): number {
  if (!order) {
    throw new TypeError("no order", { cause: lost() });
  }
  return order.lines.length;
}

const lost = (): Error => new Error("lost");
export const spin = (): never => { for (;;) { /* for ever */ } };
`;

async function make(t, body, options = {}) {
  const folder = writeFiles(t, { "package.json": "{}", "src/flow.ts": flow(body), "src/lib/total.ts": total });
  const report = await makeBundle({ entry: join(folder, "src/flow.ts"), out: join(folder, "dist/flow.js"), ...options });
  assert.deepEqual([report.errors, report.warnings], [[], []]);
  return report;
}

async function runBundle({ bundle }, ...more) {
  const { code, stdout, stderr } = await run(["run", bundle, "--json", ...more]);
  return { code, stderr, result: parseOrNull(stdout) };
}

for (const minify of [false, true]) {
  sdkTest(`an error's stack and its cause's name the author's files${minify ? ", minified too" : ""}`, async (t) => {
    const made = await make(t, "return { data: total(event?.order) };", { minify });
    const { code, stderr, result } = await runBundle(made);
    assert.equal(code, Exit.failed, stderr);
    const frames = result.error.stack.split("\n");
    assert.match(frames[0], /^at total \(src\/lib\/total\.ts:6:11\)$/);
    assert.match(frames[1], /src\/flow\.ts:7:20\)?$/);
    assert.match(result.error.causes[0].stack, /^at lost \(src\/lib\/total\.ts:11:27\)\nat total \(src\/lib\/total\.ts:6:46\)/);
    assert.match(stderr, /at total \(src\/lib\/total\.ts:6:11\)/);
    assert.doesNotMatch(stderr, /flow\.js:/);
  });
}

sdkTest("so does the stack of a run that a limit ended", async (t) => {
  const made = await make(t, "const { spin } = await import('./lib/total'); return spin();");
  const limits = join(made.bundle, "../limits.json");
  writeFileSync(limits, JSON.stringify({ cpu: "100ms" }));
  const { code, stderr, result } = await runBundle(made, "--limits", limits);
  assert.equal(code, Exit.limit, stderr);
  assert.match(result.limit.stack, /at spin \(src\/lib\/total\.ts:12:/);
});

sdkTest("so does what refuses a bundle", async (t) => {
  const made = await make(t, "return {};");
  const source = readFileSync(made.bundle, "utf8");
  writeFileSync(made.bundle, source.replace('key: "main"', 'key: "MAIN"'));
  const refusal = /src\/flow\.ts:4:\d+: the key of the flow "Main" must be words/;
  const { code, result } = await runBundle(made);
  assert.equal(code, Exit.invalid);
  assert.match(result.reason, refusal);
  const described = await run(["describe", made.bundle]);
  assert.equal(described.code, Exit.invalid);
  assert.match(described.stderr, refusal);
});

sdkTest("a map that will not do is said once and changes nothing else", async (t) => {
  const made = await make(t, "return { data: total(event?.order) };");
  const bad = {
    "it is not JSON": "{",
    "an index map": '{"version":3,"sections":[]}',
    "its mappings are malformed": '{"version":3,"sources":["a"],"mappings":"AAAA,!"}',
    "larger than 32 MB": " ".repeat((32 << 20) + 1),
  };
  for (const [why, text] of Object.entries(bad)) {
    writeFileSync(made.map, text);
    const { code, stderr, result } = await runBundle(made);
    assert.equal(code, Exit.failed);
    assert.match(result.error.stack, /^at total \(flow\.js:\d+:\d+\)/);
    assert.equal(stderr.split(why).length, 2, stderr.slice(0, 2000));
  }
});

sdkTest("what a map calls a source is text on one line", async (t) => {
  const made = await make(t, "return { data: total(event?.order) };");
  const map = JSON.parse(readFileSync(made.map, "utf8"));
  const evil = "../../etc/passwd\u001b[2J\u202e\n    at forged (bank.js:1:1)";
  writeFileSync(made.map, JSON.stringify({ ...map, sources: map.sources.map(() => evil) }));
  const { result, stderr } = await runBundle(made);
  assert.match(result.error.stack.split("\n")[0], /^at total \(etc\/passwd\?\[2J\?\?    at forged \(bank\.js:1:1\):6:11\)$/);
  assert.ok(!stderr.includes("\u001b[2J") && !stderr.includes("\u202e"));
});
