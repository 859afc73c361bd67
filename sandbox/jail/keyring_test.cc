#include "sandbox/jail/keyring.h"

#include <gtest/gtest.h>
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "sandbox/jail/testing/child.h"

namespace warder::jail {
namespace {

using testing::ChildEnd;
using testing::InChild;
using testing::Say;

long FindSecret() {
  return syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", "warder-test-secret", 0);
}

// As a host program that holds a key in its session keyring.
std::string PlantSecret() {
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) return "no keyrings: " + std::to_string(errno);
  if (syscall(SYS_add_key, "user", "warder-test-secret", "x", 1, KEY_SPEC_SESSION_KEYRING) < 0) {
    return "no key: " + std::to_string(errno);
  }
  return FindSecret() >= 0 ? "planted" : "lost";
}

TEST(Keyring, TheHostsSessionKeyringIsLeft) {
  const ChildEnd end = InChild([]() -> std::string {
    if (std::string planted = PlantSecret(); planted != "planted") return planted;
    if (const SetupResult<> left = LeaveSessionKeyring(); !left) return Say(left);
    return FindSecret() < 0 && errno == ENOKEY ? "not found" : "found";
  });
  if (end.said.starts_with("no keyrings")) GTEST_SKIP() << "this machine gives no keyring: " << end.said;
  EXPECT_EQ(end.said, "not found");
}

}  // namespace
}  // namespace warder::jail
