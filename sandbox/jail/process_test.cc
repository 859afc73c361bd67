#include "sandbox/jail/process.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <string>
#include <thread>

#include "sandbox/jail/proc_file.h"
#include "sandbox/jail/testing/child.h"

namespace warder::jail {
namespace {

using testing::InChild;
using testing::Say;

// The report's pipe only ends when the grandchild is dead, too: without the signal this test would not come to its end.
TEST(Process, DiesWithItsParent) {
  const auto end = InChild([]() -> std::string {
    int ready[2];
    if (pipe(ready) != 0) return "pipe";
    if (fork() == 0) {
      const bool armed = static_cast<bool>(DieWithParent());
      if (write(ready[1], armed ? "1" : "0", 1) != 1) _exit(1);
      for (;;) pause();
    }
    char armed = 0;
    return read(ready[0], &armed, 1) == 1 ? std::string(1, armed) : "read";
  });
  EXPECT_EQ(end.said, "1");
}

TEST(Process, ForbidsNewPrivileges) {
  EXPECT_EQ(InChild([] {
              const std::string said = Say(ForbidNewPrivileges());
              return said + (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? " set" : " not set");
            }).said,
            "ok set");
}

TEST(Process, IsOrIsNotDumpable) {
  const auto owner = [](Dumpable dumpable) {
    return InChild([dumpable] {
             if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return std::string("cannot leave root");
             if (const auto done = SetDumpable(dumpable); !done) return Say(done);
             struct stat status {};
             return stat("/proc/self/environ", &status) == 0 ? std::to_string(status.st_uid == geteuid()) : "no /proc";
           })
        .said;
  };
  EXPECT_EQ(owner(Dumpable::kNo), "0");
  EXPECT_EQ(owner(Dumpable::kYes), "1");
}

std::string MakeExecutable() {
  void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0 ? "executable" : "refused " + std::to_string(errno);
}

TEST(Process, MdweAloneStopsExecutableMemory) {
  const auto end = InChild([] {
    const auto done = RefuseExecGain();
    return done ? MakeExecutable() : Say(done);
  });
  if (end.said.starts_with("mdwe: ")) GTEST_SKIP() << end.said;
  EXPECT_EQ(end.said, "refused " + std::to_string(EACCES));
  EXPECT_EQ(InChild(MakeExecutable).said, "executable");
}

TEST(Process, SpeculationIsRestrictedOrExplained) {
  const auto end = InChild([] {
    const auto done = RestrictSpeculation();
    return done ? "ok " + *done : Say(done);
  });
  EXPECT_NE(end.said.find("store bypass: "), std::string::npos) << end.said;
  EXPECT_NE(end.said.find("indirect branch: "), std::string::npos) << end.said;
  EXPECT_TRUE(end.said.starts_with("ok ") || end.said.starts_with("speculation: ")) << end.said;
}

TEST(Process, ForgetsWhatItsHostDidWithSignals) {
  EXPECT_EQ(InChild([]() -> std::string {
              signal(SIGTERM, SIG_IGN);
              sigset_t all;
              sigfillset(&all);
              sigprocmask(SIG_SETMASK, &all, nullptr);
              if (const auto done = ResetSignals(); !done) return Say(done);
              const std::string status = "\n" + ProcFolder(getpid()).Read("status").value_or("");
              return StatusValue(status, "SigIgn") + StatusValue(status, "SigBlk") + StatusValue(status, "SigCgt");
            }).said,
            std::string(48, '0'));
}

TEST(Process, IsRandomisedWhateverItsHostWas) {
  EXPECT_EQ(InChild([]() -> std::string {
              personality(ADDR_NO_RANDOMIZE);
              const std::string said = Say(ResetPersonality());
              return said + " " + std::to_string(personality(0xffffffff));
            }).said,
            "ok 0");
}

TEST(Process, CountsItsThreads) {
  EXPECT_EQ(InChild([] {
              const std::string before = std::to_string(IsSingleThreaded());
              std::thread other([] {
                for (;;) pause();
              });
              other.detach();
              return before + std::to_string(IsSingleThreaded());
            }).said,
            "10");
}

}  // namespace
}  // namespace warder::jail
