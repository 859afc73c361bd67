// The limits that a cell notices itself, without the jail around it.
#include <csignal>

#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

class LimitsTest : public CellTest {
 protected:
  // Sends the soft limit once the flow has logged, and returns the last frame.
  proto::Stopped AskAfterLog(const std::string& body) {
    StartFlow("console.log('go');\n" + body);
    Expect(proto::FromCell::kLog);
    EXPECT_EQ(::kill(cell.pid(), SIGUSR1), 0);
    for (;;) {
      const auto frame = cell.Receive();
      if (!frame || frame->has_stopped()) return frame.value_or(proto::FromCell()).stopped();
    }
  }
};

TEST_F(LimitsTest, ALoopIsStoppedWithItsStack) {
  const auto stopped = AskAfterLog("function spin() {\n  for (;;) {}\n}\nspin();");
  EXPECT_EQ(stopped.reason(), proto::Stopped::ASKED);
  EXPECT_TRUE(stopped.stack().starts_with("at spin (index.js:")) << stopped.stack();
  EXPECT_NE(stopped.stack().find("\nat run (index.js:7:1)"), std::string::npos) << stopped.stack();
  EXPECT_GT(stopped.usage().heap_peak_bytes(), 100'000U);
  EXPECT_EQ(cell.Wait(), 0);
}

TEST_F(LimitsTest, EndlessMicrotasksAreStopped) {
  EXPECT_EQ(AskAfterLog("const again = () => Promise.resolve().then(again); await again();").reason(),
            proto::Stopped::ASKED);
}

TEST_F(LimitsTest, EndlessAsyncRecursionIsStopped) {
  EXPECT_EQ(AskAfterLog("const f = async () => { await null; return f(); }; await f();").reason(),
            proto::Stopped::ASKED);
}

// V8 looks for interrupts between microtasks most of all, where there is no stack.
TEST_F(LimitsTest, AnEndlessChainOfAwaitsIsStoppedWithItsStack) {
  for (const char* const body : {"for (let i = 0;; ++i) {\n  if (i === 1000) console.log('go');\n  await null;\n}",
                                 "let i = 0;\nconst again = () => {\n  if (++i === 1000) console.log('go');\n"
                                 "  queueMicrotask(again);\n};\nagain();\nawait new Promise(() => {});"}) {
    for (int i = 0; i < 8; ++i) {
      TestCell one(Program());
      one.AddInput(proto::Input::MODULE, "index.js", FlowWith(body));
      one.SendStart();
      auto frame = one.Receive();
      while (frame && !frame->has_log()) frame = one.Receive();
      EXPECT_EQ(::kill(one.pid(), SIGUSR1), 0);
      frame = one.Receive();
      ASSERT_TRUE(frame && frame->has_stopped()) << body;
      EXPECT_EQ(frame->stopped().reason(), proto::Stopped::ASKED);
      EXPECT_NE(frame->stopped().stack().find(" (index.js:"), std::string::npos) << body;
    }
  }
}

TEST_F(LimitsTest, ACatastrophicRegularExpressionIsStopped) {
  const auto stopped = AskAfterLog("/^(a+)+$/.test('a'.repeat(60) + 'b');");
  EXPECT_EQ(stopped.reason(), proto::Stopped::ASKED);
  EXPECT_EQ(stopped.stack().substr(0, 19), "at run (index.js:4:");
}

TEST_F(LimitsTest, AWaitingCellIsStoppedWithoutAStack) {
  StartFlow("await fetch('https://a.test/');");
  Expect(proto::FromCell::kHttpRequest);
  // A frame that it ignores brings the cell back to waiting for sure: it has answered nothing since.
  ::kill(cell.pid(), SIGUSR1);
  const auto stopped = Expect(proto::FromCell::kStopped).stopped();
  EXPECT_EQ(stopped.reason(), proto::Stopped::ASKED);
  EXPECT_EQ(cell.Wait(), 0);
}

TEST_F(LimitsTest, ACellThatWaitsForStartIsStopped) {
  Expect(proto::FromCell::kReady);
  ::kill(cell.pid(), SIGUSR1);
  EXPECT_EQ(Expect(proto::FromCell::kStopped).stopped().reason(), proto::Stopped::ASKED);
}

TEST_F(LimitsTest, APromiseThatCanNeverSettleIsStalled) {
  const auto end = RunFlow("await new Promise(() => {});");
  EXPECT_EQ(end.stopped().reason(), proto::Stopped::STALLED);
  EXPECT_EQ(end.stopped().detail(), "The flow's promise can never settle: no call and no timer is under way.");
}

TEST_F(LimitsTest, ATopLevelAwaitCanStallToo) {
  const auto end = Run({{"index.js", "await new Promise(() => {});"}});
  EXPECT_EQ(end.stopped().reason(), proto::Stopped::STALLED);
  EXPECT_EQ(end.stopped().detail().substr(0, 32), "The bundle's top-level await nev");
}

TEST_F(LimitsTest, TheHeapIsBounded) {
  const auto end = RunFlow("const all = [];\nfunction hoard() {\n  for (;;) all.push({ x: [1] });\n}\nhoard();");
  EXPECT_EQ(end.stopped().reason(), proto::Stopped::HEAP);
  EXPECT_TRUE(end.stopped().stack().starts_with("at hoard (index.js:5:")) << end.stopped().stack();
  EXPECT_GT(end.stopped().usage().heap_peak_bytes(), std::uint64_t{40} << 20);
  EXPECT_LT(end.stopped().usage().heap_peak_bytes(), std::uint64_t{80} << 20);
}

TEST_F(LimitsTest, TheHeapsLimitIsStarts) {
  cell.start.set_heap_bytes(16 << 20);
  const auto end = RunFlow("const all = []; for (;;) all.push({ x: [1] });");
  EXPECT_EQ(end.stopped().reason(), proto::Stopped::HEAP);
  EXPECT_LT(end.stopped().usage().heap_peak_bytes(), std::uint64_t{32} << 20);
}

TEST_F(LimitsTest, ABombThatNoInterruptReachesStillEndsAsHeap) {
  for (const char* const body :
       {"const a = []; for (;;) a.push(1.5);", "const m = new Map(); for (let i = 0;; ++i) m.set(i, i);",
        "let s = '['; for (;;) JSON.parse('[' + (s += s) + '1]');"}) {
    TestCell one(Program());
    one.AddInput(proto::Input::MODULE, "index.js", FlowWith(body));
    one.SendStart();
    const auto end = one.RunToEnd();
    ASSERT_TRUE(end) << body;
    EXPECT_TRUE(end->stopped().reason() == proto::Stopped::HEAP || end->result().has_thrown()) << Describe(*end);
  }
}

TEST_F(LimitsTest, BuffersAreBounded) {
  const auto end = RunFlow("const all = []; for (;;) all.push(new Uint8Array(1e6));");
  EXPECT_EQ(end.result().thrown().name(), "RangeError");
  EXPECT_EQ(end.result().thrown().ceiling(), proto::ThrownError::ARRAY_BUFFER);
  EXPECT_EQ(end.result().usage().array_buffer_refused_bytes(), 1'000'000U);
  EXPECT_LE(end.result().usage().array_buffer_peak_bytes(), std::uint64_t{32} << 20);
}

TEST_F(LimitsTest, BuffersThatAreDroppedAreGivenBack) {
  EXPECT_EQ(Output("for (let i = 0; i < 300; ++i) new Uint8Array(1e6); return { data: 'ok' };"), "\"ok\"");
}

TEST_F(LimitsTest, AScriptCanGoOnAfterARefusedBuffer) {
  EXPECT_EQ(Output("const all = []; try { for (;;) all.push(new Uint8Array(1e6)); } catch (e) {\n"
                   "  return { data: [e.name, new TextEncoder().encode('still').length] }; }"),
            R"(["RangeError",5])");
}

TEST_F(LimitsTest, StringsHaveACeiling) {
  const auto end = RunFlow("let s = 'ab'; for (;;) s += s;");
  EXPECT_EQ(end.result().thrown().ceiling(), proto::ThrownError::STRING);
}

TEST_F(LimitsTest, AWrittenErrorIsNoCeiling) {
  const auto end = RunFlow("throw new TypeError('Invalid string length');");
  EXPECT_EQ(end.result().thrown().ceiling(), proto::ThrownError::NONE);
}

TEST_F(LimitsTest, OutputIsBounded) {
  cell.start.set_output_bytes(1000);
  const auto end = RunFlow("return { data: 'x'.repeat(2000) };");
  EXPECT_EQ(end.stopped().reason(), proto::Stopped::OUTPUT);
  EXPECT_EQ(end.stopped().detail(), "The flow's result is 2002 bytes of JSON.");
}

TEST_F(LimitsTest, LongOutputComesInPieces) {
  cell.start.set_output_bytes(4 << 20);
  const auto end = RunFlow("return { data: 'ü'.repeat(1e6) };");
  EXPECT_TRUE(end.result().succeeded());
  EXPECT_EQ(cell.output.size(), 2'000'002U);
}

TEST_F(LimitsTest, LogsAreBounded) {
  cell.start.set_log_bytes(10 * (10 + proto::kLogEntryBytes));
  const auto end = RunFlow("for (let i = 0; i < 1000; ++i) console.log('0123456789'); return { data: 1 };");
  EXPECT_TRUE(end.result().succeeded());
  ASSERT_EQ(cell.logs.size(), 11U);
  EXPECT_EQ(cell.logs.back().level(), proto::Log::WARN);
}

TEST_F(LimitsTest, LogsWithoutTextAreBoundedToo) {
  cell.start.set_log_bytes(10 * proto::kLogEntryBytes);
  const auto end = RunFlow("for (let i = 0; i < 1000; ++i) console.log(''); return { data: 1 };");
  EXPECT_TRUE(end.result().succeeded());
  EXPECT_EQ(cell.logs.size(), 11U);
}

TEST_F(LimitsTest, DeepRecursionIsARangeError) {
  const auto end = RunFlow("const f = () => f() + 1; f();");
  EXPECT_EQ(end.result().thrown().name(), "RangeError");
  EXPECT_EQ(end.result().thrown().message(), "Maximum call stack size exceeded");
}

}  // namespace
}  // namespace warder::cell
