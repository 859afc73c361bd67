// A debugger of the author's, and the counting of what runs: V8's inspector, spoken to over the cell's socket.
#include <gmock/gmock.h>

#include "sandbox/cell/channel.h"
#include "sandbox/cell/inspector_session.h"
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

using testing::HasSubstr;

class InspectorTest : public CellTest {
 protected:
  void Attach(bool attached) {
    proto::ToCell frame;
    frame.mutable_debugger()->set_attached(attached);
    cell.Send(frame);
  }
  void SendPiece(const std::string& data, bool last) {
    proto::ToCell frame;
    frame.mutable_debugger()->mutable_said()->set_data(data);
    frame.mutable_debugger()->mutable_said()->set_last(last);
    cell.Send(frame);
  }
  void Say(const std::string& text) { SendPiece(text, true); }

  // Takes a frame; a message that is whole then is in `message`. False: the execution has ended.
  bool HearOne() {
    const auto frame = cell.Receive();
    if (!frame) return false;
    if (whole) message.clear();
    whole = false;
    if (frame->inspected().has_paused()) {
      pauses.push_back(frame->inspected().paused());
    } else if (frame->has_inspected()) {
      message += frame->inspected().said().data();
      whole = frame->inspected().said().last();
    } else if (frame->has_output()) {
      cell.output += frame->output().data();
    } else if (frame->has_result() || frame->has_stopped()) {
      end = *frame;
      return false;
    } else if (!frame->has_ready()) {
      others.push_back(*frame);
    }
    return true;
  }
  // The next message whose text has `part`; empty: the execution has ended before.
  std::string Hear(const std::string& part) {
    while (HearOne()) {
      if (whole && message.find(part) != std::string::npos) return message;
    }
    return {};
  }
  // The text behind `key` up to the next quotation mark.
  static std::string Value(const std::string& message, const std::string& key) {
    const std::size_t at = message.find(key);
    if (at == std::string::npos) return {};
    return message.substr(at + key.size(), message.find('"', at + key.size()) - at - key.size());
  }

  std::string message;
  bool whole = true;
  std::vector<bool> pauses;
  std::vector<proto::FromCell> others;
  proto::FromCell end;
};

// What a cell says of what has run in it.
std::string CoverageOf(TestCell& cell, proto::FromCell* end) {
  std::string coverage;
  while (const auto frame = cell.RunToEnd()) {
    if (frame->has_coverage()) coverage += frame->coverage().data();
    if (frame->has_coverage()) continue;
    *end = *frame;
    break;
  }
  return coverage;
}

constexpr char kBranches[] =
    "const twice = (n) => n * 2;\n"
    "function never() {\n"
    "  return 1;\n"
    "}\n"
    "return { data: [twice(1), twice(2), event ? never() : 0] };";

TEST_F(InspectorTest, SaysWhatHasRun) {
  cell.start.set_inspection(proto::Start::COVERAGE);
  StartFlow(kBranches);
  const std::string coverage = CoverageOf(cell, &end);
  EXPECT_TRUE(end.result().succeeded()) << Describe(end);
  EXPECT_EQ(cell.output, "[2,4,0]");
  EXPECT_THAT(coverage, HasSubstr(R"("url":"index.js")"));
  EXPECT_THAT(coverage, HasSubstr(R"("functionName":"twice")"));
  EXPECT_THAT(coverage, HasSubstr(R"("count":2)"));
  EXPECT_THAT(coverage, HasSubstr(R"("count":0)"));
  EXPECT_THAT(coverage, HasSubstr(R"("isBlockCoverage":true)"));
  EXPECT_EQ(coverage.find("warder:"), std::string::npos) << "the runtime's own scripts are nobody's business";
  EXPECT_EQ(coverage.front(), '[');
  EXPECT_EQ(coverage.back(), ']');
}

TEST_F(InspectorTest, SaysWhatHasRunOfAFlowThatFails) {
  for (const char* body : {"throw new Error('x');", "await new Promise(() => {});",
                           "setTimeout(() => { throw 1; }, 5); await new Promise(() => {});"}) {
    TestCell other(Program());
    other.start.set_inspection(proto::Start::COVERAGE);
    other.AddInput(proto::Input::MODULE, "index.js", FlowWith(body));
    other.SendStart();
    EXPECT_THAT(CoverageOf(other, &end), HasSubstr(R"("url":"index.js")")) << body;
    EXPECT_FALSE(end.result().succeeded()) << body;
  }
}

TEST_F(InspectorTest, SaysNothingUnlessAsked) {
  StartFlow(kBranches);
  EXPECT_EQ(CoverageOf(cell, &end), "");
  EXPECT_TRUE(end.result().succeeded()) << Describe(end);
}

TEST_F(InspectorTest, AScriptCannotTellThatItIsCounted) {
  const std::string body =
      "return { data: [Object.getOwnPropertyNames(console).sort(), Object.getOwnPropertyNames(globalThis).sort()] };";
  const std::string expected = Output(body);
  TestCell other(Program());
  other.start.set_inspection(proto::Start::COVERAGE);
  other.AddInput(proto::Input::MODULE, "index.js", FlowWith(body));
  other.SendStart();
  CoverageOf(other, &end);
  EXPECT_EQ(other.output, expected);
}

TEST_F(InspectorTest, ADebuggerStopsAtABreakpointAndLooksAround) {
  cell.start.set_inspection(proto::Start::WAIT);
  StartBundle({{"index.js", FlowWith("let total = 40;\ntotal += event ?? 2;\nreturn { data: total };")}});
  Attach(true);
  Say(R"({"id":1,"method":"Runtime.enable"})");
  Say(R"({"id":2,"method":"Debugger.enable"})");
  // Line 3 of the file, counted from 0: the second of the body.
  Say(R"({"id":3,"method":"Debugger.setBreakpointByUrl","params":{"url":"index.js","lineNumber":3}})");
  ASSERT_FALSE(Hear(R"("id":3)").empty());
  EXPECT_EQ(pauses, std::vector<bool>{true}) << "it waits for a debugger to say that it may run";
  Say(R"({"id":4,"method":"Runtime.runIfWaitingForDebugger"})");
  const std::string paused = Hear(R"("Debugger.paused")");
  ASSERT_FALSE(paused.empty()) << Describe(end);
  EXPECT_THAT(paused, HasSubstr(R"("lineNumber":3)"));
  const std::string frame = Value(paused, R"("callFrameId":")");
  Say(R"({"id":5,"method":"Debugger.evaluateOnCallFrame","params":{"callFrameId":")" + frame +
      R"(","expression":"total"}})");
  EXPECT_THAT(Hear(R"("id":5)"), HasSubstr(R"("value":40)"));
  Say(R"({"id":6,"method":"Debugger.evaluateOnCallFrame","params":{"callFrameId":")" + frame +
      R"(","expression":"total = 60, 'ä'"}})");
  EXPECT_THAT(Hear(R"("id":6)"), HasSubstr(R"(\u00e4)"));
  Say(R"({"id":7,"method":"Debugger.stepOver"})");
  EXPECT_THAT(Hear(R"("Debugger.paused")"), HasSubstr(R"("lineNumber":4)"));
  Say(R"({"id":8,"method":"Debugger.resume"})");
  EXPECT_EQ(Hear("nothing that it says"), "");
  EXPECT_TRUE(end.result().succeeded()) << Describe(end);
  EXPECT_EQ(cell.output, "62");
  EXPECT_EQ(pauses, (std::vector<bool>{true, false, true, false, true, false}));
}

TEST_F(InspectorTest, ItPausesBeforeTheFirstStatement) {
  cell.start.set_inspection(proto::Start::BREAK);
  StartBundle({{"index.js", "const first = 1;\n" + FlowWith("return { data: first };")}});
  Attach(true);
  Say(R"({"id":1,"method":"Debugger.enable"})");
  Say(R"({"id":2,"method":"Runtime.runIfWaitingForDebugger"})");
  const std::string paused = Hear(R"("Debugger.paused")");
  EXPECT_THAT(paused, HasSubstr(R"("location":{"scriptId":")"));
  EXPECT_THAT(paused, HasSubstr(R"(,"lineNumber":0,"columnNumber":0})"));
  EXPECT_THAT(paused, HasSubstr(R"("reason":"Break on start")"));
  // Whoever leaves lets it go on; another one may come.
  Attach(false);
  EXPECT_EQ(Hear("nothing that it says"), "");
  EXPECT_EQ(cell.output, "1");
}

TEST_F(InspectorTest, WhatTheWorldSaysWaitsWhileItIsPaused) {
  cell.start.set_inspection(proto::Start::WAIT);
  StartFlow(
      "const said = [];\n"
      "const timers = [1, 2, 3].map((ms) => new Promise((done) => setTimeout(() => { said.push(ms, Date.now()); "
      "done(); }, ms)));\n"
      "await timers[0];\n"
      "debugger;\n"
      "await Promise.all(timers);\n"
      "return { data: said };");
  Attach(true);
  Say(R"({"id":1,"method":"Debugger.enable"})");
  Say(R"({"id":2,"method":"Runtime.runIfWaitingForDebugger"})");
  ASSERT_FALSE(Hear(R"("id":2)").empty());
  while (others.size() < 3) HearOne();
  cell.FireTimer(1, 1000);
  ASSERT_FALSE(Hear(R"("Debugger.paused")").empty()) << Describe(end);
  cell.FireTimer(2, 1000);
  cell.FireTimer(3, 1000);
  Say(R"({"id":3,"method":"Debugger.resume"})");
  EXPECT_EQ(Hear("nothing that it says"), "");
  EXPECT_EQ(cell.output, "[1,1700000000001,2,1700000000002,3,1700000000003]");
}

TEST_F(InspectorTest, ALongMessageComesInPieces) {
  cell.start.set_inspection(proto::Start::WAIT);
  StartFlow("return { data: '" + std::string(700'000, 'x') + "'.length };");
  Attach(true);
  Say(R"({"id":1,"method":"Debugger.enable"})");
  Say(R"({"id":2,"method":"Debugger.setBreakpointByUrl","params":{"url":"index.js","lineNumber":2}})");
  Say(R"({"id":3,"method":"Runtime.runIfWaitingForDebugger"})");
  const std::string paused = Hear(R"("Debugger.paused")");
  ASSERT_FALSE(paused.empty()) << Describe(end);
  const std::string script = Value(paused.substr(paused.find(R"("callFrameId")")), R"("scriptId":")");
  SendPiece(R"({"id":4,"method":"Debugger.get)", false);
  SendPiece(R"(ScriptSource","params":{"scriptId":")" + script + R"("}})", true);
  EXPECT_GT(Hear(R"("id":4)").size(), 700'000U);
}

// The engine is trusted, and does not do any of this.
class BrokenRuleTest : public InspectorTest {
 protected:
  int StatusAfter(proto::Start::Inspection inspection, const std::function<void()>& breach) {
    cell.start.set_inspection(inspection);
    StartFlow("await new Promise((done) => setTimeout(done, 10));");
    breach();
    return cell.Wait();
  }
};

TEST_F(BrokenRuleTest, ADebuggerWhereNoneIsAskedFor) {
  EXPECT_EQ(StatusAfter(proto::Start::NONE, [&] { Attach(true); }), kBadFrame);
}
TEST_F(BrokenRuleTest, ADebuggerWhereRunsAreCounted) {
  EXPECT_EQ(StatusAfter(proto::Start::COVERAGE, [&] { Attach(true); }), kBadFrame);
}
TEST_F(BrokenRuleTest, ASecondDebugger) {
  EXPECT_EQ(StatusAfter(proto::Start::WAIT, [&] { Attach(true), Attach(true); }), kBadFrame);
}
TEST_F(BrokenRuleTest, AMessageOfNobody) {
  EXPECT_EQ(StatusAfter(proto::Start::WAIT, [&] { Say("{}"); }), kBadFrame);
}
TEST_F(BrokenRuleTest, AMessageThatIsNoText) {
  EXPECT_EQ(StatusAfter(proto::Start::WAIT, [&] { Attach(true), Say("\xff"); }), kBadFrame);
}
TEST_F(BrokenRuleTest, AMessageWithoutEnd) {
  EXPECT_EQ(StatusAfter(proto::Start::WAIT,
                        [&] {
                          Attach(true);
                          for (int i = 0; i < 9; ++i) SendPiece(std::string(proto::kMaxBodyChunkBytes, ' '), false);
                        }),
            kBadFrame);
}
TEST_F(BrokenRuleTest, AnInspectionThatDoesNotExist) {
  EXPECT_EQ(StatusAfter(static_cast<proto::Start::Inspection>(17), [] {}), kBadFrame);
}

TEST(WithoutRuntimeTest, KeepsWhatIsTheBundles) {
  const auto answer = [](const std::string& list) {
    return R"({"id":3,"result":{"result":[)" + list + R"(],"timestamp":17}})";
  };
  const std::string ours = R"({"scriptId":"3","url":"warder:main.js","functions":[]})";
  const std::string theirs = R"({"scriptId":"7","url":"a.js","functions":[{"functionName":"{\"scriptId\":\"x"}]})";
  EXPECT_EQ(WithoutRuntime(answer("")), "[]");
  EXPECT_EQ(WithoutRuntime(answer(ours)), "[]");
  EXPECT_EQ(WithoutRuntime(answer(theirs)), "[" + theirs + "]");
  EXPECT_EQ(WithoutRuntime(answer(ours + "," + theirs + "," + ours + "," + theirs)), "[" + theirs + "," + theirs + "]");
  EXPECT_EQ(WithoutRuntime(""), "[]");
}

}  // namespace
}  // namespace warder::cell
