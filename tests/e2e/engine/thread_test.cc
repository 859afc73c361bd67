// The public API from many threads at once, and invalid requests.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/e2e/engine/support.h"

namespace warder::e2e {
namespace {

TEST(ThreadTest, ManyThreadsStartCancelAndWait) {
  const auto engine = Engine::Open({});
  ExecutionRequest quick;
  quick.bundle = FlowBundle("console.log(event); return { data: event };");
  ExecutionRequest endless;
  endless.bundle = FlowBundle("for (;;) await new Promise((done) => setTimeout(done, 1));");
  std::atomic<int> events = 0;
  std::mutex mutex;
  std::vector<std::string> wrong;
  const auto require = [&](bool holds, const std::string& what) {
    const std::lock_guard lock(mutex);
    if (!holds) wrong.push_back(what);
  };
  std::vector<std::thread> threads;
  threads.reserve(8);
  for (int thread = 0; thread < 8; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; i < 15; ++i) {
        ExecutionRequest mine = quick;
        mine.event_json = std::to_string(thread * 1000 + i);
        mine.tenant = "tenant-" + std::to_string(thread);
        const Execution running = engine->Start(endless, [&](const Event&) { ++events; });
        const Execution done = engine->Start(mine, [&](const Event&) { ++events; });
        running.WaitFor(std::chrono::milliseconds(1));
        running.Cancel();
        require(done.Wait().output_json == mine.event_json, "result: " + done.Wait().reason + done.Wait().output_json);
        require(running.Wait().status == Status::kCancelled,
                std::string("cancelled: ") + StatusName(running.Wait().status) + " " + running.Wait().reason);
        if (i == 7) require(engine->Diagnose(CellProfile::kJitless).layers.size() > 5, "diagnosis");
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(wrong, testing::IsEmpty());
  EXPECT_GE(events, 8 * 15 * 3);
}

TEST(ThreadTest, ManyExecutionsAtOnceEachGetTheirOwnResult) {
  const auto engine = Engine::Open({});
  ExecutionRequest request;
  request.bundle = FlowBundle("await new Promise((done) => setTimeout(done, 5)); return { data: event * 2 };");
  std::vector<Execution> executions;
  for (int i = 0; i < 64; ++i) {
    request.event_json = std::to_string(100'000 + i);
    executions.push_back(engine->Start(request));
  }
  for (int i = 0; i < 64; ++i) {
    const Outcome& outcome = executions[static_cast<std::size_t>(i)].Wait();
    EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
    EXPECT_NE(outcome.output_json.find(std::to_string(2 * (100'000 + i))), std::string::npos) << outcome.output_json;
  }
}

TEST(ThreadTest, TwoEnginesInOneProcess) {
  const auto one = Engine::Open({});
  auto two = Engine::Open({});
  EXPECT_EQ(RunBody(*two, "return { data: 2 };").status, Status::kSucceeded);
  two.reset();
  EXPECT_EQ(RunBody(*one, "return { data: 1 };").status, Status::kSucceeded);
}

TEST(ThreadTest, AnEngineOutlivesTheThreadThatOpenedIt) {
  std::unique_ptr<Engine> engine;
  std::thread([&] { engine = Engine::Open({}); }).join();
  const Outcome outcome = RunBody(*engine, "return { data: 1 };");
  EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
}

TEST(RequestTest, InvalidRequestsAreRefusedBeforeAnythingStarts) {
  const auto engine = Engine::Open({});
  ExecutionRequest good;
  good.bundle = FlowBundle("return { data: 1 };");
  const auto refused = [&](auto change, const std::string& word) {
    ExecutionRequest request = good;
    change(request);
    try {
      engine->Start(request);
      ADD_FAILURE() << "not refused: " << word;
    } catch (const EngineError& error) {
      EXPECT_EQ(error.status(), Status::kInvalid);
      EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
  };
  refused([](auto& request) { request.bundle = nullptr; }, "bundle");
  refused([](auto& request) { request.event_json = "{"; }, "event");
  refused([](auto& request) { request.event_json = ""; }, "event");
  refused([](auto& request) { request.config_json = "nope"; }, "config");
  refused([](auto& request) { request.event_json = "\"\xe9\""; }, "the byte at offset 1");
  refused([](auto& request) { request.flow = "\xff"; }, "UTF-8");
  refused([](auto& request) { request.tenant = "a\xff"; }, "UTF-8");
  refused([](auto& request) { request.event_json = "\"" + std::string(9 << 20, 'x') + "\""; }, "8MB");
  refused([](auto& request) { request.limits.wall_ms = ~0ull; }, "wall");
  refused([](auto& request) { request.limits.heap_bytes = 1; }, "heap");
  refused([](auto& request) { request.allow_origins = {"not an origin"}; }, "origin");
  EXPECT_EQ(RunToEnd(*engine, good).status, Status::kSucceeded);
}

// The status that opening fails with, and why.
std::pair<Status, std::string> WhyNotOpened(const EngineOptions& options) {
  try {
    Engine::Open(options);
  } catch (const EngineError& error) {
    return {error.status(), error.what()};
  }
  return {Status::kSucceeded, "opened"};
}

TEST(InstallationTest, APartThatIsMissingIsOneSentenceWithTheRemedy) {
  const TemporaryFolder folder;
  const auto& path = folder.path();
  std::filesystem::permissions(path, std::filesystem::perms{0755});
  using testing::AllOf;
  using testing::HasSubstr;
  using testing::Pair;
  EXPECT_THAT(WhyNotOpened({.image = path / "absent"}),
              Pair(Status::kFault, AllOf(HasSubstr((path / "absent").string()), HasSubstr("build it"))));
  std::ofstream(path / "manifest.json") << "{}";
  EXPECT_THAT(WhyNotOpened({.image = path}),
              Pair(Status::kFault, AllOf(HasSubstr((path / "root").string()), HasSubstr("build or install it again"))));
  std::filesystem::create_directory(path / "root");
  std::filesystem::permissions(path / "root", std::filesystem::perms{0755});
  EXPECT_THAT(WhyNotOpened({.image = path}),
              Pair(Status::kUnenforceable, AllOf(HasSubstr("/zygote"), HasSubstr("Build it again"))));
  EXPECT_THAT(WhyNotOpened({.launcher = path / "launcher"}),
              Pair(Status::kFault, AllOf(HasSubstr((path / "launcher").string()), HasSubstr("No such file"),
                                         HasSubstr("build or install it again"))));
  EXPECT_THAT(WhyNotOpened({.launcher = "/bin/true"}),
              Pair(Status::kFault, AllOf(HasSubstr("before it was ready"), HasSubstr("build or install them again"))));
}

}  // namespace
}  // namespace warder::e2e
