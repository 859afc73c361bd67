// The limits alone: no filter, no cgroup helps them.
#include "sandbox/jail/rlimits.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/descriptors.h"
#include "sandbox/jail/identity.h"
#include "sandbox/jail/namespaces.h"
#include "sandbox/jail/process.h"
#include "sandbox/jail/testing/child.h"

namespace warder::jail {
namespace {

using testing::InChild;
using testing::Say;

std::string Open() {
  const UniqueFd file(open("/", O_RDONLY | O_CLOEXEC));
  return file ? "opened" : std::to_string(errno);
}

TEST(Rlimits, NothingCanBeOpenedBesideTheSocket) {
  EXPECT_EQ(InChild([] {
              const std::string said = Say(ApplyLimits(CellLimits()));
              return said + " " + Open();
            }).said,
            "ok " + std::to_string(EMFILE));
  EXPECT_EQ(InChild(Open).said, "opened");
}

std::string Fork() {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  return child > 0 ? "forked" : std::to_string(errno);
}

TEST(Rlimits, NoProcessCanBeMade) {
  const auto jailed = [](bool limited) {
    return InChild([limited]() -> std::string {
      LayerLog log({});
      // The limit does not bind uid 0 of the host; a jail never has it.
      if (!LeaveRoot(JailUidFor(getpid())) || !SetDumpable(Dumpable::kYes) || !EnterNamespaces(log))
        return "no user namespace";
      // Rights inside of its own namespace do not lift it, but the initial namespace's would: a cell has none at all.
      SetupResult<ForkedCell> cell = ForkCell();
      if (!cell) return "no cell";
      if (cell->pid != 0) {
        waitpid(cell->pid, nullptr, 0);
        return "";
      }
      if (limited && !ApplyLimits(CellLimits())) return "no limits";
      return Fork();
    });
  };
  const auto control = jailed(false);
  if (control.said == "no user namespace") GTEST_SKIP() << control.said;
  EXPECT_EQ(control.said, "forked");
  EXPECT_EQ(jailed(true).said, std::to_string(EAGAIN));
}

TEST(Rlimits, MemoryIsBounded) {
  const auto map = []() -> std::string {
    void* memory = mmap(nullptr, std::size_t{64} << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? std::to_string(errno) : "mapped";
  };
  EXPECT_EQ(InChild([&] {
              const std::string said = Say(ApplyLimits(MemoryAndCpuLimits(std::uint64_t{32} << 20, 60)));
              return said + " " + map();
            }).said,
            "ok " + std::to_string(ENOMEM));
  EXPECT_EQ(InChild(map).said, "mapped");
}

TEST(Rlimits, CpuTimeEndsInSigkill) {
  const auto end = InChild([]() -> std::string {
    if (!ApplyLimits(MemoryAndCpuLimits(std::uint64_t{1} << 30, 1))) return "no limits";
    for (;;) asm volatile("");
  });
  ASSERT_TRUE(WIFSIGNALED(end.status));
  EXPECT_EQ(WTERMSIG(end.status), SIGKILL);
}

TEST(Rlimits, AnOrdinaryUserCannotRaiseThemAgain) {
  EXPECT_EQ(InChild([]() -> std::string {
              if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return "cannot leave root";
              if (!ApplyLimits(CellLimits())) return "no limits";
              const rlimit more{10, 10};
              return setrlimit(RLIMIT_NOFILE, &more) == 0 ? "raised" : std::to_string(errno);
            }).said,
            std::to_string(EPERM));
}

// A host whose own limit is lower is not a failure.
TEST(Rlimits, ALowerLimitOfTheHostStays) {
  EXPECT_EQ(InChild([]() -> std::string {
              if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return "cannot leave root";
              const rlimit low{32, 32};
              setrlimit(RLIMIT_NOFILE, &low);
              const std::string said = Say(ApplyLimits(LauncherLimits()));
              rlimit now{};
              getrlimit(RLIMIT_NOFILE, &now);
              return said + " " + std::to_string(now.rlim_max);
            }).said,
            "ok 32");
}

TEST(Rlimits, TablesAreReadable) {
  for (const auto table : {LauncherLimits(), ZygoteLimits(), CellLimits()}) {
    for (const Limit& limit : table) {
      EXPECT_TRUE(limit.name.starts_with("Max "));
      EXPECT_FALSE(limit.reason.empty());
    }
  }
}

TEST(Descriptors, AreMovedAndClosed) {
  EXPECT_EQ(InChild([]() -> std::string {
              const int zero = open("/dev/null", O_RDONLY | O_CLOEXEC);
              if (!MoveDescriptor(zero, 20) || !MoveDescriptor(20, 20)) return "cannot move";
              std::string said;
              if (!CloseRange(0, 2)) return "cannot close";
              for (const int fd : OpenDescriptors()) said += std::to_string(fd) + " ";
              return said + Say(MoveDescriptor(19, 20)).substr(0, 12) + " " +
                     Say(MoveDescriptor(19, 19)).substr(0, 12) + " " + Say(CloseRange(5, 4)).substr(0, 12);
            }).said,
            "3 20 descriptors: descriptors: descriptors:");
}

}  // namespace
}  // namespace warder::jail
