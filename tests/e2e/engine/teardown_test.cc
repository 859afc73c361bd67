// Nothing is left: after many executions, after a cancel, after the engine has gone.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/engine/support.h"

namespace warder::e2e {
namespace {

constexpr int kWarmUp = 200;
constexpr int kExecutions = 1'000;
constexpr std::uint64_t kGrowth = 4 << 20;  // what the allocator may keep; a leak of 5 KB an execution is beyond it

// What every execution of a long run may be.
struct Kind {
  const char* body;
  Status status;
};
const Kind kKinds[] = {
    {"return { data: event };", Status::kSucceeded},
    {"console.log('x'.repeat(1000)); await new Promise((done) => setTimeout(done, 1)); return { data: 1 };",
     Status::kSucceeded},
    {"throw new Error('no', { cause: new Error('because') });", Status::kFailed},
    {"const all = []; for (;;) all.push(new ArrayBuffer(1 << 18));", Status::kLimit},
    {"await new Promise(() => {});", Status::kLimit},
    {"await fetch('http://127.0.0.1:1/');", Status::kFailed},
};

std::uint64_t MemoryOfAll(const std::vector<pid_t>& processes) {
  std::uint64_t bytes = 0;
  for (const pid_t pid : processes) bytes += MemoryOf(pid, "VmRSS");
  return bytes;
}

// Cgroups are the whole machine's: one that another program took away meanwhile is none that we left.
Footprint TakeFootprintSince(const Footprint& earlier) {
  Footprint now = TakeFootprint();
  now.cgroups = std::max(now.cgroups, earlier.cgroups);
  return now;
}

TEST(TeardownTest, AThousandExecutionsLeaveNothingBehind) {
  // Other programs use the machine's temporary folder too; what we leave would be in this one.
  static const TemporaryFolder temporary;  // for the tests that follow, too
  ::setenv("TMPDIR", temporary.path().c_str(), 1);
  const Footprint before = TakeFootprint();
  std::vector<ExecutionRequest> requests;
  for (const Kind& kind : kKinds) {
    ExecutionRequest request;
    request.bundle = FlowBundle(kind.body);
    request.event_json = R"({"some":"event"})";
    request.limits.array_buffer_bytes = 1 << 20;
    requests.push_back(request);
  }
  std::size_t log_events = 0;
  {
    const auto engine = Engine::Open({});
    const auto run = [&](int from, int to) {
      for (int i = from; i < to; ++i) {
        const std::size_t kind = static_cast<std::size_t>(i) % requests.size();
        const Execution execution = engine->Start(requests[kind], [&](const Event& event) {
          if (event.kind == Event::Kind::kLog) ++log_events;
        });
        const Outcome& outcome = execution.Wait();
        ASSERT_EQ(outcome.status, kKinds[kind].status) << kKinds[kind].body << ": " << outcome.reason;
      }
    };
    run(0, kWarmUp);
    Footprint warm;
    // Cells that are ready, which come and go, must have gone.
    const auto settle = [] {
      EXPECT_TRUE(Poll([] { return DescendantsOf(::getpid()).size() == 1; })) << "more than a zygote is left";
    };
    settle();
    ASSERT_TRUE(Poll([&] {
      const Footprint previous = warm;
      warm = TakeFootprint();
      return warm == previous;
    }));
    const std::uint64_t engine_memory = MemoryOf(::getpid(), "VmRSS");
    const std::uint64_t jail_memory = MemoryOfAll(DescendantsOf(::getpid()));

    run(kWarmUp, kWarmUp + kExecutions);
    settle();
    Footprint after;
    EXPECT_TRUE(Poll([&] { return (after = TakeFootprintSince(warm)) == warm; }))
        << "before: " << warm << "\nafter: " << after;
    const std::uint64_t engine_after = MemoryOf(::getpid(), "VmRSS");
    const std::uint64_t jail_after = MemoryOfAll(DescendantsOf(::getpid()));
    EXPECT_LT(engine_after, engine_memory + kGrowth);
    EXPECT_LT(jail_after, jail_memory + kGrowth);
    RecordProperty("engine_growth_bytes", std::to_string(static_cast<std::int64_t>(engine_after - engine_memory)));
    RecordProperty("jail_growth_bytes", std::to_string(static_cast<std::int64_t>(jail_after - jail_memory)));
    std::printf("engine %+lld KiB, zygote %+lld KiB over %d executions\n",
                (static_cast<long long>(engine_after) - static_cast<long long>(engine_memory)) / 1024,
                (static_cast<long long>(jail_after) - static_cast<long long>(jail_memory)) / 1024, kExecutions);
  }
  EXPECT_EQ(log_events, static_cast<std::size_t>((kWarmUp + kExecutions + 4) / 6));
  Footprint after;
  EXPECT_TRUE(Poll([&] { return (after = TakeFootprintSince(before)) == before; }))
      << "before: " << before << "\nafter: " << after;
}

TEST(TeardownTest, EveryReceiptSaysDeadAndReaped) {
  const auto engine = Engine::Open({});
  for (const Kind& kind : kKinds) {
    const Outcome outcome = RunBody(*engine, kind.body);
    EXPECT_NE(outcome.receipt_json.find(R"("dead":true)"), std::string::npos) << outcome.receipt_json;
    EXPECT_NE(outcome.receipt_json.find(R"("reaped":true)"), std::string::npos) << outcome.receipt_json;
  }
}

TEST(TeardownTest, CancelEndsWhateverRuns) {
  const auto engine = Engine::Open({});
  for (const char* body :
       {"for (;;);", "await new Promise((done) => setTimeout(done, 600_000));", "for (;;) await null;"}) {
    ExecutionRequest request;
    request.bundle = FlowBundle(std::string("console.log('begun');") + body);
    std::atomic<bool> begun = false;
    const Execution execution = engine->Start(request, [&](const Event& event) {
      if (event.kind == Event::Kind::kLog) begun = true;
    });
    ASSERT_TRUE(Poll([&] { return begun.load(); }));
    EXPECT_EQ(execution.WaitFor(std::chrono::milliseconds(1)), nullptr);
    execution.Cancel();
    const Outcome* outcome = execution.WaitFor(std::chrono::seconds(20));
    ASSERT_NE(outcome, nullptr) << body;
    EXPECT_EQ(outcome->status, Status::kCancelled) << outcome->reason;
    execution.Cancel();  // once more changes nothing
    EXPECT_EQ(execution.Wait().status, Status::kCancelled);
  }
}

TEST(TeardownTest, CancelBeforeAnythingRanAndFromACallback) {
  const auto engine = Engine::Open({});
  ExecutionRequest request;
  request.bundle = FlowBundle("console.log('begun'); for (;;);");
  const Execution at_once = engine->Start(request);
  at_once.Cancel();
  EXPECT_EQ(at_once.Wait().status, Status::kCancelled);

  request.bundle = FlowBundle("for (;;) { console.log('tick'); await new Promise((done) => setTimeout(done, 1)); }");
  std::optional<Execution> from_callback;
  std::atomic<bool> assigned = false;
  from_callback = engine->Start(request, [&](const Event& event) {
    if (event.kind == Event::Kind::kLog && assigned) from_callback->Cancel();
  });
  assigned = true;
  EXPECT_EQ(from_callback->Wait().status, Status::kCancelled);
}

TEST(TeardownTest, TheEngineTakesRunningExecutionsAlong) {
  const Footprint before = TakeFootprint();
  std::vector<Execution> executions;
  {
    const auto engine = Engine::Open({});
    ExecutionRequest request;
    request.bundle = FlowBundle("for (;;) await new Promise((done) => setTimeout(done, 1));");
    for (int i = 0; i < 8; ++i) executions.push_back(engine->Start(request));
  }
  for (const Execution& execution : executions) EXPECT_EQ(execution.Wait().status, Status::kCancelled);
  executions.clear();
  Footprint after;
  EXPECT_TRUE(Poll([&] { return (after = TakeFootprintSince(before)) == before; }))
      << "before: " << before << "\nafter: " << after;
}

// proc_pid_stat(5): the state stands behind the name, which is in parentheses.
bool IsStopped(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string text;
  std::getline(file, text);
  return text.substr(text.rfind(')') + 1).starts_with(" T");
}

// Nothing of a bundle has run before its cell is there, so the death of the zygote that was to make it costs a moment.
TEST(TeardownTest, WhatADeadZygoteHadNotBegunRunsOnTheNext) {
  const auto engine = Engine::Open({.pooled_cells = 0});
  EXPECT_EQ(RunBody(*engine, "return { data: 0 };").output_json, "0");
  const std::vector<pid_t> zygote = DescendantsOf(::getpid());
  ASSERT_EQ(zygote.size(), 1U);
  ASSERT_EQ(::kill(zygote.front(), SIGSTOP), 0);
  ASSERT_TRUE(Poll([&] { return IsStopped(zygote.front()); })) << "until then it may still make a cell";
  std::vector<Execution> waiting;
  for (int number = 1; number <= 5; ++number) {
    ExecutionRequest request;
    request.bundle = FlowBundle("return { data: " + std::to_string(number) + " };");
    waiting.push_back(engine->Start(request));
  }
  ASSERT_FALSE(waiting.front().WaitFor(std::chrono::milliseconds(50))) << "a stopped zygote makes no cell";
  ASSERT_EQ(::kill(zygote.front(), SIGKILL), 0);
  for (int number = 1; number <= 5; ++number) {
    const Outcome& outcome = waiting[static_cast<std::size_t>(number - 1)].Wait();
    EXPECT_EQ(outcome.output_json, std::to_string(number)) << outcome.reason;
    EXPECT_NE(outcome.receipt_json.find("lost-zygote"), std::string::npos);
  }
}

// What has begun does not run twice.
TEST(TeardownTest, WhatADeadZygoteHadBegunIsAFault) {
  const auto engine = Engine::Open({});
  ExecutionRequest request;
  request.bundle = FlowBundle("console.log('begun'); await new Promise((done) => setTimeout(done, 60000));");
  std::atomic<bool> begun = false;
  const Execution running =
      engine->Start(request, [&](const Event& event) { begun = begun || event.kind == Event::Kind::kLog; });
  ASSERT_TRUE(Poll([&] { return begun.load(); }));
  const std::vector<pid_t> all = DescendantsOf(::getpid());
  ASSERT_EQ(::kill(*std::min_element(all.begin(), all.end()), SIGKILL), 0);  // the zygote is older than its cell
  EXPECT_EQ(running.Wait().status, Status::kFault);
  EXPECT_EQ(RunBody(*engine, "return { data: 1 };").output_json, "1");
}

TEST(TeardownTest, TheLastHandleMayGoFirst) {
  const auto engine = Engine::Open({});
  ExecutionRequest request;
  request.bundle = FlowBundle("return { data: 1 };");
  std::atomic<int> finished = 0;
  for (int i = 0; i < 20; ++i) {
    engine->Start(request, [&](const Event& event) {
      if (event.kind == Event::Kind::kFinished) ++finished;
    });
  }
  EXPECT_TRUE(Poll([&] { return finished == 20; })) << finished;
}

}  // namespace
}  // namespace warder::e2e
