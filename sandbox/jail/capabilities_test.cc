#include "sandbox/jail/capabilities.h"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "sandbox/jail/proc_file.h"
#include "sandbox/jail/testing/child.h"

namespace warder::jail {
namespace {

using testing::InNamespacedChild;
using testing::Say;

#define SKIP_WITHOUT_NAMESPACES(end) \
  if ((end).said.starts_with("no user namespace")) GTEST_SKIP() << (end).said

std::string Sets() {
  const std::string status = "\n" + ProcFolder(getpid()).Read("status").value_or("");
  std::string text;
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    text += " " + std::to_string(std::stoull(StatusValue(status, set), nullptr, 16));
  }
  return text;
}

std::string MountTmpfs() {
  return mount("x", "/tmp", "tmpfs", 0, nullptr) == 0 ? " mounted" : " " + std::to_string(errno);
}

TEST(Capabilities, DroppedFromAllFiveSets) {
  const auto end = InNamespacedChild([] {
    std::string said = Say(DropAllCapabilities());
    said += Sets();
    return said + MountTmpfs();
  });
  SKIP_WITHOUT_NAMESPACES(end);
  EXPECT_EQ(end.said, "ok 0 0 0 0 0 " + std::to_string(EPERM));
  // The positive control.
  EXPECT_EQ(InNamespacedChild(MountTmpfs).said, " mounted");
}

TEST(Capabilities, TheSealKeepsTwoInEverySetSoThatTheySurviveTheExec) {
  const auto end = InNamespacedChild([] {
    const std::string said = Say(KeepSealCapabilities());
    return said + Sets();
  });
  SKIP_WITHOUT_NAMESPACES(end);
  const std::string kept = " " + std::to_string((1 << 21) | (1 << 8));  // CAP_SYS_ADMIN, CAP_SETPCAP
  EXPECT_EQ(end.said, "ok" + kept + kept + kept + kept + kept);
}

TEST(Capabilities, CannotBeDroppedTwiceOrWithoutTheRight) {
  const auto end = InNamespacedChild([] {
    if (const auto done = DropAllCapabilities(); !done) return Say(done);
    return Say(DropAllCapabilities()) + "|" + Say(KeepSealCapabilities());
  });
  SKIP_WITHOUT_NAMESPACES(end);
  // The secure bits are locked: even their setter has lost the right.
  EXPECT_TRUE(end.said.starts_with("capabilities: ")) << end.said;
  EXPECT_NE(end.said.find("|capabilities: "), std::string::npos) << end.said;
}

}  // namespace
}  // namespace warder::jail
