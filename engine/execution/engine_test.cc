// The engine from request to receipt, with cells that do as they should.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <atomic>
#include <csignal>
#include <iterator>
#include <mutex>
#include <vector>

#include "engine/execution/testcases/engine_fixture.h"
#include "sandbox/jail/testing/child.h"

namespace warder::execution {
namespace {

constexpr char kOk[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

TEST_F(EngineTest, AResultComesBack) {
  const Outcome outcome = Run("succeed");
  EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  EXPECT_EQ(outcome.output_json, R"({"ok":true})");
  EXPECT_GT(outcome.usage.peak_rss_bytes, 0u);
  EXPECT_FALSE(outcome.receipt_json.empty());
}

TEST_F(EngineTest, TheCellGetsWhatTheRequestSays) {
  ExecutionRequest request = Request("echo-start");
  request.flow = "my-flow";
  request.tenant = "acme";
  EXPECT_EQ(Run(request).output_json, R"("acme/my-flow/32")");
}

TEST_F(EngineTest, ACallGoesThroughTheBrokerAndIsRecorded) {
  Upstream upstream(kOk);
  const Outcome outcome = RunWith("fetch", upstream);
  EXPECT_EQ(outcome.output_json, R"("200:5")") << outcome.reason;
  ASSERT_EQ(outcome.calls.size(), 1u);
  EXPECT_EQ(outcome.calls[0].origin, upstream.origin());
  EXPECT_EQ(outcome.calls[0].path, "/thing");
  EXPECT_EQ(outcome.calls[0].outcome, "ok");
  EXPECT_EQ(outcome.calls[0].response_bytes, 5u);
  EXPECT_EQ(upstream.Requests().size(), 1u);
}

// RFC 3986 has no bare "|" and the like, WHATWG URLs have: the broker sends them, so the record names them.
TEST_F(EngineTest, ACallIsRecordedAsTheBrokerReadsItsUrl) {
  Upstream upstream(kOk);
  ExecutionRequest request = Request("fetch", upstream.origin() + "/a|b{c}?secret=[1]");
  request.allow_origins = {upstream.origin()};
  const Outcome outcome = Run(request);
  ASSERT_EQ(upstream.Requests().size(), 1u);
  ASSERT_EQ(outcome.calls.size(), 1u);
  EXPECT_EQ(outcome.calls[0].origin, upstream.origin());
  EXPECT_EQ(outcome.calls[0].path, "/a%7Cb%7Bc%7D");
  EXPECT_TRUE(outcome.calls[0].redirects.empty());
}

TEST_F(EngineTest, EveryRedirectThatIsFollowedIsRecorded) {
  Upstream last(kOk);
  const auto to = [](const std::string& url) {
    return "HTTP/1.1 302 Found\r\nLocation: " + url + "\r\nContent-Length: 0\r\n\r\n";
  };
  Upstream middle(to(last.origin() + "/end"));
  Upstream first(to(middle.origin() + "/on?secret=1"));
  ExecutionRequest request = Request("fetch", first.origin() + "/start");
  request.allow_origins = {first.origin(), middle.origin(), last.origin()};
  Outcome outcome = Run(request);
  ASSERT_EQ(outcome.calls.size(), 1u) << outcome.reason;
  EXPECT_EQ(outcome.calls[0].outcome, "ok");
  EXPECT_EQ(outcome.calls[0].origin, first.origin());
  EXPECT_EQ(outcome.calls[0].redirects, (std::vector<std::string>{middle.origin(), last.origin()}));

  request.allow_origins = {first.origin(), middle.origin()};
  outcome = Run(request);
  ASSERT_EQ(outcome.calls.size(), 1u) << outcome.reason;
  EXPECT_EQ(outcome.calls[0].outcome, "refused");
  EXPECT_EQ(outcome.calls[0].redirects, std::vector<std::string>{middle.origin()});
  EXPECT_EQ(last.Requests().size(), 1u);
}

TEST_F(EngineTest, ACallOutsideTheGrantReachesNobody) {
  Upstream upstream(kOk);
  const Outcome outcome = Run(Request("fetch", upstream.origin() + "/thing"));
  EXPECT_EQ(outcome.output_json, R"("failed:1")") << outcome.reason;
  ASSERT_EQ(outcome.calls.size(), 1u);
  EXPECT_EQ(outcome.calls[0].outcome, "refused");
  EXPECT_NE(outcome.calls[0].message.find("--allow"), std::string::npos) << outcome.calls[0].message;
  EXPECT_TRUE(upstream.Requests().empty());
}

TEST_F(EngineTest, ABodyIsSent) {
  Upstream upstream(kOk);
  const Outcome outcome = RunWith("post", upstream);
  EXPECT_EQ(outcome.output_json, R"("200:5")") << outcome.reason;
  EXPECT_EQ(outcome.usage.request_bytes, 1000u);
  EXPECT_NE(upstream.Requests().at(0).find(std::string(100, 'x')), std::string::npos);
}

TEST_F(EngineTest, CallsBeyondInFlightWaitForTheirTurn) {
  Upstream upstream(kOk);
  ExecutionRequest request = Request("two-fetches", upstream.origin() + "/");
  request.allow_origins = {upstream.origin()};
  request.limits.in_flight = 1;
  EXPECT_EQ(Run(request).output_json, R"("200:5 200:5")");
}

TEST_F(EngineTest, CancelledCallsAndTimersEnd) {
  Upstream upstream("");  // never answers
  const Outcome outcome = RunWith("cancel", upstream);
  EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  EXPECT_EQ(outcome.calls.at(0).outcome, "cancelled");
  EXPECT_EQ(Run("cancelled-timer").status, Status::kSucceeded);
}

TEST_F(EngineTest, EventsTellWhatHappensInOrder) {
  Upstream upstream(kOk);
  std::mutex mutex;
  std::vector<Event::Kind> kinds;
  ExecutionRequest request = Request("fetch", upstream.origin() + "/");
  request.allow_origins = {upstream.origin()};
  const EventSink sink = [&](const Event& event) {
    const std::lock_guard lock(mutex);
    kinds.push_back(event.kind);
  };
  Run(request, sink);
  const std::lock_guard lock(mutex);
  EXPECT_EQ(kinds, (std::vector<Event::Kind>{Event::Kind::kStarted, Event::Kind::kCallStarted,
                                             Event::Kind::kCallFinished, Event::Kind::kFinished}));
}

TEST_F(EngineTest, LogsAreEvents) {
  std::string line;
  const Outcome outcome = Run(Request("log"), [&](const Event& event) {
    if (event.kind == Event::Kind::kLog) line = event.level + " " + event.message + " " + event.fields_json;
  });
  EXPECT_EQ(line, R"(info hello {"a":1})");
  EXPECT_EQ(outcome.usage.log_bytes, 12u);
}

TEST_F(EngineTest, AThrownErrorIsTheFlowsOwn) {
  const Outcome outcome = Run("throw");
  EXPECT_EQ(outcome.status, Status::kFailed);
  EXPECT_EQ(outcome.reason, "Error: thrown on purpose");
}

TEST_F(EngineTest, TimeLimitsEndTheRunAndGetTheStack) {
  ExecutionRequest request = Request("spin");
  request.limits.cpu_ms = 30;
  Outcome outcome = Run(request);
  ASSERT_EQ(outcome.status, Status::kLimit) << outcome.reason;
  EXPECT_EQ(outcome.limit->limit, "cpu");
  EXPECT_GE(outcome.limit->peak, 30u);
  EXPECT_EQ(outcome.limit->stack, "at spin (index.js:1:1)");

  request.limits.cpu_ms = 60'000;
  request.limits.wall_ms = 30;
  outcome = Run(request);
  ASSERT_EQ(outcome.status, Status::kLimit) << outcome.reason;
  EXPECT_EQ(outcome.limit->limit, "wall");
}

TEST_F(EngineTest, ACellThatDoesNotAnswerIsKilled) {
  ExecutionRequest request = Request("spin-deaf");
  request.limits.wall_ms = 30;
  const Outcome outcome = Run(request);
  ASSERT_EQ(outcome.status, Status::kLimit) << outcome.reason;
  EXPECT_EQ(outcome.limit->stack, "");
}

TEST_F(EngineTest, AWaitingCellIsEndedByWallToo) {
  ExecutionRequest request = Request("wait");
  request.limits.wall_ms = 30;
  EXPECT_EQ(Run(request).limit->limit, "wall");
  EXPECT_EQ(Run("stalled").limit->limit, "wall");
}

// A zygote that is stopped waits for no cell.
TEST_F(EngineTest, TheResultIsKnownBeforeTheTeardownIsProven) {
  engine();
  const pid_t zygote = OnlyChild();
  const Execution execution = engine().Start(Request("succeed"), [zygote](const Event& event) {
    if (event.kind == Event::Kind::kStarted) ::kill(zygote, SIGSTOP);
  });
  const Outcome& result = execution.WaitForResult();
  EXPECT_EQ(result.status, Status::kSucceeded);
  EXPECT_EQ(result.output_json, R"({"ok":true})");
  EXPECT_TRUE(result.receipt_json.empty());
  EXPECT_EQ(execution.WaitFor(std::chrono::milliseconds(0)), nullptr);
  ::kill(zygote, SIGCONT);
  EXPECT_EQ(execution.Wait().output_json, R"({"ok":true})");
  EXPECT_FALSE(execution.Wait().receipt_json.empty());
  EXPECT_TRUE(result.receipt_json.empty()) << "what was said stays";
}

TEST_F(EngineTest, WhatTurnsOnItsJailAfterItsResultHasAResultAndAnotherVerdict) {
  const Execution execution = engine().Start(Request("result-then-socket"));
  EXPECT_EQ(execution.WaitForResult().status, Status::kSucceeded);
  EXPECT_EQ(execution.Wait().status, Status::kViolation);
}

TEST_F(EngineTest, WhereMoreDecidesThanTheCellTheResultIsKnownAtTheEnd) {
  ExecutionRequest recorded = Request("succeed");
  recorded.record = scratch_ / "run.journal";
  for (const ExecutionRequest& request : {recorded, Request("crash")}) {
    const Execution execution = engine().Start(request);
    EXPECT_FALSE(execution.WaitForResult().receipt_json.empty());
    EXPECT_EQ(&execution.WaitForResult(), &execution.Wait());
  }
}

TEST_F(EngineTest, CancelEndsARunFromAnyThread) {
  const Execution execution = engine().Start(Request("wait"));
  std::thread([&] { execution.Cancel(); }).join();
  EXPECT_EQ(execution.Wait().status, Status::kCancelled);
  execution.Cancel();  // once over: nothing
}

TEST_F(EngineTest, ClosingTheEngineCancelsWhatRuns) {
  std::vector<Execution> executions;
  executions.reserve(8);
  for (int i = 0; i < 8; ++i) executions.push_back(engine().Start(Request("wait")));
  EXPECT_EQ(executions.front().WaitFor(std::chrono::milliseconds(1)), nullptr);
  engine_.reset();
  for (const Execution& execution : executions) EXPECT_EQ(execution.Wait().status, Status::kCancelled);
  executions.front().Cancel();  // the engine is gone: nothing
}

TEST_F(EngineTest, ManyThreadsStartManyExecutions) {
  engine();
  std::atomic<int> succeeded = 0;
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int run = 0; run < 10; ++run) succeeded += Run("succeed").status == Status::kSucceeded ? 1 : 0;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(succeeded, 40);
}

TEST_F(EngineTest, InvalidRequestsAreRefusedBeforeAnythingStarts) {
  const auto why = [&](const ExecutionRequest& request) -> std::string {
    try {
      engine().Start(request);
    } catch (const EngineError& error) {
      EXPECT_EQ(error.status(), Status::kInvalid);
      return error.what();
    }
    return "";
  };
  ExecutionRequest request = Request("succeed");
  request.bundle = nullptr;
  EXPECT_NE(why(request).find("no bundle"), std::string::npos);
  request = Request("succeed");
  request.event_json = "{";
  EXPECT_NE(why(request).find("the event is not JSON"), std::string::npos);
  request = Request("succeed");
  request.config_json = "";
  EXPECT_NE(why(request).find("the configuration is not JSON"), std::string::npos);
  request = Request("succeed");
  request.limits.event_bytes = 4;
  EXPECT_NE(why(request).find("more than the limit \"event\""), std::string::npos);
  request = Request("succeed");
  request.limits.wall_ms = 0;
  EXPECT_NE(why(request).find("limit \"wall\""), std::string::npos);
  request = Request("succeed");
  request.allow_origins = {"ftp://example.com"};
  EXPECT_NE(why(request).find("ftp://example.com"), std::string::npos) << why(request);
  request = Request("succeed");
  request.record = "/nonexistent/journal";
  EXPECT_NE(why(request).find("/nonexistent/journal"), std::string::npos);
  request = Request("succeed");
  request.tenant = "";
  EXPECT_NE(why(request), "");
}

TEST_F(EngineTest, AJournalHoldsTheFramesThatWereSent) {
  ExecutionRequest request = Request("succeed");
  request.record = scratch_ / "run.journal";
  EXPECT_EQ(Run(request).status, Status::kSucceeded);
  std::ifstream file(request.record, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_TRUE(text.starts_with("warder journal 2\n"));
  EXPECT_NE(text.find("// the cells of this test follow a script"), std::string::npos);
}

// The zygote says that there is a cell, and then that it could not be set up.
TEST_F(EngineTest, ACellThatCannotBeSetUpIsUnenforceable) {
  const auto end = jail::testing::InChild([&]() -> std::string {
    jail::testing::PretendTheKernelHasNo(SYS_prlimit64, RLIMIT_NPROC);  // which only cells are given
    const auto engine = Engine::Open(Options());
    const Outcome outcome = engine->Start(Request("succeed")).Wait();
    return std::string(StatusName(outcome.status)) + ": " + outcome.reason;
  });
  EXPECT_TRUE(end.said.starts_with("unenforceable: the jail's layer rlimits could not be set up")) << end.said;
}

// More at once than the zygote's socket has room for.
TEST_F(EngineTest, ManyMayBeStartedAtOnce) {
  constexpr int kExecutions = 500;
  std::vector<Execution> executions;
  executions.reserve(kExecutions);
  for (int i = 0; i < kExecutions; ++i) executions.push_back(engine().Start(Request("succeed")));
  for (const Execution& execution : executions) {
    ASSERT_EQ(execution.Wait().status, Status::kSucceeded) << execution.Wait().reason;
  }
}

TEST_F(EngineTest, DiagnoseMeasuresALiveCell) {
  const Diagnosis diagnosis = engine().Diagnose(CellProfile::kJitless);
  EXPECT_EQ(diagnosis.v8_version, "scripted");
  EXPECT_GT(diagnosis.layers.size(), 10u);
  for (const LayerStatus& layer : diagnosis.layers) {
    if (layer.name != "time-namespace" && layer.name != "speculation" && layer.name != "cgroup") {
      EXPECT_EQ(layer.state, LayerStatus::State::kEnforced) << layer.name << ": " << layer.detail;
    }
  }
  EXPECT_TRUE(diagnosis.enforceable);
}

TEST_F(EngineTest, AnEngineWithoutImageOrLauncherIsOneSentence) {
  EngineOptions options = Options();
  options.image = "/nonexistent";
  EXPECT_THROW(Engine::Open(options), EngineError);
  options = Options();
  options.launcher = "/nonexistent";
  EXPECT_THROW(Engine::Open(options), EngineError);
  options = Options();
  options.permit_degraded = {"no-such-layer"};
  EXPECT_THROW(Engine::Open(options), EngineError);
}

}  // namespace
}  // namespace warder::execution
