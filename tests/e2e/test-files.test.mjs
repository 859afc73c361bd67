// warder test: test files, *.test.js, which are code: declared and checked in cells that meet nobody.
import assert from "node:assert/strict";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { get, good, order, post } from "./order.mjs";
import { Exit, flowSource, poll, refusalOf, run, start, serve, startFlow, temporaryFolder, writeFiles } from "./support.mjs";

const top = `import { AssertionError, any, assert, containing, test } from "warder/test";\n`;
const json = JSON.stringify;
// The fixture of orders, without its name and without what it expects.
const { name, ...whole } = good;
const { expect, ...given } = whole;

/** A folder with the bundle of orders and one test file, whose code stands from line 2 on. */
const files = (t, code, more = {}) => writeFiles(t, { "index.js": order, "orders.test.js": top + code, ...more });
/** Runs the tests of a folder: what is said of each, in order. */
async function results(folder, ...args) {
  const { code, stdout, stderr } = await run(["test", folder, ...args]);
  return { code, stderr, stdout, blocks: stdout.split(/^(?=not ok|ok)/m).slice(1) };
}

test("what came of a flow is given to the check of its test", async (t) => {
  const folder = files(t, `
    test("a big order", ${json({ ...given, state: { flow: { n: 1 } } })}, async (run) => {
      assert.equal(run.verdict, "succeeded");
      assert.deepEqual(run.output, ${json(good.expect.output)});
      assert.deepEqual([run.error, run.limit, run.reason, run.response], [null, null, null, null]);
      assert.deepEqual(run.calls.map(({ expected, method, url }) => [expected, method, url]),
        [[0, "GET", "https://api.test/orders/42"], [1, "POST", "https://api.test/tags"]]);
      assert.match(run.calls[0].headers["x-request"], /^[0-9a-f-]{36}$/);
      assert.deepEqual(run.calls[1].json, JSON.parse(run.calls[1].body));
      assert.contains(run.logs, [{ level: "info", message: "tagged" }]);
      assert.deepEqual(run.state, { flow: { n: 1 }, instance: {}, crossFlow: {} });
      await null;
      console.log("looked at", run.output);
    });
    test("a flow that fails", { event: { id: "1" }, calls: [${json({ ...get, reply: { status: 404 } })}], expect: { verdict: "failed" } }, (run) => {
      assert.deepEqual(run.error, { name: "TypeError", message: "no order: 404", code: null });
      assert.equal(run.output, undefined);
      assert.equal(run.reason, "TypeError: no order: 404");
    });
    test("without a check", ${json(whole)});`);
  const { code, stdout, stderr } = await results(folder);
  assert.equal(code, 0, stdout + stderr);
  assert.match(stdout, /^TAP version 14\n1\.\.3\nok 1 - \S+orders\.test\.js: a big order\n# info looked at \{.*\}\nok 2 - /);
  assert.match(stdout, /\n3 passed, 0 failed\n$/);
});

test("steps, answers to webhooks and limits", async (t) => {
  const bundle = flowSource(`
    await context.step("outer", async () => { await context.step("inner", () => 1); });
    await context.step("broken", () => { throw context.error("no-luck", "bad"); }).catch(() => {});
    context.respond({ status: 202, headers: { "X-A": "b" }, body: { a: 1 } });
    if (event?.spin) for (;;);
    return { data: [Date.now(), Math.random()] };`);
  const folder = files(t, `
    test("steps", {}, (run) => {
      assert.deepEqual(run.steps.map(({ step, parent, name, outcome, attempts, message }) => [step, parent, name, outcome, attempts, message]),
        [[1, null, "outer", "ok", 1, null], [2, 1, "inner", "ok", 1, null], [3, null, "broken", "failed", 1, "FlowError: bad"]]);
      assert.deepEqual(run.response, { status: 202, headers: { "x-a": "b", "content-type": "application/json" }, body: '{"a":1}' });
      assert.deepEqual(run.output, [Date.UTC(2026, 0, 1), any("number")]);
    });
    test("the same steps", { seed: "steps" }, (run) => { globalThis.seen = run.output[1]; console.log(run.output[1]); });
    test("a limit", { event: { spin: true }, limits: { cpu: "100ms" }, expect: { limit: "cpu" } }, (run) => {
      assert.equal(run.verdict, "limit");
      assert.equal(run.limit, "cpu");
      assert.equal(run.reason, "the limit cpu of 100ms");
    });`, { "index.js": bundle });
  const first = await results(folder);
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.equal((await results(folder)).stdout, first.stdout); // nothing of it differs from run to run
});

test("each assertion says what was expected, what came and where", async (t) => {
  const cases = [
    [`assert.ok(0)`, /its check failed: 0 is not true\n/],
    [`assert.ok("", "a text")`, /its check failed: a text: "" is not true\n/],
    [`assert.equal(1, "1")`, /the value is not the expected one\n {4}- "1"\n {4}\+ 1\n/],
    [`assert.notEqual(NaN, NaN)`, /the value is NaN, which it must not be\n/],
    [`assert.deepEqual({ a: [1, { b: 2 }], c: 1 }, { a: [1, { b: 3 }], d: 1 }, "it")`,
      /it: the value is not the expected one\n {4}\$\.a\[1\]\.b\n {6}- 3\n {6}\+ 2\n {4}\$\.d\n {6}- 1\n {6}\+ \(nothing\)\n {4}\$\.c\n {6}- \(nothing\)\n {6}\+ 1\n/],
    [`assert.deepEqual({ id: "x1", n: null }, { id: /^o/, n: any() })`, /\$\.id\n {6}- \/\^o\/\n {6}\+ "x1"\n {4}at /],
    [`assert.deepEqual({ n: "1" }, { n: any("number") })`, /\$\.n\n {6}- \{"\$any":"number"\}\n {6}\+ "1"\n/],
    [`assert.deepEqual(new Map([[1, new Date(0)]]), new Map([[1, new Date(1)]]))`, /\$\.entries\[0\]\[1\]\n {6}- Date "1970-01-01T00:00:00.001Z"\n/],
    [`const a = {}; a.a = a; assert.deepEqual(a, a); const b = { b: 1 }; b.a = b; a.b = 2; assert.deepEqual(a, b)`,
      /\$\.b\n {6}- 1\n {6}\+ 2\n/],
    [`assert.deepEqual(Array.from({ length: 50 }, () => 1), Array.from({ length: 50 }, () => 2))`, /\$\[19\]\n.*\n.*\n {4}and 30 places more\n/],
    [`assert.contains([{ a: 1, b: 2 }, 3], [{ a: 1 }])`, /\$\[1\]\n {6}- \(nothing\)\n {6}\+ 3\n/],
    [`assert.match("order", /^x/)`, /the text does not match\n {4}- \/\^x\/\n {4}\+ "order"\n/],
    [`assert.match(5, /5/)`, /the text does not match\n/],
    [`assert.throws(() => {})`, /it did not throw\n/],
    [`assert.throws(() => { throw new RangeError("low") }, /high/)`, /it threw another error\n {4}- \/high\/\n {4}\+ "low"\n/],
    [`assert.throws(() => { throw new RangeError("low") }, TypeError)`, /- an instance of TypeError\n {4}\+ RangeError: low\n/],
    [`assert.throws(() => { throw new RangeError("low") }, { message: "high" })`, /the message of the error that it threw is another one\n {4}\$\n {6}- "high"\n/],
    [`await assert.rejects(async () => {})`, /it did not reject\n/],
    [`assert.fail("never")`, /its check failed: never\n/],
    [`throw new TypeError("a", { cause: 1 })`, /its check failed: TypeError: a\n {4}at /],
    [`throw null`, /its check failed: NonError: null\n/],
    [`return run.output.total === 1`, /a check throws where something is wrong, and returns nothing; this one returned false\n/],
    [`setTimeout(() => { throw new Error("later") }); await new Promise(() => {})`, /its check failed: Error: later\n/],
    [`Promise.reject(new Error("alone"));`, /its check failed: Error: alone\n/],
  ];
  const folder = files(t, cases.map(([code], i) => `test("case ${i}", given, async (run) => { ${code}; });`).join("\n") +
    `\nimport given from "./given.json" with { type: "json" };`, { "given.json": json(given) });
  const { code, stdout, blocks, stderr } = await results(folder);
  assert.equal(code, Exit.failed, stderr);
  assert.equal(blocks.length, cases.length, stdout);
  cases.forEach(([source, says], i) => {
    assert.match(blocks[i], says, source);
    if (!/^(throw null|return)/.test(source)) assert.match(blocks[i], new RegExp(`\\n {4}at .*orders\\.test\\.js:${i + 2}:`), source);
    assert.doesNotMatch(blocks[i], /warder:test/);
  });
  assert.match(stdout, new RegExp(`\\n0 passed, ${cases.length} failed\\n$`));
});

test("requests and results are held against patterns, regular expressions and functions", async (t) => {
  const asked = (body) => `{ ...given, calls: [given.calls[0], { ...given.calls[1], request: { ...given.calls[1].request, bodyContains: undefined, body: ${body} } }] }`;
  const cases = [
    [asked(`{ id: any, total: any("number"), extra: [any()] }`), null],
    [asked(`containing({ total: (total) => total > 1000 })`), null],
    [asked(`{ total: 1500, id: /^4/, extra: any("array") }`), null],
    [asked(`{ total: any("string"), id: any(), extra: [1] }`), /the 2nd call, POST \S+, is not as it was expected\n {4}body\n {4}\$\.total\n {6}- \{"\$any":"string"\}\n {6}\+ 1500\n/],
    [asked(`{ total: any(), id: /^5/, extra: [1] }`), /calls\[1\]\.request\.body\.id does not match\n {4}- \/\^5\/\n {4}\+ "42"\n/],
    [asked(`containing({ total: (total) => total < 1000 })`), /calls\[1\]\.request\.body\.total is not what the function total takes\n {4}\+ 1500\n/],
    [asked(`{ total: (total) => { total > 1; }, id: any(), extra: any() }`), /has to return true or false, but returned undefined/],
    [asked(`{ total: () => { throw new Error("odd"); }, id: any(), extra: any() }`), /its check failed: Error: odd\n/],
    [asked(`{ total: any() }`), /\$\.id\n {6}- \(nothing\)\n/],
    [`{ ...given, expect: { output: { ...output, total: (total) => total === 1 } } }`, /expect\.output\.total is not what the function total takes/],
    [`{ ...given, expect: { output: containing({ at: /^2026/ }) } }`, null],
    [`{ ...given, expect: { logs: [{ message: "tagged", fields: containing({}) }] } }`, null],
    [`{ ...given, calls: given.calls.slice(0, 1) }`, /the 2nd call was POST https:\/\/api\.test\/tags, and no more than 1 was expected/],
    [`{ ...given, calls: [...given.calls, given.calls[0]] }`, /the 3rd call, GET \S+, was expected and never made/],
    [`{ ...given, calls: given.calls.toReversed() }`, /the 1st call was GET \S+, which was expected as the 2nd/],
    [`{ ...given, calls: given.calls.toReversed(), order: "any" }`, null],
  ];
  const folder = files(t, `
    import given from "./given.json" with { type: "json" };
    const output = ${json(good.expect.output)};
    ${cases.map(([options], i) => `test("case ${i}", ${options});`).join("\n")}`, { "given.json": json(given) });
  const { stdout, stderr, blocks } = await results(folder);
  assert.equal(blocks.length, cases.length, stdout + stderr);
  cases.forEach(([options, says], i) => assert.match(blocks[i], says ?? /^ok /, options));
});

test("fixtures have the same patterns", async (t) => {
  const asked = (body) => ({ ...good, calls: [get, { ...post, request: { ...post.request, bodyContains: undefined, body } }] });
  const cases = [
    [asked({ $contains: { total: { $any: "number" } } }), null],
    [asked({ total: 1500, id: { $like: "4{rest}" }, extra: [1] }), null],
    [asked({ total: 1500, id: { $like: "5{rest}" }, extra: [1] }), /\$\.id\n {6}- \{"\$like":"5\{rest\}"\}\n {6}\+ "42"\n/],
    [asked({ total: 1500, id: { $is: { $any: true } }, extra: [1] }), /\$\.id\n {6}- \{"\$any":true\}\n {6}\+ "42"\n/],
    [{ ...good, expect: { output: { $contains: { total: 1500 } } } }, null],
    [{ ...good, expect: { output: { $any: "array" } } }, /its output is not the expected one\n/],
  ];
  const folder = writeFiles(t, { "index.js": order, "orders.fixture.json": json(cases.map(([each], i) => ({ ...each, name: `case ${i}` }))) });
  const { stdout, stderr, blocks } = await results(folder);
  assert.equal(blocks.length, cases.length, stdout + stderr);
  cases.forEach(([fixture, says], i) => assert.match(blocks[i], says ?? /^ok /, json(fixture)));
});

// Whatever is wrong with a file, it is one line that names the file, and nothing runs.
const wrong = [
  ["a syntax error", `test("a" {});`, /orders\.test\.js: orders\.test\.js:2:\d+: SyntaxError: missing \)/],
  ["no tests", ``, /declares no test; call test\(name, \{ … \}\) of "warder\/test"/],
  ["an error", `null.x;`, /orders\.test\.js: TypeError: .*, at orders\.test\.js:2:6$/],
  ["an unknown export", `import { tset } from "warder/test";`, /does not provide an export named 'tset'/],
  ["an import outside of the folder", `import "../secret.js";`, /orders\.test\.js:2:8: orders\.test\.js imports "\.\.\/secret\.js", which leaves the bundle/],
  ["another test file", `import "./other.test.js";`, /there is no "other\.test\.js" in the bundle/],
  ["a package", `import "node:fs";`, /but a bundle can import only its own files/],
  ["two of a name", `test("a", {}); test("a", {});`, /TypeError: another test has the name "a"; give it another, at orders\.test\.js:2:16/],
  ["no name", `test({}, () => {});`, /test\(\) takes the name of the test first, but got \{\}, at orders/],
  ["no options", `test("a", () => {});`, /the test "a" takes an object of what it is given second, but got a function/],
  ["no function", `test("a", {}, {});`, /the test "a" takes a function, its check, third, but got \{\}/],
  ["a name twice", `test("a", { name: "b" });`, /the test "a": name is "b"; its name is the first argument/],
  ["an unknown member", `test("a", { evnt: 1 });`, /the test "a" of \S+orders\.test\.js: it has a field "evnt"; did you mean "event"\?/],
  ["a member that is wrong", `test("a", { calls: [{ request: { url: "/a" }, reply: {} }] });`,
    /the test "a" of \S+: calls\[0\]\.request\.url is "\/a"; it has to be an absolute URL/],
  ["a date", `test("a", { event: { at: new Date(0) } });`, /the test "a": event\.at is Date "1970.*; it has to be JSON: an object, a list/],
  ["no number", `test("a", { event: [NaN] });`, /event\[0\] is NaN; JSON has no such number/],
  ["a big number", `test("a", { event: 1n });`, /event is 1n; it has to be JSON/],
  ["code in an event", `test("a", { event: () => 1 });`, /event is the function event; code stands where values are compared/],
  ["a pattern in an event", `test("a", { event: any() });`, /event is \{"\$any":true\}; patterns stand where values are compared/],
  ["a loop of values", `const a = {}; a.a = a; test("a", { event: a });`, /is nested deeper than 100 levels/],
  ["an unknown type", `any("text");`, /any\(\) takes one of string, number, boolean, object, array, or nothing, but got "text"/],
  ["a pattern that is none", `test("a", { expect: { output: { $like: "{" } } });`, /expect\.output\.\$like is "\{"; it has a \{ without its \}/],
  ["a pattern with company", `test("a", { expect: { output: { $any: true, b: 1 } } });`, /beside "\$any" there is nothing else/],
  ["a call", `await fetch("https://example.com/a?b=secret");`, /orders\.test\.js calls GET https:\/\/example\.com\/a while it declares its tests; only the flows/],
  ["a call that is caught", `try { await fetch("https://example.com/"); } catch {} test("a", {});`, /calls GET https:\/\/example\.com\/ while it declares/],
  ["an endless loop", `for (;;);`, /has not declared its tests: the limit (?:cpu of 3s|wall of \w+) was reached/],
  ["waiting for nothing", `await new Promise(() => {});`, /has not declared its tests: the limit wall of \w+ was all that could end it/],
  ["too much", `test("a", { event: "x".repeat(5e6) });`, /has not declared its tests: the limit output of 4MB was reached/],
  ["too many", `for (let i = 0; i < 1001; ++i) test(String(i), {});`, /declares more than 1,000 tests; make several files of it/],
  ["a long name", `test("x".repeat(1001), {});`, /: name is "x+…; it has to have at most 1,000 bytes/],
  ["a bundle elsewhere", `test("a", { bundle: "../../index.js" });`, /the test "a" of \S+: bundle is "\.\.\/\.\.\/index\.js"; it leads out of \S+, and a test file names nothing outside of its project/],
  ["an absolute bundle", `test("a", { bundle: "/etc" });`, /bundle is "\/etc"; it leads out of/],
  ["a journal elsewhere", `test("a", { journal: "../a.journal" });`, /journal is "\.\.\/a\.journal"; it leads out of/],
  ["what is no list", `test("a", {}); Array.prototype.map = () => "tests";`, /it is "tests"; it has to declare an array of tests/],
  ["what is no test", `test("a", {}); Array.prototype.map = () => [{ fixture: 1, checked: true }];`, /\[0\]\.fixture is 1; it has to be an object/],
  ["what has no name", `test("a", {}); Array.prototype.map = () => [{ fixture: {}, checked: true }];`, /\[0\]\.fixture has no "name"; each test has one/],
  ["what has two of a name", `test("a", {}); Array.prototype.map = () => [1, 2].fill({ fixture: { name: "a" }, checked: 1 > 2 });`, /declares two tests of the name "a"; give one another/],
  ["a terminal's commands", `throw new Error("\\x1b[2J\\n1 passed, 0 failed");`, /orders\.test\.js: Error: \\x1b\[2J\\n1 passed/],
  ["a message of megabytes", `throw new Error("x".repeat(5e6));`, /orders\.test\.js: Error: x{1000}/],
];

test("what is wrong with a test file is one line that names it, and nothing runs", { concurrency: 4 }, async (t) => {
  await Promise.all(wrong.map(([what, code, says]) => t.test(what, async (t) => {
    const folder = writeFiles(t, { "a/index.js": order, "a/orders.test.js": top.trimEnd() + "\n" + code, "secret.js": "", "index.js": order });
    const said = await refusalOf(["test", join(folder, "a/orders.test.js")]);
    assert.match(said.trimEnd(), says);
    assert.match(said, /^warder: the test (file|"[^"]+" of) \S+orders\.test\.js/);
    assert.equal(said.trimEnd().split("\n").length, 1);
    assert.ok(said.length < 5_000, `${said.length} bytes`);
  })));
});

test("all files that are wrong are named", async (t) => {
  const folder = files(t, `null.x;`, { "b.test.js": "(", "c.fixture.json": "{", "d.test.js": `${top}test("d", {});` });
  const said = await refusalOf(["test", folder]);
  assert.equal(said.match(/^warder: /gm).length, 3, said);
});

// On a busy machine time may be up before the processor's is, and nobody has time to say where it was.
test("a check is code in a jail: what it does wrong is said of its test, and bounded", async (t) => {
  const cases = [
    [`for (;;);`, /its check did not end: the limit (?:cpu of 3s|wall of \w+) was reached/],
    [`await fetch("https://example.com/?key=1");`, /its check calls GET https:\/\/example\.com\/; only the flow that it looks at makes calls\n/],
    [`const a = []; for (;;) a.push(new Array(1e6).fill(a));`, /its check did not end: the limit heap of 128MB was reached/],
    [`throw new Error("x".repeat(5e6));`, /its check failed: Error: x{1000,}/],
    [`throw { toString() { throw 1; } };`, /its check failed: NonError: \{\}/],
    [`const e = new Error("a"); Object.defineProperty(e, "message", { get() { throw e; } }); throw e;`, /its check failed: Error\n/],
    [`throw new Proxy({}, { get() { throw 1; } });`, /its check failed: NonError/],
    [`throw new Error("\\x1b[2Jgone\\nok 9 - another");`, /its check failed: Error: \\x1b\[2Jgone\n {4}ok 9 - another\n/],
    [`globalThis.process.exit(0);`, /its check failed: TypeError: /],
    [`eval("1");`, /its check failed: EvalError: /],
    [`test("b", {});`, /test\(\) declares a test while the file is evaluated, and not later/],
    [`await new Promise(() => {});`, /its check did not end: the limit wall of \w+ was all that could end it/],
    [`for (let i = 0; i < 1e5; ++i) console.log("x".repeat(100));`, /^ok /],
  ];
  const folder = files(t, `import given from "./given.json" with { type: "json" };\n` +
    cases.map(([code], i) => `test("case ${i}", given, async () => { ${code} });`).join(""), { "given.json": json(given) });
  const { code, stdout, stderr, blocks } = await results(folder);
  assert.equal(code, Exit.failed, stderr);
  assert.equal(blocks.length, cases.length, stdout.slice(0, 10_000));
  cases.forEach(([source, says], i) => assert.match(blocks[i], says, source));
  assert.ok(stdout.length < 200_000, `${stdout.length} bytes`);
});

test("a check's cell knows nothing of the one that declared, nor of another check's", async (t) => {
  const folder = files(t, `
    globalThis.count = (globalThis.count ?? 0) + 1;
    const random = Math.random();
    for (const name of ["a", "b"]) test(name, { ...given, seed: name }, () => { assert.equal(globalThis.count++, 1); console.log(random, Date.now()); });
    import given from "./given.json" with { type: "json" };`, { "given.json": json(given) });
  const { code, stdout, stderr } = await results(folder);
  assert.equal(code, 0, stdout + stderr);
  const [first, second] = stdout.match(/^# .*$/gm);
  assert.equal(first, second); // the same seed and clock each time
});

test("modules of the folder are imported, a symbolic link is none", async (t) => {
  const folder = files(t, `
    import { given } from "./lib/given.js";
    import integration from "./index.js";
    test("a", given, (run) => { assert.ok(integration); });`, { "lib/given.js": `export const given = ${json(whole)};` });
  assert.equal((await results(folder)).code, 0);
  const outside = writeFiles(t, { "x.js": "export const given = {};" });
  symlinkSync(join(outside, "x.js"), join(folder, "lib/link.js"));
  assert.match(await refusalOf(["test", folder]), /lib\/link\.js of the bundle \S+ is a symbolic link/);
});

test("a project is the nearest folder with a package.json", async (t) => {
  const folder = writeFiles(t, {
    "package.json": "{}", "dist/index.js": order,
    "src/orders.test.js": `${top}test("a", { ...${json(whole)}, bundle: "../dist/index.js" }, (run) => assert.equal(run.output.total, 1500));`,
  });
  const passes = await results(join(folder, "src"));
  assert.equal(passes.code, 0, passes.stdout + passes.stderr);
  const outside = writeFiles(t, { "index.js": order });
  symlinkSync(outside, join(folder, "link"));
  writeFileSync(join(folder, "src/orders.test.js"), `${top}test("a", { bundle: "../link/index.js" });`);
  assert.match(await refusalOf(["test", folder]), /bundle is "\.\.\/link\/index\.js"; it leads out of/);
});

test("a journal answers, and the check looks at what came", async (t) => {
  const { origin } = await serve(t, (request, response) => response.end("hello"));
  const body = `const response = await fetch(event.origin, { method: "POST", body: "hi" }); return { data: await response.text() };`;
  const folder = writeFiles(t, {
    "index.js": flowSource(body),
    "run.test.js": `${top}test("recorded", { journal: "run.journal" }, (run) => { assert.equal(run.output, "hello"); assert.equal(run.calls[0].body, "hi"); });
      test("not so", { journal: "run.journal" }, (run) => assert.equal(run.output, "bye"));`,
  });
  const { exited } = startFlow(t, body, { event: { origin }, allow: [origin], args: ["--record", join(folder, "run.journal")] });
  assert.equal((await exited).code, 0);
  const { blocks } = await results(folder);
  assert.match(blocks[0], /^ok /);
  assert.match(blocks[1], /- "bye"\n {4}\+ "hello"\n/);
});

test("stacks name the author's source where the test file has a map", async (t) => {
  const map = { version: 3, sources: ["orders.test.ts"], names: [], mappings: ";AAUA" };
  const folder = writeFiles(t, { "index.js": order, "orders.test.js.map": json(map), "orders.test.js":
    `${top}test("a", ${json(whole)}, () => { throw new Error("no"); });\n//# sourceMappingURL=orders.test.js.map\n` });
  assert.match((await results(folder)).stdout, /\n {4}at .*orders\.test\.ts:11:/);
});

test("the options of fixtures hold: --filter, --junit, --update, and both kinds side by side", async (t) => {
  const folder = files(t, `test("one", given, () => {}); test("two", given, () => assert.fail("<b>"));
    import given from "./given.json" with { type: "json" };`, { "given.json": json(given), "orders.fixture.json": json({ ...good, name: "three" }) });
  const report = join(temporaryFolder(t), "r.xml");
  const all = await results(folder, "--junit", report, "--update", "--yes");
  assert.equal(all.code, Exit.failed);
  assert.match(all.stdout, /ok 1 - \S+orders\.fixture\.json: three\nok 2 - \S+: one\nnot ok 3 - \S+: two\n/);
  assert.match(all.stderr, /orders\.test\.js is code, and --update changes fixtures only: change what it expects there\n/);
  const xml = readFileSync(report, "utf8");
  assert.match(xml, /<testsuite name="\S+orders\.test\.js" tests="2" failures="1">/);
  assert.match(xml, /<failure message="its check failed: &lt;b&gt;">/);
  const filtered = await results(folder, "--filter", ": one");
  assert.match(filtered.stdout, /1\.\.1\nok 1 - \S+: one\n1 passed, 0 failed\n$/);
});

test("--watch sees what a test file imports", async (t) => {
  const folder = files(t, `import { total } from "./lib/total.js"; import given from "./given.json" with { type: "json" };
    test("one", given, (run) => assert.equal(run.output.total, total));`, { "given.json": json(given), "lib/total.js": "export const total = 1500;" });
  const { child, exited, output } = start(["test", join(folder, "orders.test.js"), "--watch"]);
  const ran = (sums) => poll(sums, () => output.stdout.endsWith(`${sums}\n`) && output.stderr.endsWith("Ctrl-C ends it\n"));
  await ran("1 passed, 0 failed");
  writeFileSync(join(folder, "lib/total.js"), "export const total = 1;");
  await ran("0 passed, 1 failed");
  writeFileSync(join(folder, "orders.test.js"), "(");
  await poll("a complaint", () => output.stderr.includes("SyntaxError"));
  writeFileSync(join(folder, "orders.test.js"), `${top}test("two", ${json(whole)});`);
  await ran("1 passed, 0 failed");
  child.kill("SIGINT");
  assert.equal((await exited).code, Exit.interrupted);
});

test("test files are no part of a bundle, and have warder/test where warder test runs them", async (t) => {
  const folder = files(t, `(`, { "index.js": flowSource(`return { data: 1 };`) });
  const runs = await run(["run", folder]);
  assert.equal(runs.code, 0, runs.stderr);
  const importing = writeFiles(t, { "index.js": flowSource(`return { data: 1 };`, `import "warder/test";`) });
  assert.match(await refusalOf(["run", importing]), /imports "warder\/test", but that is there only for the \*\.test\.js files that `warder test` runs/);
});
