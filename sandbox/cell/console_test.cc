// What a person reads of what a script logs, and what it costs.
#include <string>
#include <vector>

#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

class ConsoleTest : public CellTest {
 protected:
  // The texts that a flow with this body logs.
  std::vector<std::string> Logged(const std::string& body) {
    const auto end = RunFlow(body + "\nreturn {};");
    EXPECT_TRUE(end.result().succeeded()) << Describe(end);
    std::vector<std::string> texts;
    for (const auto& log : cell.logs) texts.push_back(log.message() + log.fields_json());
    return texts;
  }
  std::string First(const std::string& body) {
    const auto texts = Logged(body);
    return texts.empty() ? "" : texts[0];
  }
};

TEST_F(ConsoleTest, ConsoleShowsWhatWasLogged) {
  RunFlow(
      "console.log('%s is %d', 'a', 1, { b: [1, { c: new Map([['k', new Set([1])]]) }] });\n"
      "console.warn(null, undefined, -0, 1n, Symbol('s'), [,'x'], function f() {}, class C {}, new (class D { x = 1; "
      "})());\n"
      "console.error(Object.assign(new Error('broken'), { code: 7 }));\n"
      "const loop = { name: 'loop' }; loop.self = loop; console.debug(loop, new Proxy({}, { get() { throw 1; } }));\n"
      "console.log(Promise.resolve(1), new Date(0), /x/g, new Uint8Array(3), { get a() { throw 1; } }, "
      "Object.create(null));\n"
      "console.group('g'); console.info('in'); console.groupEnd(); console.assert(1 > 2, 'math'); console.count();\n"
      "console.table([{ a: 1, b: 'x' }]); context.log.warn('with', { n: 1n, e: new Error('y'), u: undefined });");
  std::vector<std::string> lines;
  for (const auto& log : cell.logs)
    lines.push_back(std::to_string(log.level()) + " " + log.message() + log.fields_json());
  ASSERT_EQ(lines.size(), 11U);
  EXPECT_EQ(lines[0], "1 a is 1 { b: [ 1, { c: Map(1) { \"k\" => Set(1) { 1 } } } ] }");
  EXPECT_EQ(lines[1], "2 null undefined -0 1n Symbol(s) [ <1 empty item>, \"x\" ] [Function f] [class C] D { x: 1 }");
  EXPECT_EQ(lines[2], "3 Error: broken\n    at run (index.js:5:29) { code: 7 }");
  EXPECT_EQ(lines[3], "0 { name: \"loop\", self: [Circular] } [Proxy]");
  EXPECT_EQ(lines[4],
            "1 Promise { 1 } 1970-01-01T00:00:00.000Z /x/g Uint8Array(3) [ 0, 0, 0 ] { a: [Getter] } "
            "[Object: null prototype] {}");
  EXPECT_EQ(lines[5], "1 g");
  EXPECT_EQ(lines[6], "1   in");
  EXPECT_EQ(lines[7], "3 Assertion failed: math");
  EXPECT_EQ(lines[10], "2 with{\"n\":\"1\",\"e\":\"Error: y\"}");
}

TEST_F(ConsoleTest, FormatsWhatDirectivesSay) {
  EXPECT_EQ(
      First("console.log('%s %s %d %i %f %j %o %O%c %% %x %s', 'a', { b: { c: {} } }, '0x10', '3.9', '2.5px', { j: [1] "
            "}, [1], { o: 1 }, 'css', 'last', 'rest', 7n);"),
      "a { b: { c: [Object] } } 16 3 2.5 {\"j\":[1]} [ 1 ] { o: 1 } % %x last rest 7n");
}

TEST_F(ConsoleTest, ADirectiveRunsNothing) {
  EXPECT_EQ(First("const o = { toString() { throw 1; }, valueOf() { throw 2; } }; console.log('%d %s', o, o);"),
            "NaN { toString: [Function toString], valueOf: [Function valueOf] }");
}

TEST_F(ConsoleTest, ShowsErrorsWithWhatLedToThem) {
  EXPECT_EQ(
      First("class Own extends Error {}\n"
            "console.log(new Own('a', { cause: new TypeError('b') }), new AggregateError([new DOMException('c', "
            "'AbortError')], 'd'));"),
      "Own: a\n    at run (index.js:4:13) {\n  [cause]: TypeError: b\n      at run (index.js:4:35)\n} AggregateError: "
      "d\n    at run (index.js:4:58) {\n  [errors]: [\n    AbortError: c\n        at run (index.js:4:78)\n  ]\n}");
}

TEST_F(ConsoleTest, ShowsObjectsOfThePlatform) {
  EXPECT_EQ(
      First("console.log(new URL('https://a.test/b'), new Headers({ 'x-y': 'z' }), new URLSearchParams('a=1&a=2'),\n"
            "  AbortSignal.abort(), new Event('x'), new Response(null).headers);"),
      "URL { href: \"https://a.test/b\" } Headers { \"x-y\": \"z\" } URLSearchParams { a: [ \"1\", \"2\" ] } "
      "AbortSignal { aborted: true } Event { type: \"x\", target: null, defaultPrevented: false } Headers {}");
}

TEST_F(ConsoleTest, ShowsValuesInTheirBoxes) {
  EXPECT_EQ(First("console.log(new Number(1), new String('s'), Object(1n), new ArrayBuffer(2), Object.assign(() => {}, "
                  "{ p: 1 }),\n"
                  "  [1, , , 4], Object.assign([1], { x: 2 }), new WeakSet(), { get a() { throw 1; }, set a(v) {} });"),
            "[Number: 1] [String: \"s\"] [BigInt: 1n] ArrayBuffer { byteLength: 2 } [Function (anonymous)] { p: 1 } "
            "[ 1, <2 empty items>, 4 ] [ 1, x: 2 ] WeakSet { … } { a: [Getter/Setter] }");
}

TEST_F(ConsoleTest, TablesTakeColumns) {
  EXPECT_EQ(First("console.table(new Map([['k', { a: 1, b: 2 }], ['l', 5]]), ['b']);"),
            "(iteration index) | Key | b | Values\n------------------|-----|---|-------\n"
            "0                 | k   | 2 |\n1                 | l   |   | 5");
}

TEST_F(ConsoleTest, CountsAndTimes) {
  EXPECT_EQ(Logged("console.count('a'); console.count('a'); console.countReset('a'); console.count('a');\n"
                   "console.countReset('b'); console.time(); console.time(); console.timeEnd(); console.timeEnd();"),
            (std::vector<std::string>{"a: 1", "a: 2", "a: 1", "Count for \"b\" does not exist",
                                      "Timer \"default\" already exists", "default: 0.000 ms",
                                      "Timer \"default\" does not exist"}));
}

TEST_F(ConsoleTest, TimePassesWhenTheEngineSaysSo) {
  EXPECT_EQ(First("console.time('t'); await new Promise((r) => setTimeout(r, 5)); console.timeEnd('t');").substr(0, 3),
            "t: ");
}

// What is cut is not formatted first: each of these would otherwise take minutes, or the heap.
TEST_F(ConsoleTest, WorkIsBounded) {
  constexpr const char* kHostile[] = {
      "const a = []; a.length = 4e9; console.log(a);",
      "const wide = Array(100).fill('x'.repeat(1e5)); let o = wide; for (let i = 0; i < 30; ++i) o = "
      "Array(100).fill(o); "
      "console.log(o);",
      "let o = {}; for (let i = 0; i < 40; ++i) o = { a: o, b: o }; console.dir(o, { depth: 1e9 }); console.log('%j', "
      "o);",
      "let o = {}; for (let i = 0; i < 40; ++i) o = { a: o, b: o }; context.log.info('x', o);",
      "const s = 'x'.repeat(1e6); context.log.info('x', Array(1e6).fill(s)); console.log(Array(20).fill(s).join());",
      "for (let i = 0; i < 1e6; ++i) console.group(); console.log('a\\n'.repeat(30000));",
      "console.table(Array(1e6).fill(Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [i, "
      "'v'.repeat(1e4)]))));",
      "console.log(2n ** 500000n, new Uint8Array(1e6), new Map([[1, 2]]));",
      "const e = new Error('m'.repeat(1e7)); e.cause = e; e.errors = Array(1e6).fill(e); console.log(e);",
      "const o = { s: 'x'.repeat(1e5) }; for (let i = 0; i < 1e5; ++i) console.log(o);",
  };
  for (const char* const body : kHostile) {
    TestCell one(Program());
    one.AddInput(proto::Input::MODULE, "index.js", FlowWith(std::string(body) + " return {};"));
    one.SendStart();
    const auto end = one.RunToEnd();
    ASSERT_TRUE(end) << body;
    EXPECT_TRUE(end->result().succeeded()) << body << Describe(*end);
    for (const auto& log : one.logs) EXPECT_LT(log.message().size() + log.fields_json().size(), 330'000U) << body;
  }
}

TEST_F(ConsoleTest, FieldsThatDoNotFitAreShownInShort) {
  const auto texts =
      Logged("context.log.info('a', { b: 'x'.repeat(1e6) }); const o = {}; o.o = o; context.log.info('b', o);");
  ASSERT_EQ(texts.size(), 2U);
  EXPECT_EQ(texts[0].substr(0, 25), R"(a{"value":"{\n  b: \"xxxx)");
  EXPECT_LT(texts[0].size(), 5000U);
  EXPECT_EQ(texts[1], R"(b{"value":"{ o: [Circular] }"})");
}

}  // namespace
}  // namespace warder::cell
