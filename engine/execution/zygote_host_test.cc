// A zygote on a loop of the test's own: stopped, slow, gone.
#include "engine/execution/zygote_host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <csignal>
#include <optional>
#include <string>

#include "engine/execution/testcases/engine_fixture.h"

namespace warder::execution {
namespace {

using testing::HasSubstr;
using testing::Not;

// Hears what becomes of one cell.
struct Owner final : CellOwner {
  void OnSpawned(UniqueFd) override { spawned = true; }
  void OnSpawnFailed(const zygote::SpawnFailed&) override { FAIL() << "no cell"; }
  void OnReaped(const zygote::Reaped&) override {}
  void OnZygoteLost(const Error& why) override { lost = why.message; }
  bool spawned = false;
  std::optional<std::string> lost;
};

class ZygoteHostTest : public testing::Test {
 protected:
  void Launch(std::chrono::milliseconds answer_deadline = ZygoteHost::kAnswerDeadline) {
    zygote::LaunchOptions options;
    options.launcher_path = TEST_LAUNCHER;
    options.image_root = TEST_IMAGE "/root";
    auto launched = ZygoteHost::Launch(loop_, undertaker_, options, "", answer_deadline);
    ASSERT_TRUE(launched) << launched.error().message;
    host_ = std::move(*launched);
    host_->WhenReady([](const Result<zygote::Ready>& ready) { ASSERT_TRUE(ready) << ready.error().message; });
    RunUntil([&] { return host_->ready(); });
  }
  void RunUntil(const std::function<bool()>& done) {
    while (!done()) ASSERT_EQ(loop_.run_one(), 1u);
  }
  void Spawn(Owner& owner) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    ours_.emplace_back(ends[0]);
    host_->Spawn(owner, UniqueFd(ends[1]), {std::uint64_t{256} << 20, 60});
  }

  boost::asio::io_context loop_{1};
  const boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{loop_.get_executor()};
  std::shared_ptr<Undertaker> undertaker_ = std::make_shared<Undertaker>(loop_);
  std::shared_ptr<ZygoteHost> host_;
  std::vector<UniqueFd> ours_;
};

TEST_F(ZygoteHostTest, IsReadyWhenItsLauncherIsGone) {
  Launch();
  EXPECT_EQ(Children().size(), 1u);
}

TEST_F(ZygoteHostTest, OneThatDoesNotAnswerIsGivenUp) {
  Launch(std::chrono::milliseconds(100));
  ASSERT_EQ(::kill(Children().at(0), SIGSTOP), 0);
  // More than it is asked for at a time.
  std::vector<Owner> owners(70);
  for (Owner& owner : owners) Spawn(owner);
  RunUntil([&] { return owners.back().lost.has_value(); });
  for (const Owner& owner : owners) {
    ASSERT_TRUE(owner.lost);
    EXPECT_THAT(*owner.lost, HasSubstr("it has not made the cells that it was asked for"));
  }
}

// Its end is waited for elsewhere: until that is over nobody is told, and nothing waits.
TEST_F(ZygoteHostTest, TheLoopGoesOnWhileItEnds) {
  Launch();
  Owner owner;
  Spawn(owner);
  RunUntil([&] { return owner.spawned; });
  host_->GiveUp("as a test");
  EXPECT_FALSE(host_->usable());
  EXPECT_FALSE(owner.lost);
  EXPECT_FALSE(undertaker_->idle());
  RunUntil([&] { return owner.lost.has_value(); });
  EXPECT_TRUE(undertaker_->idle());
  EXPECT_TRUE(Children().empty());
  Owner late;
  Spawn(late);
  RunUntil([&] { return late.lost.has_value(); });
  EXPECT_THAT(*late.lost, HasSubstr("as a test"));
}

}  // namespace
}  // namespace warder::execution
