// kill -9 of the engine leaves no process one second later, whatever the launcher, the zygote and the cells were doing.
//
// This process adopts orphans, so that whatever survives its parent becomes its child, and waiting for all children
// proves that nothing does.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <string>

#include "sandbox/zygote/launcher.h"
#include "sandbox/zygote/testcases/harness.h"

namespace warder::testcases {
namespace {

constexpr std::chrono::seconds kAllowed(1);

class LifetimeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::string reason = WhyNoJail();
    if (!reason.empty()) GTEST_SKIP() << reason;
    ASSERT_EQ(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
  }
  void TearDown() override { prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0); }

  // Runs `engine` in a process of its own that says on a pipe when it has got where it should be killed.
  template <typename Function>
  void KillEngineIn(const Function& engine, std::chrono::microseconds delay = {}) {
    std::array<int, 2> ready{};
    ASSERT_EQ(pipe(ready.data()), 0);
    UniqueFd ready_read(ready[0]);
    UniqueFd ready_write(ready[1]);
    const pid_t pid = fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      engine([&] { return write(ready_write.get(), "!", 1) == 1; });
      for (;;) pause();
    }
    ready_write.reset();
    char byte = 0;
    ASSERT_EQ(read(ready_read.get(), &byte, 1), 1);
    if (delay.count() > 0) {
      const auto until = std::chrono::steady_clock::now() + delay;
      while (std::chrono::steady_clock::now() < until) {
      }
    }
    ASSERT_EQ(kill(pid, SIGKILL), 0);
    EXPECT_TRUE(Eventually(
        [] {
          while (waitpid(-1, nullptr, WNOHANG | __WALL) > 0) {
          }
          return errno == ECHILD;
        },
        kAllowed))
        << DescendantsOf(getpid()).size() << " left";
    // Whatever is left must not disturb the next test.
    for (const pid_t left : DescendantsOf(getpid())) kill(left, SIGKILL);
  }

  TestImage image_;
};

TEST_F(LifetimeTest, WhileTheLauncherWorks) {
  for (int i = 0; i < 40; ++i) {
    KillEngineIn(
        [&](const auto& say) {
          // Said before the launcher has done its first step; the delay walks through all of them.
          say();
          auto zygote = zygote::Zygote::Launch(OptionsFor(image_));
          for (;;) pause();
        },
        std::chrono::microseconds(150 * i));
  }
}

TEST_F(LifetimeTest, WhenTheZygoteIsReady) {
  KillEngineIn([&](const auto& say) {
    TestEngine engine(OptionsFor(image_));
    say();
    for (;;) pause();
  });
}

TEST_F(LifetimeTest, WhenCellsRun) {
  KillEngineIn([&](const auto& say) {
    TestEngine engine(OptionsFor(image_));
    Cell looping = engine.Spawn();
    looping.Tell("loop");
    Cell waiting = engine.Spawn();
    say();
    for (;;) pause();
  });
}

TEST_F(LifetimeTest, WhileCellsAreForked) {
  for (int i = 0; i < 10; ++i) {
    KillEngineIn(
        [&](const auto& say) {
          TestEngine engine(OptionsFor(image_));
          say();
          for (;;) {
            Cell cell = engine.Spawn();
            cell.Tell("loop");
          }
        },
        std::chrono::microseconds(300 * i));
  }
}

// The zygote does not depend on the signal alone: the end of the control socket is enough.
TEST_F(LifetimeTest, WhenOnlyTheSocketCloses) {
  KillEngineIn([&](const auto& say) {
    TestEngine engine(OptionsFor(image_));
    Cell cell = engine.Spawn();
    cell.Tell("loop");
    shutdown(engine.zygote().control_fd(), SHUT_RDWR);
    const pid_t zygote = engine.zygote().pid();
    if (Eventually([&] { return StatusField(zygote, "State").starts_with("Z"); }, kAllowed)) say();
    for (;;) pause();
  });
}

}  // namespace
}  // namespace warder::testcases
