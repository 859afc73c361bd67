// Everything that differs between two runs comes through the socket.
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

class DeterminismTest : public CellTest {
 protected:
  static std::string RunWithSeed(char seed, const std::string& body) {
    TestCell cell(Program());
    cell.start.set_seed(std::string(32, seed));
    cell.AddInput(proto::Input::MODULE, "index.js", FlowWith(body));
    cell.SendStart();
    const auto end = cell.RunToEnd();
    return end && end->result().succeeded() ? cell.output : "failed";
  }
};

TEST_F(DeterminismTest, TheClockStandsStill) {
  EXPECT_EQ(Output("const start = Date.now(); let i = 0; while (i < 3e6) ++i;\n"
                   "return { data: [Date.now() - start, new Date().getTime() - start, performance.now(), start,\n"
                   "  performance.timeOrigin, new Date().getTimezoneOffset()] };"),
            "[0,0,0,1700000000000,1700000000000,0]");
}

TEST_F(DeterminismTest, TheClockMovesWithFrames) {
  EXPECT_EQ(
      Output(
          "const at = []; for (const ms of [5, 1500]) {\n"
          "  await new Promise((r) => setTimeout(r, ms)); at.push(Date.now() - 1700000000000, performance.now()); }\n"
          "return { data: at };"),
      "[5,5,1505,1505]");
}

TEST_F(DeterminismTest, RandomnessFollowsTheSeed) {
  const std::string body =
      "const bytes = crypto.getRandomValues(new Uint8Array(4));\n"
      "return { data: [Math.random(), crypto.randomUUID(), [...bytes], Math.random()] };";
  const std::string first = RunWithSeed('a', body);
  EXPECT_EQ(first, RunWithSeed('a', body));
  EXPECT_NE(first, RunWithSeed('b', body));
  EXPECT_NE(first, "failed");
}

TEST_F(DeterminismTest, UuidsAreVersion4) {
  EXPECT_EQ(Output("const f = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;\n"
                   "return { data: Array.from({ length: 50 }, () => crypto.randomUUID()).every((u) => f.test(u)) };"),
            "true");
}

TEST_F(DeterminismTest, TimersFireInOrder) {
  EXPECT_EQ(Output("const order = [];\n"
                   "setTimeout(() => order.push('20'), 20); setTimeout((a, b) => order.push(a + b), 10, 'a', 'b');\n"
                   "const cleared = setTimeout(() => order.push('never'), 5); clearTimeout(cleared);\n"
                   "let ticks = 0; const id = setInterval(() => { order.push('tick'); if (++ticks === 3) "
                   "clearInterval(id); }, 7);\n"
                   "queueMicrotask(() => order.push('micro')); order.push('sync');\n"
                   "await new Promise((r) => setTimeout(r, 40)); return { data: order.join() };"),
            R"("sync,micro,tick,ab,tick,20,tick")");
}

TEST_F(DeterminismTest, LocaleAndZoneAreFixed) {
  EXPECT_EQ(Output("const { locale, timeZone } = new Intl.DateTimeFormat().resolvedOptions();\n"
                   "return { data: [locale, timeZone, new Date(0).toString(), (1234.5).toLocaleString()] };"),
            R"json(["en-US","UTC","Thu Jan 01 1970 00:00:00 GMT+0000 (Coordinated Universal Time)","1,234.5"])json");
}

// With and without fused multiply-add: meson runs this a second time, on a glibc that is told to do without.
TEST_F(DeterminismTest, NumbersAreTheSameOnEveryProcessor) {
  EXPECT_EQ(Output("const view = new Float64Array(1); const words = new Uint32Array(view.buffer);\n"
                   "let hash = 2166136261;\n"
                   "const mix = (x) => { view[0] = x; for (const w of words) hash = Math.imul(hash ^ w, 16777619); };\n"
                   "const sums = {};\n"
                   "const names = Object.getOwnPropertyNames(Math).filter((n) => Math[n].length === 1);\n"
                   "for (const name of ['**', 'atan2', ...names.sort()]) {\n"
                   "  hash = 2166136261;\n"
                   "  for (let i = 1; i <= 2000; ++i) {\n"
                   "    const x = (Math.imul(i, 2654435761) >>> 0) / 2 ** 32, y = (x - 0.5) * 50;\n"
                   "    if (name === '**') { mix(x ** y); mix((i * x) ** x); } else mix(Math[name](x, y));\n"
                   "  }\n"
                   "  sums[name] = hash >>> 0;\n"
                   "}\n"
                   "const date = new Intl.DateTimeFormat('en-u-ca-chinese', { dateStyle: 'long' });\n"
                   "hash = 2166136261;\n"
                   "for (let i = 0; i < 300; ++i) for (const c of date.format(i * 1e10)) mix(c.charCodeAt(0));\n"
                   "sums.dates = hash >>> 0;\n"
                   "return { data: sums };"),
            R"({"**":4173523278,"atan2":882926747,"abs":3536588480,"acos":3664356405,"acosh":2757528133,)"
            R"("asin":2649215654,"asinh":1430384609,"atan":254602028,"atanh":3244027242,"cbrt":2985635275,)"
            R"("ceil":4001663557,"clz32":2567211589,"cos":2810550599,"cosh":3747398395,"exp":3782714741,)"
            R"("expm1":1228944941,"f16round":3689937477,"floor":2491714117,"fround":3266084858,)"
            R"("log":2222938169,"log10":2399317601,"log1p":1030388186,"log2":2384313301,"round":2619640389,)"
            R"("sign":4001663557,"sin":2576029904,"sinh":1214547061,"sqrt":1666071321,"tan":3752204255,)"
            R"("tanh":3467887365,"trunc":2491714117,"dates":667116133})");
}

TEST_F(DeterminismTest, ThereIsNoCollectionToWatch) {
  EXPECT_EQ(
      Output("return { data: ['WeakRef', 'FinalizationRegistry', 'SharedArrayBuffer', 'WebAssembly', 'gc', 'process',\n"
             "  'require', 'window', 'document', 'XMLHttpRequest'].filter((n) => n in globalThis)\n"
             "  .concat(Object.getOwnPropertyNames(Atomics).filter((n) => /wait|notify/.test(n))) };"),
      "[]");
}

TEST_F(DeterminismTest, NoCodeFromStrings) {
  EXPECT_EQ(
      Output("const said = []; const Async = (async () => {}).constructor; const Gen = (function* () {}).constructor;\n"
             "for (const f of [() => eval('1'), () => new Function('1'), () => (0, eval)('1'), () => Async('1'), () => "
             "Gen('1'),\n"
             "  () => (() => {}).constructor('return 1')(), () => Reflect.construct(Function, ['1'])]) {\n"
             "  try { f(); said.push('ran'); } catch (e) { said.push(e.name); } }\n"
             "try { setTimeout('1'); said.push('ran'); } catch (e) { said.push(e.name); }\n"
             "return { data: [...new Set(said)] };"),
      R"(["EvalError","TypeError"])");
}

}  // namespace
}  // namespace warder::cell
