// Many at once, and many one after the other: what there is no room for is refused and harms nobody, and what is over
// is forgotten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "tests/e2e/engine/support.h"

namespace warder::e2e {
namespace {

using testing::HasSubstr;

rlimit OpenFiles() {
  rlimit limit{};
  EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  return limit;
}

// The soft limit, until this goes.
class OpenFilesLimit {
 public:
  explicit OpenFilesLimit(rlim_t soft) : before_(OpenFiles()) {
    const rlimit limit{soft, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &limit), 0);
  }
  OpenFilesLimit(const OpenFilesLimit&) = delete;
  OpenFilesLimit& operator=(const OpenFilesLimit&) = delete;
  ~OpenFilesLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  const rlimit before_;
};

pid_t Zygote() {
  const std::vector<pid_t> all = DescendantsOf(::getpid());
  return all.empty() ? -1 : *std::min_element(all.begin(), all.end());
}

TEST(ScaleTest, TheSoftLimitOnOpenFilesBecomesTheHardOne) {
  const OpenFilesLimit low(200);
  const auto engine = Engine::Open({});
  EXPECT_EQ(OpenFiles().rlim_cur, std::min<rlim_t>(OpenFiles().rlim_max, 65'536));
}

TEST(ScaleTest, ALimitThatIsHighEnoughStays) {
  const rlim_t most = std::min<rlim_t>(OpenFiles().rlim_max, 65'536);
  const OpenFilesLimit high(most);
  const auto engine = Engine::Open({});
  EXPECT_EQ(OpenFiles().rlim_cur, most);
}

TEST(ScaleTest, ExecutionsForWhichThereAreNoDescriptorsAreRefusedAndHarmNobody) {
  constexpr std::size_t kExecutions = 200;
  const auto engine = Engine::Open({.pooled_cells = 0});
  const pid_t zygote = Zygote();
  {
    const OpenFilesLimit low(300);
    ExecutionRequest request;
    request.bundle = FlowBundle("console.log('begun'); await new Promise((done) => setTimeout(done, 600_000));");
    request.limits.wall_ms = 900'000;
    std::atomic<std::size_t> begun = 0;
    std::vector<Execution> all;
    for (std::size_t i = 0; i < kExecutions; ++i) {
      all.push_back(engine->Start(request, [&](const Event& event) {
        if (event.kind == Event::Kind::kLog) ++begun;
      }));
    }
    std::vector<Execution> running;
    EXPECT_TRUE(Poll(
        [&] {
          running.clear();
          for (const Execution& each : all) {
            if (each.WaitFor(std::chrono::milliseconds(0)) == nullptr) running.push_back(each);
          }
          return begun == running.size();
        },
        std::chrono::seconds(60)));
    EXPECT_GE(running.size(), 20U);
    EXPECT_LT(running.size(), kExecutions);
    for (const Execution& each : all) {
      const Outcome* const outcome = each.WaitFor(std::chrono::milliseconds(0));
      if (outcome == nullptr) continue;
      EXPECT_EQ(outcome->status, Status::kFault);
      EXPECT_THAT(outcome->reason, HasSubstr("this process may have 300 descriptors open"));
    }
    for (const Execution& each : running) each.Cancel();
    for (const Execution& each : running) EXPECT_EQ(each.Wait().status, Status::kCancelled) << each.Wait().reason;
  }
  EXPECT_EQ(RunBody(*engine, "return { data: 1 };").output_json, "1");
  EXPECT_EQ(Zygote(), zygote);
}

// A pool of connections is kept for 64 tenants at most, each with some descriptors.
TEST(ScaleTest, TenantsWhoAreGoneHaveNothingOpen) {
  const auto engine = Engine::Open({.pooled_cells = 0});
  ExecutionRequest request;
  request.bundle = FlowBundle("await fetch('http://127.0.0.1:1/').catch(() => {}); return { data: 1 };");
  request.allow_origins = {"http://127.0.0.1:1"};
  int tenants = 0;
  const auto run = [&](int count) {
    for (int i = 0; i < count; ++i) {
      request.tenant = "tenant-" + std::to_string(++tenants);
      ASSERT_EQ(RunToEnd(*engine, request).status, Status::kSucceeded);
    }
  };
  run(1);
  const std::size_t one = TakeFootprint().descriptors.size();
  run(99);
  const std::size_t hundred = TakeFootprint().descriptors.size();
  ASSERT_GE(hundred, one + 64) << "each has at least one, while it is kept";
  run(100);
  EXPECT_TRUE(Poll([&] { return TakeFootprint().descriptors.size() <= hundred; }))
      << TakeFootprint().descriptors.size() << " after 200 tenants, " << hundred << " after 100";
}

}  // namespace
}  // namespace warder::e2e
