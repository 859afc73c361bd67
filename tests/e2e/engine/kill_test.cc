// kill -9 of the engine, at any moment of its life, leaves no process of it alive one second later.
//
// This process is made the reaper of all that its descendants leave behind, so that "nothing left" is exact: there is
// no child left to wait for.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <string>

#include "tests/e2e/engine/support.h"

namespace warder::e2e {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

pid_t StartRun(const std::string& warder, const std::string& bundle) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const int null = ::open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) ::dup2(null, fd);
    ::execl(warder.c_str(), "warder", "run", bundle.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  return pid;
}

// Reaps what has ended; true when no child is left at all.
bool NothingLeft() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
  return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
}

void Pause(microseconds time) {
  const timespec wait{time.count() / 1'000'000, time.count() % 1'000'000 * 1000};
  ::nanosleep(&wait, nullptr);
}

class KillTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const char* warder = std::getenv("WARDER");
    ASSERT_NE(warder, nullptr) << "WARDER names the command; meson test sets it";
    warder_ = warder;
    ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    ASSERT_TRUE(NothingLeft());
    std::ofstream(folder_.path() / "index.js") << FlowSource(GetParam());
  }
  // Starts the command, kills it after `moment`; how long it took until nothing was left.
  milliseconds KillAfter(microseconds moment, std::size_t* seen) {
    const pid_t engine = StartRun(warder_, folder_.path());
    Pause(moment);
    *seen = std::max(*seen, DescendantsOf(engine).size());
    ::kill(engine, SIGKILL);
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_TRUE(Poll(NothingLeft, std::chrono::seconds(1))) << "killed after " << moment.count() << " us";
    const auto took = std::chrono::steady_clock::now() - begun;
    // Whatever is still there must not disturb the next round.
    for (const pid_t left : DescendantsOf(::getpid())) ::kill(left, SIGKILL);
    EXPECT_TRUE(Poll(NothingLeft));
    return std::chrono::duration_cast<milliseconds>(took);
  }

  TemporaryFolder folder_;
  std::string warder_;
};

TEST_P(KillTest, LeavesNothingAliveOneSecondLater) {
  std::size_t seen = 0;
  milliseconds slowest{0};
  // Fine steps while the jail is set up, then coarse ones into the run.
  for (int i = 0; i < 60; ++i) slowest = std::max(slowest, KillAfter(microseconds(i * 1000), &seen));
  for (int i = 0; i < 10; ++i) slowest = std::max(slowest, KillAfter(microseconds(80'000 + i * 40'000), &seen));
  EXPECT_GE(seen, 2u) << "positive control: the zygote and a cell were alive at some of these moments";
  std::printf("slowest: %lld ms; at most %zu processes below the engine\n", static_cast<long long>(slowest.count()),
              seen);
}

INSTANTIATE_TEST_SUITE_P(Kill, KillTest,
                         testing::Values("for (;;);", "await new Promise((done) => setTimeout(done, 60_000));"),
                         [](const auto& body) { return body.index == 0 ? "Busy" : "Waiting"; });

}  // namespace
}  // namespace warder::e2e
