#include "engine/connections/refresh_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/store/testing/children.h"
#include "engine/store/testing/scratch.h"

namespace warder::connections {
namespace {

class RefreshLockTest : public ::testing::Test {
 protected:
  bool Free(const char* tenant = "acme", const char* connection = "mail") {
    auto lock = RefreshLock::Try(scratch_.folder(), *store::TenantId::Parse(tenant), connection);
    EXPECT_TRUE(lock) << (lock ? "" : lock.error().message);
    return lock && lock->has_value();
  }
  auto Take() { return RefreshLock::Try(scratch_.folder(), *store::TenantId::Parse("acme"), "mail"); }

  store::Scratch scratch_;
};

TEST_F(RefreshLockTest, OneHolderOfAConnectionAtATime) {
  {
    const auto held = Take();
    ASSERT_TRUE(held && *held);
    EXPECT_FALSE(Free()) << "the same process";
    EXPECT_TRUE(Free("acme", "other"));
    EXPECT_TRUE(Free("other", "mail"));
    EXPECT_EQ(store::Wait(store::StartChild([&] { EXPECT_FALSE(Free()) << "another process"; })), 0);
  }
  EXPECT_TRUE(Free());
}

TEST_F(RefreshLockTest, ItIsGoneWithItsHolderHoweverThatDies) {
  int held[2];
  ASSERT_EQ(::pipe(held), 0);
  const pid_t child = store::StartChild([&] {
    const auto lock = Take();
    if (lock && *lock && ::write(held[1], "x", 1) == 1) {
      for (;;) ::pause();
    }
  });
  char byte = 0;
  ASSERT_EQ(::read(held[0], &byte, 1), 1);
  EXPECT_FALSE(Free());
  ::kill(child, SIGKILL);
  EXPECT_TRUE(WIFSIGNALED(store::Wait(child)));
  EXPECT_TRUE(Free());
  ::close(held[0]);
  ::close(held[1]);
}

TEST_F(RefreshLockTest, ItsFilesAreForThisUserAloneAndFollowNoLink) {
  ASSERT_TRUE(Free());
  const auto folder = scratch_.folder() / "locks";
  struct stat status {};
  ASSERT_EQ(::stat(folder.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700U);
  const auto file = std::filesystem::directory_iterator(folder)->path();
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  EXPECT_EQ(file.string().find("mail"), std::string::npos);
  std::filesystem::remove(file);
  std::filesystem::create_symlink("/dev/null", file);
  const auto lock = Take();
  ASSERT_FALSE(lock);
  EXPECT_NE(lock.error().message.find("cannot be locked"), std::string::npos) << lock.error().message;
}

}  // namespace
}  // namespace warder::connections
