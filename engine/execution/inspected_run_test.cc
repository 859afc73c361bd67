// Executions that are looked into, or say what has run in them: who may ask, and cells that lie.
#include "engine/execution/inspected_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "engine/base/text.h"
#include "engine/execution/testcases/engine_fixture.h"
#include "sandbox/proto/frame.h"
#include "warder/replay.h"

namespace warder::execution {
namespace {

using testing::HasSubstr;

proto::FromCell Paused(bool paused) {
  proto::FromCell frame;
  frame.mutable_inspected()->set_paused(paused);
  return frame;
}
proto::FromCell Said(const std::string& data, bool last = true) {
  proto::FromCell frame;
  frame.mutable_inspected()->mutable_said()->set_data(data);
  frame.mutable_inspected()->mutable_said()->set_last(last);
  return frame;
}
proto::FromCell Ran(const std::string& data, bool last = true) {
  proto::FromCell frame;
  frame.mutable_coverage()->set_data(data);
  frame.mutable_coverage()->set_last(last);
  return frame;
}
proto::FromCell Done() {
  proto::FromCell frame;
  frame.mutable_output()->set_data("1");
  return frame;
}
proto::FromCell Succeeded() {
  proto::FromCell frame;
  frame.mutable_result()->set_succeeded(true);
  return frame;
}

class InspectedRunTest : public EngineTest {
 protected:
  InspectedRunTest() { options_.development = true; }

  // A cell that says all of these, then that it has succeeded.
  ExecutionRequest Says(std::vector<proto::FromCell> frames) const {
    frames.push_back(Done());
    frames.push_back(Succeeded());
    std::string steps;
    for (const proto::FromCell& frame : frames) {
      const std::string payload = frame.SerializeAsString();
      steps += std::string{'\0', static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())} + payload;
    }
    return Request("raw", HexOf(steps));
  }
  Outcome Covered(std::vector<proto::FromCell> frames) {
    ExecutionRequest request = Says(std::move(frames));
    request.coverage = true;
    return Run(request);
  }
  Outcome Inspected(std::vector<proto::FromCell> frames) {
    ExecutionRequest request = Says(std::move(frames));
    request.inspect = Inspect{.port = 0};
    return Run(request);
  }
  std::string Refusal(const ExecutionRequest& request) {
    try {
      (void)engine().Start(request);
      return "started";
    } catch (const EngineError& error) {
      EXPECT_EQ(error.status(), Status::kInvalid);
      return error.what();
    }
  }
};

const std::string kRan =
    R"([{"scriptId":"1","url":"index.js","functions":[{"functionName":"","ranges":[{"startOffset":0,"endOffset":9,"count":2}]}]}])";

TEST_F(InspectedRunTest, WhatACellSaysHasRunIsInItsOutcome) {
  const Outcome outcome = Covered({Ran(kRan.substr(0, 20), false), Ran(kRan.substr(20))});
  ASSERT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  ASSERT_TRUE(outcome.coverage);
  ASSERT_EQ(outcome.coverage->size(), 1U);
  EXPECT_EQ(outcome.coverage->front().module, "index.js");
  EXPECT_EQ(outcome.coverage->front().ranges.at(0).count, 2U);
  EXPECT_THAT(outcome.receipt_json, HasSubstr(R"("development":"coverage")"));
  EXPECT_FALSE(Covered({}).coverage) << "it may be unable to say";
}

TEST_F(InspectedRunTest, NothingOfThisIsThereUnlessItIsAskedFor) {
  EXPECT_EQ(Run(Says({Ran(kRan)})).status, Status::kViolation);
  EXPECT_EQ(Run(Says({Paused(true)})).status, Status::kViolation);
  EXPECT_EQ(Covered({Said("{}")}).status, Status::kViolation);
  EXPECT_EQ(Inspected({Ran(kRan)}).status, Status::kViolation);
  const Outcome outcome = Run(Says({}));
  EXPECT_EQ(outcome.status, Status::kSucceeded);
  EXPECT_THAT(outcome.receipt_json, HasSubstr(R"("development":null)"));
}

TEST_F(InspectedRunTest, ALieAboutWhatHasRunIsAViolation) {
  for (const std::vector<proto::FromCell>& lie :
       std::vector<std::vector<proto::FromCell>>{{Ran("nonsense")},
                                                 {Ran(R"([{"url":"other.js","functions":[]}])")},
                                                 {Ran(kRan), Ran(kRan)},
                                                 {Ran("", false)},
                                                 {Ran("[]"), Ran("[]")}}) {
    const Outcome outcome = Covered(lie);
    EXPECT_EQ(outcome.status, Status::kViolation);
    EXPECT_THAT(outcome.reason, HasSubstr("has run"));
  }
}

TEST_F(InspectedRunTest, ALieOfAnInspectorIsAViolation) {
  proto::FromCell empty;
  empty.mutable_inspected();
  for (const std::vector<proto::FromCell>& lie : std::vector<std::vector<proto::FromCell>>{
           {empty}, {Paused(false)}, {Paused(true), Paused(true)}, {Said("\xff")}, {Said("")}, {Said("", false)}}) {
    const Outcome outcome = Inspected(lie);
    EXPECT_EQ(outcome.status, Status::kViolation) << outcome.reason;
  }
  const Outcome outcome = Inspected({Paused(true), Said("{"), Said("}", false), Paused(false), Said("x")});
  EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  EXPECT_THAT(outcome.receipt_json, HasSubstr(R"("development":"inspected")"));
}

TEST_F(InspectedRunTest, AMessageWithoutEndIsALie) {
  boost::asio::io_context loop;
  auto server = inspector::Server::Listen(loop, {});
  ASSERT_TRUE(server);
  InspectedRun run(std::move(*server), bundle_, {});
  const std::string piece(proto::kMaxBodyChunkBytes, 'x');
  for (std::size_t sent = 0; sent < proto::kMaxInspectorMessageBytes; sent += piece.size()) {
    ASSERT_EQ(run.OnFrame(Said(piece, false).inspected()), "");
  }
  EXPECT_THAT(run.OnFrame(Said("x", false).inspected()), HasSubstr("too long"));
  EXPECT_THAT(run.OnFrame(Said(piece + "x").inspected()), HasSubstr("none"));
}

// Its wall limit is over long before somebody ends it; the events say where a debugger could come to.
TEST_F(InspectedRunTest, AScriptThatIsPausedHasTime) {
  ExecutionRequest request = Says({Paused(true)});
  request.inspect = Inspect{.port = 0};
  request.limits.wall_ms = 50;
  // Without a result: it waits.
  const std::string paused = Paused(true).SerializeAsString();
  request.config_json =
      "\"" + HexOf(std::string{'\0', '\0', static_cast<char>(paused.size())} + paused + std::string("\2\0\0", 3)) +
      "\"";
  std::promise<std::string> url;
  const Execution execution = engine().Start(request, [&](const Event& event) {
    if (event.kind == Event::Kind::kInspectable) url.set_value(event.message);
  });
  EXPECT_THAT(url.get_future().get(), testing::StartsWith("ws://127.0.0.1:"));
  EXPECT_EQ(execution.WaitFor(std::chrono::milliseconds(500)), nullptr);
  execution.Cancel();
  EXPECT_EQ(execution.Wait().status, Status::kCancelled);
}

TEST_F(InspectedRunTest, WhatContradictsItIsRefused) {
  const auto asking = [this](auto change) {
    ExecutionRequest request = Request("succeed");
    request.inspect = Inspect{.port = 0};
    change(request);
    return Refusal(request);
  };
  EXPECT_THAT(asking([](ExecutionRequest& request) { request.coverage = true; }), HasSubstr("not both"));
  EXPECT_THAT(asking([](ExecutionRequest& request) { request.describe = true; }),
              HasSubstr("does not describe itself"));
  EXPECT_THAT(asking([this](ExecutionRequest& request) { request.record = scratch_ / "journal"; }),
              HasSubstr("neither recorded nor a replay"));
  EXPECT_FALSE(std::filesystem::exists(scratch_ / "journal"));
}

class ServiceTest : public InspectedRunTest {
 protected:
  ServiceTest() { options_.development = false; }
};

TEST_F(ServiceTest, AnEngineThatIsNotForDevelopmentDoesNeither) {
  ExecutionRequest request = Request("succeed");
  request.inspect = Inspect{.port = 0};
  EXPECT_THAT(Refusal(request), HasSubstr("opened for development"));
  request.inspect.reset();
  request.coverage = true;
  EXPECT_THAT(Refusal(request), HasSubstr("opened for development"));
  EXPECT_FALSE(EngineOptions{}.development);
}

}  // namespace
}  // namespace warder::execution
