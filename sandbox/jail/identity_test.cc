#include "sandbox/jail/identity.h"

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <string>

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/testing/child.h"

namespace warder::jail {
namespace {

using testing::InChild;
using testing::Say;

constexpr std::uint32_t kUid = kFirstJailUid + 77;

TEST(Identity, AJailHasItsOwnUid) {
  EXPECT_NE(JailUidFor(1), JailUidFor(2));
  EXPECT_GE(JailUidFor(1), kFirstJailUid);
}

TEST(Identity, RootBecomesNobodyElse) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has a uid to leave";
  EXPECT_EQ(InChild([] {
              const gid_t group = 0;
              setgroups(1, &group);
              const std::string said = Say(LeaveRoot(kUid));
              return said + " " + std::to_string(getuid()) + " " + std::to_string(getgid()) + " groups " +
                     std::to_string(getgroups(0, nullptr)) + " back " + std::to_string(setuid(0));
            }).said,
            "ok " + std::to_string(kUid) + " " + std::to_string(kUid) + " groups 0 back -1");
}

TEST(Identity, AnOrdinaryUserStaysTheSame) {
  EXPECT_EQ(InChild([] {
              if (geteuid() == 0 && (setresgid(65534, 65534, 65534) != 0 || setresuid(65534, 65534, 65534) != 0))
                return std::string("cannot leave root");
              const uid_t before = getuid();
              const std::string said = Say(LeaveRoot(kUid));
              return said + (getuid() == before ? " same" : " changed");
            }).said,
            "ok same");
}

TEST(Identity, RefusesUidZeroAndMinusOne) {
  if (geteuid() != 0) GTEST_SKIP() << "only root has a uid to leave";
  EXPECT_TRUE(InChild([] { return Say(LeaveRoot(0)); }).said.starts_with("uid: "));
  EXPECT_TRUE(InChild([] { return Say(LeaveRoot(~0U)); }).said.starts_with("uid: "));
}

TEST(Identity, RefusesAUserWhoCouldSwitchBack) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root to make such a process";
  EXPECT_TRUE(InChild([] {
                if (setresuid(1000, 1001, 1002) != 0) return std::string("setresuid");
                return Say(LeaveRoot(kUid));
              }).said.starts_with("uid: The engine's real"));
}

// As in a container that maps a few ids only.
TEST(Identity, AnUnmappedUidIsRefusedWithARemedy) {
  const auto end = InChild([]() -> std::string {
    const std::string map = "0 " + std::to_string(geteuid()) + " 1";
    if (unshare(CLONE_NEWUSER) != 0) return "no user namespace";
    const UniqueFd file(open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC));
    if (write(file.get(), map.data(), map.size()) != static_cast<ssize_t>(map.size())) return "no user namespace";
    return Say(LeaveRoot(kUid));
  });
  if (end.said == "no user namespace") GTEST_SKIP() << end.said;
  EXPECT_TRUE(end.said.starts_with("uid: ")) << end.said;
  EXPECT_NE(end.said.find("inside a container give a jail uid that the container maps"), std::string::npos) << end.said;
}

}  // namespace
}  // namespace warder::jail
