// An engine that breaks the protocol: the cell ends with a status of its own, never with undefined behaviour.
#include "sandbox/cell/channel.h"
#include "sandbox/cell/testing/fixture.h"
#include "sandbox/cell/testing/mode.h"

namespace warder::cell {
namespace {

class ProtocolTest : public CellTest {
 protected:
  // A flow that has call 1 (a fetch) and call 2 (a timer) under way.
  void Begin() {
    StartFlow("setTimeout(() => {}, 1000); await (await fetch('https://a.test/')).text();");
    Expect(proto::FromCell::kTimerRequest);
    Expect(proto::FromCell::kHttpRequest);
  }
  static constexpr std::uint64_t kTimer = 1;
  static constexpr std::uint64_t kFetch = 2;
};

TEST_F(ProtocolTest, EndsWhenTheEngineIsGone) {
  Begin();
  EXPECT_EQ(cell.Wait(), kEngineGone);
}

TEST_F(ProtocolTest, SaysReadyWithWhatItCost) {
  const auto ready = Expect(proto::FromCell::kReady).ready();
  if (ModeOfProgram() == zygote::StartMode::kWarm) {  // its zygote's time, and spent before it
    EXPECT_EQ(ready.steps_size(), 0);
    return;
  }
  ASSERT_EQ(ready.steps_size(), 1);
  EXPECT_EQ(ready.steps(0).name(), "isolate");
  EXPECT_GT(ready.steps(0).nanoseconds(), 0U);
}

TEST_F(ProtocolTest, RefusesGarbage) {
  cell.SendRaw(std::string("\x05\x00\x00\x00\xff\xff\xff\xff\xff", 9));
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesAnOversizedFrame) {
  cell.SendRaw(std::string("\xff\xff\xff\x7f", 4));
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesAnEmptyFrame) {
  cell.Send({});
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesCallsBeforeStart) {
  cell.FireTimer(1);
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesASecondStartAndLateInput) {
  Begin();
  cell.SendStart();
  EXPECT_EQ(cell.Wait(), kBadFrame);
  TestCell other(Program());
  other.AddInput(proto::Input::MODULE, "index.js", FlowWith("await fetch('https://a.test/');"));
  other.SendStart();
  other.AddInput(proto::Input::EVENT, "", "{}");
  EXPECT_EQ(other.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesAWrongSeed) {
  cell.start.set_seed("short");
  cell.SendStart();
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesAnUnknownInput) {
  cell.AddInput(proto::Input::KIND_UNSPECIFIED, "x", "y");
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesAClockThatGoesBack) {
  Begin();
  cell.clock_us -= 1;
  cell.FireTimer(kTimer);
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesAnUnknownCall) {
  Begin();
  cell.FireTimer(77);
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesAFrameOfTheWrongKind) {
  Begin();
  cell.FireTimer(kFetch);
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesAResponseToATimer) {
  Begin();
  cell.RespondHead(kTimer, 200, false);
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesABodyBeforeItsHead) {
  Begin();
  cell.RespondBody(kFetch, "x", false);
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesASecondHead) {
  Begin();
  cell.RespondHead(kFetch, 200, true);
  cell.RespondHead(kFetch, 200, true);
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesAnImpossibleStatus) {
  Begin();
  cell.RespondHead(kFetch, 99, false);
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, RefusesMoreThanTheCredit) {
  StartFlow("await fetch('https://a.test/'); await new Promise(() => {});");
  Expect(proto::FromCell::kHttpRequest);
  cell.RespondHead(1, 200, true);
  for (int i = 0; i < 3; ++i) cell.RespondBody(1, std::string(proto::kMaxBodyChunkBytes, 'x'), false);
  EXPECT_EQ(cell.Wait(), kBadFrame);
}

TEST_F(ProtocolTest, AHeadThatNoScriptCouldWriteFailsTheCall) {
  StartFlow("try { await fetch('https://a.test/'); } catch (e) { return { data: e.name }; }");
  Expect(proto::FromCell::kHttpRequest);
  cell.RespondHead(1, 200, true, {{"bad name", "x"}});
  const auto end = cell.RunToEnd();
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->has_cancel_call() || end->has_result());
}

}  // namespace
}  // namespace warder::cell
