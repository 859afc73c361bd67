// What the engine is told when a flow fails.
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
  ASSERT_EQ(thrown.causes_size(), 2);
  EXPECT_EQ(thrown.causes(0).message(), "middle");
  EXPECT_EQ(thrown.causes(1).name(), "RangeError");
  EXPECT_EQ(thrown.causes(1).stack(), "at inner (index.js:3:26)\nat run (index.js:4:7)");
  EXPECT_EQ(thrown.causes(1).causes_size(), 0);
}

TEST_F(ErrorsTest, BoundsTheChainOfCauses) {
  const auto end = RunFlow("const e = new Error('round'); e.cause = e; throw e;");
  EXPECT_EQ(end.result().thrown().causes_size(), 8);
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
