// Cells that crash, flood and lie: each gets its verdict, and the next execution runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <future>

#include "engine/execution/engine_impl.h"
#include "engine/execution/testcases/engine_fixture.h"
#include "sandbox/jail/posture.h"

namespace warder::execution {
namespace {

// No test is to end because a machine is slow, or a sanitizer.
constexpr std::uint64_t kLongMs = 600'000;

class HostileCellTest : public EngineTest {
 protected:
  // A neighbour that was started before and ends after must not notice.
  Outcome RunBeside(const ExecutionRequest& request) {
    ExecutionRequest waits = Request("wait");
    waits.limits.wall_ms = kLongMs;
    const Execution neighbour = engine().Start(waits);
    Outcome outcome = Run(request);
    EXPECT_EQ(neighbour.WaitFor(std::chrono::milliseconds(0)), nullptr) << "the neighbour ended";
    neighbour.Cancel();
    EXPECT_EQ(neighbour.Wait().status, Status::kCancelled);
    EXPECT_EQ(Run("succeed").status, Status::kSucceeded) << "the next execution";
    return outcome;
  }
};

class LieTest : public HostileCellTest, public testing::WithParamInterface<const char*> {};

TEST_P(LieTest, IsAViolationAndNobodyElseNotices) {
  Upstream upstream("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ExecutionRequest request = Request(GetParam(), upstream.origin() + "/");
  request.allow_origins = {upstream.origin()};
  const Outcome outcome = RunBeside(request);
  EXPECT_EQ(outcome.status, Status::kViolation) << outcome.reason;
  EXPECT_TRUE(outcome.violation);
}

INSTANTIATE_TEST_SUITE_P(Lies, LieTest,
                         testing::Values("lie-length", "lie-garbage", "lie-utf8", "lie-cut-off", "lie-ready-twice",
                                         "lie-barrier", "lie-number", "lie-timer-number", "lie-cancel", "lie-body",
                                         "lie-body-out-of-turn", "lie-body-credit", "lie-credit", "lie-credit-call",
                                         "lie-state-number", "lie-state-key", "lie-state-nothing", "lie-state-twice",
                                         "lie-state-many", "lie-state-early", "lie-state-too-much", "lie-log-fields",
                                         "lie-asked", "not-json", "exit", "crash", "flood-logs", "flood-empty-logs",
                                         "socket", "result-then-socket"));

TEST_F(HostileCellTest, WhatDescribesItselfHasNoState) {
  for (const char* scene : {"count", "commit-and-throw"}) {
    ExecutionRequest request = Request(scene);
    request.describe = true;
    EXPECT_EQ(RunBeside(request).status, Status::kViolation) << scene;
  }
  EXPECT_EQ(Run("count").output_json, "1");
}

TEST_F(HostileCellTest, WhatDescribesItselfAsNothingHasNoManifest) {
  ExecutionRequest request = Request("succeed");
  request.describe = true;
  const Outcome outcome = RunBeside(request);
  EXPECT_EQ(outcome.status, Status::kInvalid);
  EXPECT_EQ(outcome.reason, "the manifest's warder is missing: it must be 1, the manifest's format");
  EXPECT_EQ(outcome.output_json, "");
}

TEST_F(HostileCellTest, AStoppedSystemCallIsNamed) {
  const Outcome outcome = RunBeside(Request("socket"));
  ASSERT_TRUE(outcome.violation) << outcome.reason;
  EXPECT_EQ(outcome.violation->what, "socket");
  EXPECT_EQ(outcome.violation->arguments.at(0), 2u);
}

// What it said or took before does not make it any better.
TEST_F(HostileCellTest, ACallThatTheFilterStoppedIsAViolationWhateverCameBefore) {
  for (const char* scene : {"result-then-socket", "memory-then-socket"}) {
    ExecutionRequest request = Request(scene);
    request.limits.heap_bytes = 8u << 20;
    request.limits.array_buffer_bytes = 1u << 20;
    const Outcome outcome = RunBeside(request);
    EXPECT_EQ(outcome.status, Status::kViolation) << scene << ": " << outcome.reason;
    ASSERT_TRUE(outcome.violation) << scene;
    EXPECT_EQ(outcome.violation->what, "socket") << scene;
    EXPECT_EQ(outcome.output_json, "") << scene;
  }
  ExecutionRequest request = Request("memory-then-exit");
  request.limits.heap_bytes = 8u << 20;
  request.limits.array_buffer_bytes = 1u << 20;
  EXPECT_EQ(RunBeside(request).status, Status::kViolation) << "it left in good order, not for lack of memory";
}

// Each try against the address layout that siblings share must cost the zygote, whatever the cell has said before.
TEST_F(HostileCellTest, ACrashRetiresTheZygoteWhateverCameBefore) {
  const auto zygotes_after = [&](const char* scene) {
    ExecutionRequest request = Request(scene);
    request.limits.wall_ms = 100;
    const pid_t before = OnlyChild();
    Run(request);
    Run("succeed");  // of the one that is there now
    return before == OnlyChild();
  };
  Run("succeed");
  for (const char* scene : {"succeed", "throw", "spin", "spin-deaf"}) EXPECT_TRUE(zygotes_after(scene)) << scene;
  for (const char* scene : {"result-then-crash", "result-then-exit"}) EXPECT_FALSE(zygotes_after(scene)) << scene;
  // On a busy machine a cell that is asked to stop may be killed before it comes to crash.
  bool same = true;
  for (int tries = 0; same && tries < 100; ++tries) same = zygotes_after("spin-then-crash");
  EXPECT_FALSE(same);
}

TEST_F(HostileCellTest, AfterItsCellsAZygoteIsReplaced) {
  constexpr int kCells = 3;
  options_.pooled_cells = 0;
  engine_ = std::make_unique<EngineImpl>(options_, jail::ObservePosture, kCells);
  const pid_t first = OnlyChild();
  for (int cell = 0; cell < kCells; ++cell) {
    EXPECT_EQ(OnlyChild(), first) << cell;
    EXPECT_EQ(Run("succeed").status, Status::kSucceeded);
  }
  EXPECT_EQ(Run("succeed").status, Status::kSucceeded);
  EXPECT_NE(OnlyChild(), first);
}

TEST_F(HostileCellTest, TheNextZygoteIsThereBeforeItIsNeeded) {
  constexpr int kCells = 20;
  options_.pooled_cells = 0;
  engine_ = std::make_unique<EngineImpl>(options_, jail::ObservePosture, kCells);
  const pid_t first = OnlyChild();
  for (int cell = 0; cell < kCells; ++cell) {
    EXPECT_EQ(Run("succeed").status, Status::kSucceeded);
    const std::vector<pid_t> children = Children();
    EXPECT_THAT(children, testing::Contains(first));
    EXPECT_EQ(children.size() > 1, cell >= kCells - kCells / 10) << cell;
  }
  EXPECT_EQ(Run("succeed").status, Status::kSucceeded);
  EXPECT_NE(OnlyChild(), first);
}

// It was given nothing, so whatever it says is the doing of its zygote.
TEST_F(HostileCellTest, AReadyCellThatSpeaksCostsItsZygote) {
  Run("succeed");
  const pid_t first = OnlyChild();
  std::vector<pid_t> ready;
  while (ready.empty()) ready = Children(std::to_string(first));
  // Then it says that it has stopped, once it listens.
  while (::kill(ready.front(), SIGUSR1) == 0) std::this_thread::yield();
  bool same = true;
  for (int tries = 0; same && tries < 1000; ++tries) {
    EXPECT_EQ(Run("succeed").status, Status::kSucceeded);
    same = OnlyChild() == first;
  }
  EXPECT_FALSE(same);
}

// It was not the cell that broke off.
TEST_F(HostileCellTest, ACellThatIsKilledWithinAFrameIsAFault) {
  options_.pooled_cells = 0;
  std::promise<void> begun;
  const Execution execution = engine().Start(Request("cut-off-and-wait"), [&](const Event& event) {
    if (event.kind == Event::Kind::kLog) begun.set_value();
  });
  begun.get_future().wait();
  const std::vector<pid_t> cells = Children(std::to_string(OnlyChild()));
  ASSERT_EQ(cells.size(), 1u);
  ASSERT_EQ(::kill(cells[0], SIGKILL), 0);
  EXPECT_EQ(execution.Wait().status, Status::kFault) << execution.Wait().reason;
  EXPECT_EQ(execution.Wait().reason, "the cell was killed from outside (SIGKILL)");
}

TEST_F(HostileCellTest, WhatIsNoTextIsABreachAndNothingIsPrinted) {
  testing::internal::CaptureStderr();
  const Outcome outcome = RunBeside(Request("lie-utf8"));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(outcome.status, Status::kViolation);
  EXPECT_EQ(outcome.reason, "the cell broke the protocol of its socket: the cell sent a frame that is not one");
}

TEST_F(HostileCellTest, FloodsEndAtTheirLimits) {
  Upstream upstream("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const std::pair<const char*, const char*> floods[] = {
      {"flood-output", "output"}, {"flood-calls", "calls"}, {"flood-timers", "timers"}};
  for (const auto& [scene, limit] : floods) {
    ExecutionRequest request = Request(scene, upstream.origin() + "/");
    request.allow_origins = {upstream.origin()};
    request.limits.wall_ms = 20'000;
    const Outcome outcome = RunBeside(request);
    ASSERT_TRUE(outcome.limit) << scene << ": " << outcome.reason;
    EXPECT_TRUE(outcome.limit->limit == limit || outcome.limit->limit == "cpu") << scene << ": " << outcome.reason;
  }
}

// It costs the cell a copy of prepared bytes, and the engine a look at each of thousands of frames.
TEST_F(HostileCellTest, WhatAFloodCostsTheEngineIsTheCellsCpuTime) {
  ExecutionRequest request = Request("flood-cancels");
  request.limits.wall_ms = kLongMs;
  request.limits.cpu_ms = 500;
  const Outcome outcome = RunBeside(request);
  ASSERT_TRUE(outcome.limit) << outcome.reason;
  EXPECT_EQ(outcome.limit->limit, "cpu");
  EXPECT_LT(outcome.usage.cpu, std::chrono::milliseconds(400)) << "its own CPU time";
}

TEST_F(HostileCellTest, WhatACellDoesNotReadIsBounded) {
  ExecutionRequest request = Request("flood-timers-unread");
  request.limits.wall_ms = kLongMs;
  const Outcome outcome = RunBeside(request);
  EXPECT_TRUE(outcome.violation || outcome.limit) << outcome.reason;
}

TEST_F(HostileCellTest, RequestsThatWaitAreBounded) {
  ExecutionRequest request = Request("flood-waiting", "http://127.0.0.1:9/");
  request.limits.in_flight = 1;
  // Refused calls end at once and make room, so there must be one that does not end.
  Upstream upstream("");
  request.config_json = "\"" + upstream.origin() + "/\"";
  request.allow_origins = {upstream.origin()};
  const Outcome outcome = RunBeside(request);
  ASSERT_TRUE(outcome.limit) << outcome.reason;
  EXPECT_EQ(outcome.limit->limit, "in-flight");
}

// In the engine's memory a header takes many times what it takes on the wire.
TEST_F(HostileCellTest, RequestsThatWaitWithManyHeadersCostTheEngineLittle) {
  Upstream upstream("");
  ExecutionRequest request = Request("flood-headers", upstream.origin() + "/");
  request.allow_origins = {upstream.origin()};
  request.limits.in_flight = 1;
  request.limits.wall_ms = kLongMs;
  const auto peak_bytes = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<std::uint64_t>(usage.ru_maxrss) << 10;
  };
  const std::uint64_t before = peak_bytes();
  const Outcome outcome = RunBeside(request);
  EXPECT_EQ(outcome.calls.size(), 29U) << outcome.reason;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::uint64_t kAllowed = std::uint64_t{2} << 30;  // they have memory of their own for each byte
#else
  constexpr std::uint64_t kAllowed = std::uint64_t{200} << 20;
#endif
  EXPECT_LT(peak_bytes() - before, kAllowed);
}

TEST_F(HostileCellTest, MemoryBeyondTheDataLimitIsTheHeapLimit) {
  ExecutionRequest request = Request("out-of-memory");
  request.limits.heap_bytes = 8u << 20;
  request.limits.array_buffer_bytes = 1u << 20;
  const Outcome outcome = RunBeside(request);
  ASSERT_TRUE(outcome.limit) << outcome.reason;
  EXPECT_EQ(outcome.limit->limit, "heap");
}

TEST_F(HostileCellTest, AResponseBeyondItsLimitEndsTheRun) {
  Upstream upstream("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + std::string(100'000, 'x'));
  ExecutionRequest request = Request("fetch", upstream.origin() + "/");
  request.allow_origins = {upstream.origin()};
  request.limits.response_bytes = 99'999;
  const Outcome outcome = RunBeside(request);
  ASSERT_TRUE(outcome.limit) << outcome.reason;
  EXPECT_EQ(outcome.limit->limit, "response-bytes");
}

TEST_F(HostileCellTest, ARequestBeyondItsLimitEndsTheRun) {
  Upstream upstream("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ExecutionRequest request = Request("post", upstream.origin() + "/");
  request.allow_origins = {upstream.origin()};
  request.limits.request_bytes = 999;
  const Outcome outcome = RunBeside(request);
  ASSERT_TRUE(outcome.limit) << outcome.reason;
  EXPECT_EQ(outcome.limit->limit, "request-bytes");
}

}  // namespace
}  // namespace warder::execution
