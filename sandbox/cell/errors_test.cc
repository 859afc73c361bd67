// What the engine is told when a flow fails.
#include <algorithm>
#include <utility>

#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

using ErrorsTest = CellTest;

TEST_F(ErrorsTest, HasStackAndCauses) {
  const auto end = RunFlow(
      "function inner() { throw new RangeError('deep'); }\n"
      "try { inner(); } catch (cause) {\n"
      "  throw new TypeError('outer', { cause: new Error('middle', { cause }) });\n"
      "}");
  const auto& thrown = end.result().thrown();
  EXPECT_EQ(thrown.name(), "TypeError");
  EXPECT_EQ(thrown.message(), "outer");
  EXPECT_EQ(thrown.stack(), "at run (index.js:5:9)");
  ASSERT_EQ(thrown.causes_size(), 1);
  const auto& middle = thrown.causes(0);
  EXPECT_EQ(middle.message(), "middle");
  ASSERT_EQ(middle.causes_size(), 1);
  EXPECT_EQ(middle.causes(0).name(), "RangeError");
  EXPECT_EQ(middle.causes(0).stack(), "at inner (index.js:3:26)\nat run (index.js:4:7)");
  EXPECT_EQ(middle.causes(0).causes_size(), 0);
}

// How many errors there are in all, and how deep they go.
std::pair<int, int> SizeOf(const proto::ThrownError& thrown) {
  std::pair<int, int> size = {1, 0};
  for (const auto& cause : thrown.causes()) {
    const auto [count, depth] = SizeOf(cause);
    size = {size.first + count, std::max(size.second, depth + 1)};
  }
  return size;
}

TEST_F(ErrorsTest, BoundsTheChainOfCauses) {
  const auto end = RunFlow("let e; for (let i = 0; i < 100; ++i) e = new Error(i, { cause: e }); throw e;");
  EXPECT_EQ(SizeOf(end.result().thrown()), std::pair(9, 8));
}

TEST_F(ErrorsTest, ACauseThatGoesRoundIsToldOnce) {
  const auto end = RunFlow("const e = new Error('a'); e.cause = new Error('b', { cause: e }); throw e;");
  EXPECT_EQ(SizeOf(end.result().thrown()), std::pair(2, 1));
}

TEST_F(ErrorsTest, BringsTheErrorsOfAnAggregate) {
  const auto end = RunFlow(
      "const failed = (n) => Promise.reject(new Error(n, { cause: n === 1 ? new RangeError('why') : undefined }));\n"
      "await Promise.any([failed(0), failed(1)]);");
  const auto& thrown = end.result().thrown();
  EXPECT_EQ(thrown.name(), "AggregateError");
  ASSERT_EQ(thrown.causes_size(), 2);
  EXPECT_EQ(thrown.causes(0).message(), "0");
  EXPECT_EQ(thrown.causes(1).causes(0).name(), "RangeError");
}

TEST_F(ErrorsTest, BoundsTheErrorsOfAnAggregate) {
  const auto end = RunFlow(
      "let all = [new Error('leaf')]; for (let i = 0; i < 20; ++i) all = Array(1000).fill(new AggregateError(all));\n"
      "throw all[0];");
  EXPECT_EQ(SizeOf(end.result().thrown()).first, 16);
}

TEST_F(ErrorsTest, TakesWhatIsNoError) {
  const std::pair<const char*, const char*> cases[] = {{"'text'", "text"},
                                                       {"42", "42"},
                                                       {"null", "null"},
                                                       {"undefined", "undefined"},
                                                       {"{ code: 7 }", "{\"code\":7}"},
                                                       {"Symbol('s')", "Symbol(s)"}};
  for (const auto& [thrown, message] : cases) {
    TestCell one(Program());
    one.AddInput(proto::Input::MODULE, "index.js", FlowWith(std::string("throw ") + thrown + ";"));
    one.SendStart();
    const auto end = one.RunToEnd();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->result().thrown().name(), "NonError") << thrown;
    EXPECT_EQ(end->result().thrown().message(), message);
  }
}

TEST_F(ErrorsTest, HostileErrorsAreDescribedToo) {
  const auto end = RunFlow(
      "throw Object.defineProperties(new Error('x'), { name: { get() { throw 1; } }, stack: { value: 'at '.repeat(1e6) "
      "},"
      " message: { value: 'm'.repeat(1e6) }, cause: { get() { throw 2; } } });");
  EXPECT_EQ(end.result().thrown().name(), "Error");
  EXPECT_LT(end.result().thrown().message().size(), 10'000U);
}

TEST_F(ErrorsTest, AnUnhandledRejectionEndsTheExecution) {
  const auto end = RunFlow(
      "Promise.reject(new Error('nobody listens'));\nawait new Promise((r) => setTimeout(r, 10));\n"
      "return { data: 1 };");
  EXPECT_EQ(end.result().thrown().message(), "nobody listens");
}

TEST_F(ErrorsTest, ARejectionHandledInTimeDoesNot) {
  EXPECT_EQ(
      Output("const p = Promise.reject(new Error('x')); await null; await p.catch(() => {}); return { data: 1 };"),
      "1");
}

TEST_F(ErrorsTest, AnErrorInATimerEndsTheExecution) {
  const auto end = RunFlow("setTimeout(() => { throw new Error('late'); }, 1);\nawait new Promise(() => {});");
  EXPECT_EQ(end.result().thrown().message(), "late");
  EXPECT_EQ(end.result().thrown().stack(), "at index.js:3:26");
}

TEST_F(ErrorsTest, AnErrorInAMicrotaskOrListenerEndsTheExecution) {
  EXPECT_EQ(RunFlow("queueMicrotask(() => { throw new Error('micro'); }); await new Promise(() => {});")
                .result()
                .thrown()
                .message(),
            "micro");
  TestCell other(Program());
  other.AddInput(proto::Input::MODULE, "index.js",
                 FlowWith("const t = new EventTarget(); t.addEventListener('x', () => { throw new Error('heard'); });"
                          "t.dispatchEvent(new Event('x')); return { data: 1 };"));
  other.SendStart();
  EXPECT_EQ(other.RunToEnd()->result().thrown().message(), "heard");
}

TEST_F(ErrorsTest, AListenerSparesTheExecution) {
  EXPECT_EQ(
      Output(
          "const heard = []; const stop = (e) => e.preventDefault();\n"
          "addEventListener('error', (e) => { heard.push(e.error.message, e.filename, e.lineno, e.isTrusted); stop(e); "
          "});\n"
          "addEventListener('unhandledrejection', (e) => { heard.push(e.reason, e.promise === p); stop(e); });\n"
          "addEventListener('rejectionhandled', (e) => heard.push(`${e.reason} again`));\n"
          "setTimeout(() => { throw new Error('timer'); }, 1); queueMicrotask(() => reportError(new Error('micro')));\n"
          "const p = Promise.reject('unheard'); await new Promise((r) => setTimeout(r, 5));\n"
          "p.catch(() => {}); await new Promise((r) => setTimeout(r, 5)); return { data: heard };"),
      R"(["micro","index.js",7,true,"unheard",true,"timer","index.js",7,true,"unheard again"])");
}

TEST_F(ErrorsTest, GlobalHandlersHaveTheirOwnRules) {
  EXPECT_EQ(Output("const heard = []; onerror = (...a) => { heard.push(a.length, a[0], a[4].message); return true; };\n"
                   "onunhandledrejection = (e) => { heard.push(e.reason); return false; };\n"
                   "Promise.reject(1); setTimeout(() => { throw new Error('x'); }, 1);\n"
                   "await new Promise((r) => setTimeout(r, 5)); return { data: heard };"),
            R"([1,5,"Uncaught Error: x","x"])");
}

TEST_F(ErrorsTest, AListenerThatOnlyListensSparesNothing) {
  const auto end = RunFlow(
      "addEventListener('error', () => {}); setTimeout(() => { throw new Error('x'); }, 1);\n"
      "await new Promise(() => {});");
  EXPECT_EQ(end.result().thrown().message(), "x");
}

TEST_F(ErrorsTest, AnErrorInTheListenerOfErrorsEndsTheExecution) {
  const auto end = RunFlow(
      "addEventListener('error', (e) => { e.preventDefault(); throw new Error('second'); });\n"
      "setTimeout(() => { throw new Error('first'); }, 1); await new Promise(() => {});");
  EXPECT_EQ(end.result().thrown().message(), "second");
}

TEST_F(ErrorsTest, TheFlowsOwnErrorIsNoEvent) {
  const auto end =
      RunFlow("addEventListener('unhandledrejection', (e) => e.preventDefault()); throw new Error('mine');");
  EXPECT_EQ(end.result().thrown().message(), "mine");
}

TEST_F(ErrorsTest, ATopLevelErrorIsTheAuthorsError) {
  const auto end = Run({{"index.js", "const a = null;\na.b;\n"}});
  EXPECT_EQ(end.result().thrown().name(), "TypeError");
  EXPECT_EQ(end.result().thrown().stack(), "at index.js:2:3");
}

TEST_F(ErrorsTest, AFlowReturnsAnObject) {
  const auto end = RunFlow("return 42;");
  EXPECT_EQ(end.result().thrown().message(), "a flow returns an object { data: … }, but this one returned 42");
}

TEST_F(ErrorsTest, AResultWithoutDataIsNull) { EXPECT_EQ(Output("return {};"), "null"); }

TEST_F(ErrorsTest, AResultThatIsNoJsonSaysWhy) {
  const auto end = RunFlow("const data = {}; data.self = data; return { data };");
  EXPECT_EQ(end.result().thrown().message().substr(0, 77),
            "what the flow returned cannot be written as JSON: Converting circular structu");
}

TEST_F(ErrorsTest, StacksSurviveAPatchedError) {
  const auto end = RunFlow("Error.prepareStackTrace = () => { throw 1; }; Error.stackTraceLimit = 'x'; null.x;");
  EXPECT_EQ(end.result().thrown().name(), "TypeError");
}

}  // namespace
}  // namespace warder::cell
