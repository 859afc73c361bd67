// Cells that are ready before somebody asks for them: who gets one, how many there are, and that they go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <csignal>
#include <string>
#include <vector>

#include "tests/e2e/engine/support.h"

namespace warder::e2e {
namespace {

using testing::HasSubstr;

constexpr const char* kFlow = "return { data: 1 };";

// The zygote is older than its cells.
pid_t Zygote() {
  const std::vector<pid_t> all = DescendantsOf(::getpid());
  return all.empty() ? -1 : *std::min_element(all.begin(), all.end());
}

// Of the zygote that was launched first.
std::vector<pid_t> Cells() { return DescendantsOf(Zygote()); }

bool WaitForCells(std::size_t count) {
  return Poll([&] { return Cells().size() == count; });
}

bool WaitForAnyCell() {
  return Poll([] { return !Cells().empty(); });
}

bool CameFromPool(const Outcome& outcome) {
  return outcome.receipt_json.find(R"("step":"pooled")") != std::string::npos;
}

std::string DetailOf(const Outcome& outcome, const char* layer) {
  const auto receipt = boost::json::parse(outcome.receipt_json);
  for (const auto& state : receipt.at("posture").as_array()) {
    if (state.at("layer").as_string() == layer) return boost::json::value_to<std::string>(state.at("detail"));
  }
  return "absent";
}

Limits WithHeap(std::uint64_t mebibytes) {
  Limits limits;
  limits.heap_bytes = mebibytes << 20;
  return limits;
}

TEST(PoolTest, NothingIsReadyBeforeTheFirstExecution) {
  const auto engine = Engine::Open({});
  EXPECT_EQ(DescendantsOf(::getpid()).size(), 1U);
  EXPECT_FALSE(CameFromPool(RunBody(*engine, kFlow)));
  EXPECT_TRUE(WaitForCells(1));
}

TEST(PoolTest, TheNextExecutionGetsAReadyCellThatWasLookedAt) {
  const auto engine = Engine::Open({});
  RunBody(*engine, kFlow);
  Outcome outcome;
  for (int i = 0; i < 3; ++i) {
    // It is looked at when it has said that it is ready, so a moment after it is there.
    ASSERT_TRUE(Poll([&] {
      const std::vector<pid_t> before = Cells();
      outcome = RunBody(*engine, kFlow);
      const std::vector<pid_t> after = Cells();
      const bool one_is_gone = std::any_of(before.begin(), before.end(), [&](pid_t cell) {
        return std::find(after.begin(), after.end(), cell) == after.end();
      });
      return CameFromPool(outcome) && one_is_gone;
    }));
  }
  EXPECT_THAT(outcome.receipt_json, HasSubstr(R"("step":"posture")"));
  EXPECT_THAT(DetailOf(outcome, "seccomp"), HasSubstr("mode 2"));
}

TEST(PoolTest, AnEngineWithoutAPoolHasNoneReady) {
  const auto engine = Engine::Open({.pooled_cells = 0});
  for (int i = 0; i < 5; ++i) {
    EXPECT_FALSE(CameFromPool(RunBody(*engine, kFlow)));
    EXPECT_TRUE(Cells().empty());
  }
}

TEST(PoolTest, ACellServesOnlyTheLimitsThatItWasMadeWith) {
  const auto engine = Engine::Open({});
  std::string details[2];
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2; ++i) {
      const Outcome outcome = RunBody(*engine, kFlow, WithHeap(i == 0 ? 64 : 128));
      const std::string detail = DetailOf(outcome, "rlimits");
      if (details[i].empty()) details[i] = detail;
      EXPECT_EQ(detail, details[i]);
      ASSERT_TRUE(WaitForAnyCell());
    }
  }
  EXPECT_NE(details[0], details[1]);
}

TEST(PoolTest, ThereAreNeverMoreThanTheMost) {
  constexpr std::size_t kMost = 3;
  const auto engine = Engine::Open({.pooled_cells = kMost});
  for (std::uint64_t heap = 40; heap < 48; ++heap) {
    std::vector<Execution> running;
    for (int i = 0; i < 8; ++i) {
      ExecutionRequest request;
      request.bundle = FlowBundle(kFlow);
      request.limits = WithHeap(heap);
      running.push_back(engine->Start(request));
    }
    for (const Execution& execution : running) EXPECT_EQ(execution.Wait().status, Status::kSucceeded);
    // Those that made room for others may still be dying.
    EXPECT_TRUE(WaitForCells(kMost)) << Cells().size();
  }
}

// Whatever one set of limits is asked for, what is ready for another stays.
TEST(PoolTest, NoDemandTakesTheLastReadyCellOfAnother) {
  constexpr std::size_t kMost = 4;
  const auto engine = Engine::Open({.pooled_cells = kMost});
  const auto burst = [&] {
    std::vector<Execution> running;
    ExecutionRequest request;
    request.bundle = FlowBundle(kFlow);
    for (std::size_t i = 0; i < 3 * kMost; ++i) running.push_back(engine->Start(request));
    for (const Execution& execution : running) EXPECT_EQ(execution.Wait().status, Status::kSucceeded);
  };
  // On a slow machine it may have gone for want of use, so more than once.
  EXPECT_TRUE(Poll([&] {
    burst();
    RunBody(*engine, kFlow, WithHeap(100));
    burst();
    return CameFromPool(RunBody(*engine, kFlow, WithHeap(100)));
  }));
}

TEST(PoolTest, WhatNobodyNeedsGoes) {
  const auto engine = Engine::Open({});
  RunBody(*engine, kFlow);
  ASSERT_TRUE(WaitForCells(1));
  const Footprint one_ready = TakeFootprint();
  EXPECT_TRUE(WaitForCells(0));
  EXPECT_EQ(TakeFootprint().processes, one_ready.processes - 1);
  // The engine hears of its death a moment after it.
  EXPECT_TRUE(Poll([&] { return TakeFootprint().descriptors.size() < one_ready.descriptors.size(); }));
  EXPECT_FALSE(CameFromPool(RunBody(*engine, kFlow))) << "none was kept";
}

TEST(PoolTest, OneThatDiesBeforeItsUseIsNobodysExecution) {
  const auto engine = Engine::Open({});
  RunBody(*engine, kFlow);
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(WaitForAnyCell());
    const pid_t zygote = Zygote();
    const std::vector<pid_t> ready = Cells();
    for (const pid_t cell : ready) ::kill(cell, SIGKILL);
    // Whether the engine has heard of it by then is chance.
    ASSERT_TRUE(Poll([&] {
      const std::vector<pid_t> left = Cells();
      return std::find_first_of(left.begin(), left.end(), ready.begin(), ready.end()) == left.end();
    }));
    const Outcome outcome = RunBody(*engine, kFlow);
    EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
    EXPECT_EQ(Zygote(), zygote);
  }
}

TEST(PoolTest, TheDeathOfTheZygoteTakesReadyCellsAlongAndNoExecution) {
  const auto engine = Engine::Open({});
  for (int i = 0; i < 5; ++i) {
    // What was made for the pool by the zygote of the last round has gone with it.
    ASSERT_TRUE(Poll([&] { return RunBody(*engine, kFlow).status == Status::kSucceeded && !Cells().empty(); }));
    const pid_t cell = Cells().front();
    ::kill(Zygote(), SIGKILL);
    ASSERT_TRUE(Poll([&] { return ::kill(cell, 0) != 0; }));
    const Outcome outcome = RunBody(*engine, kFlow);
    EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  }
}

// An engine must not trust what shares an address layout with a cell that turned on its jail.
TEST(PoolTest, ReadyCellsAreRetiredWithTheirZygote) {
  const auto engine = Engine::Open({});
  RunBody(*engine, kFlow);
  ASSERT_TRUE(WaitForCells(1));
  const pid_t cell = Cells().front();
  const pid_t zygote = Zygote();
  ExecutionRequest spinning;
  spinning.bundle = FlowBundle("console.log('begun'); for (;;);");
  spinning.limits = WithHeap(100);
  std::atomic<bool> begun = false;
  const Execution execution =
      engine->Start(spinning, [&](const Event& event) { begun = begun || event.kind == Event::Kind::kLog; });
  ASSERT_TRUE(Poll([&] { return begun.load(); }));
  for (const pid_t pid : Cells()) {
    if (pid != cell) ::kill(pid, SIGKILL);
  }
  EXPECT_EQ(execution.Wait().status, Status::kFault);
  EXPECT_TRUE(Poll([&] { return ::kill(cell, 0) != 0; }));
  EXPECT_EQ(RunBody(*engine, kFlow).status, Status::kSucceeded);
  EXPECT_TRUE(Poll([&] { return ::kill(zygote, 0) != 0; }));
}

TEST(PoolTest, TheEngineTakesReadyCellsAlong) {
  const Footprint before = TakeFootprint();
  {
    const auto engine = Engine::Open({});
    std::vector<Execution> running;
    for (int i = 0; i < 8; ++i) {
      ExecutionRequest request;
      request.bundle = FlowBundle(kFlow);
      running.push_back(engine->Start(request));
    }
    for (const Execution& execution : running) execution.Wait();
    ASSERT_TRUE(Poll([] { return Cells().size() >= 4; }));
  }
  EXPECT_TRUE(DescendantsOf(::getpid()).empty());
  const Footprint after = TakeFootprint();
  EXPECT_EQ(after.processes, before.processes);
  EXPECT_EQ(after.descriptors, before.descriptors);
  EXPECT_LE(after.cgroups, before.cgroups);
}

}  // namespace
}  // namespace warder::e2e
