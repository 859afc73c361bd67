#include "sandbox/jail/namespaces.h"

#include <gtest/gtest.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "sandbox/jail/proc_file.h"
#include "sandbox/jail/testing/child.h"

namespace warder::jail {
namespace {

using testing::InChild;
using testing::InNamespacedChild;

#define SKIP_WITHOUT_NAMESPACES(end) \
  if ((end).said.starts_with("no user namespace")) GTEST_SKIP() << (end).said

TEST(Namespaces, EachDiffersFromTheHosts) {
  const ProcFolder ours(getpid());
  const auto end = InNamespacedChild([&] {
    const ProcFolder theirs(getpid());
    std::string shared;
    for (const NamespaceKind& kind : NamespaceKinds()) {
      const std::string path = std::string("ns/") + kind.file;
      // A time namespace is entered by the next child only, a pid namespace by clone.
      if (kind.flag == CLONE_NEWTIME || kind.flag == CLONE_NEWPID) continue;
      if (ours.ReadLink(path.c_str()) == theirs.ReadLink(path.c_str())) shared += kind.file;
    }
    return "shared: " + shared;
  });
  SKIP_WITHOUT_NAMESPACES(end);
  EXPECT_EQ(end.said, "shared: ");
}

TEST(Namespaces, HideTheHostsNameAndItsRoot) {
  const auto end = InNamespacedChild([] {
    utsname name{};
    uname(&name);
    return std::string(name.nodename) + " " + std::string(name.domainname) + " " + std::to_string(getuid()) + " " +
           std::to_string(getgid());
  });
  SKIP_WITHOUT_NAMESPACES(end);
  EXPECT_EQ(end.said, "jail jail " + std::to_string(kInnerId) + " " + std::to_string(kInnerId));
}

TEST(Namespaces, AFailureNamesItsLayerAndARemedy) {
  const auto end = InNamespacedChild([]() -> std::string {
    // Its own limit: no further namespace below this one.
    FILE* limit = fopen("/proc/sys/user/max_net_namespaces", "w");
    if (limit == nullptr || fputs("0", limit) < 0 || fclose(limit) != 0) return "cannot set the limit";
    LayerLog log({});
    const auto entered = EnterNamespaces(log);
    return entered ? "entered" : testing::Say(entered) + std::to_string(entered.error().error_number);
  });
  SKIP_WITHOUT_NAMESPACES(end);
  EXPECT_TRUE(end.said.starts_with("network-namespace: unshare(net)")) << end.said;
  EXPECT_NE(end.said.find("/proc/sys/user"), std::string::npos) << end.said;
}

TEST(Namespaces, TheZygoteIsTheFirstOfItsPidNamespaceAndASibling) {
  const pid_t test = getpid();
  const auto end = InNamespacedChild([&]() -> std::string {
    const pid_t launcher = getpid();
    const SetupResult<pid_t> pid = ForkIntoPidNamespace();
    if (!pid) return testing::Say(pid);
    if (*pid == 0) return "pid " + std::to_string(getpid()) + " parent " + std::to_string(getppid());
    static_cast<void>(launcher);
    return "";
  });
  SKIP_WITHOUT_NAMESPACES(end);
  EXPECT_EQ(end.said, "pid 1 parent 0");
  // It was our child, not the launcher's.
  EXPECT_GT(waitpid(-1, nullptr, 0), 0) << "of " << test;
}

TEST(Namespaces, ACellGetsItsOwnAndAPidfd) {
  const auto end = InNamespacedChild([]() -> std::string {
    SetupResult<ForkedCell> cell = ForkCell();
    if (!cell) return testing::Say(cell);
    if (cell->pid == 0) _exit(getpid() == 1 && getuid() == kInnerId ? 5 : 6);
    siginfo_t info{};
    if (waitid(P_PIDFD, static_cast<id_t>(cell->pidfd.get()), &info, WEXITED) != 0) return "waitid";
    return "exit " + std::to_string(info.si_status);
  });
  SKIP_WITHOUT_NAMESPACES(end);
  EXPECT_EQ(end.said, "exit 5");
}

TEST(Namespaces, ACellThatCannotBeForkedIsAnError) {
  const auto end = InNamespacedChild([]() -> std::string {
    FILE* limit = fopen("/proc/sys/user/max_user_namespaces", "w");
    if (limit == nullptr || fputs("0", limit) < 0 || fclose(limit) != 0) return "cannot set the limit";
    SetupResult<ForkedCell> cell = ForkCell();
    if (cell && cell->pid == 0) _exit(0);
    return cell ? "forked" : testing::Say(cell);
  });
  SKIP_WITHOUT_NAMESPACES(end);
  EXPECT_TRUE(end.said.starts_with("user-namespace: clone of a cell")) << end.said;
}

}  // namespace
}  // namespace warder::jail
