// What becomes of a cell that makes a forbidden system call: it ends, the call is named, the next cell lives. That each
// attempt would work unjailed is shown by tests/hostile.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <csignal>
#include <string>

#include "sandbox/jail/syscall_table.h"
#include "sandbox/jail/violation.h"
#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"
#include "sandbox/zygote/testcases/harness.h"

namespace warder::testcases {
namespace {

struct Probe {
  std::string name;
  std::string line;  // see testcases/raw_calls.h
  std::string call;  // what the Violation must name
};

std::string Call(long number, const std::string& arguments) {
  return "call " + std::to_string(number) + " " + arguments;
}

std::vector<Probe> Probes() {
  const std::string here = std::to_string(-100);
  return {
      {"open a file", Call(SYS_openat, here + " /etc/passwd 0"), "openat"},
      {"open the old way", Call(SYS_open, "/etc/passwd 0"), "open"},
      {"list the root", Call(SYS_openat, here + " / 0x10000"), "openat"},
      {"its own memory", Call(SYS_openat, here + " /proc/self/mem 0"), "openat"},
      {"tcp socket", Call(SYS_socket, "2 1 0"), "socket"},
      {"unix socket", Call(SYS_socket, "1 1 0"), "socket"},
      {"netlink socket", Call(SYS_socket, "16 3 0"), "socket"},
      {"socketpair", Call(SYS_socketpair, "1 1 0 buffer"), "socketpair"},
      {"thread or process", Call(SYS_clone, "17 0 0 0 0"), "clone"},
      {"fork", Call(SYS_fork, ""), "fork"},
      {"new user namespace", Call(SYS_unshare, "0x10000000"), "unshare"},
      {"execute", Call(SYS_execve, "/bin/true 0 0"), "execve"},
      {"trace itself", Call(SYS_ptrace, "0 0 0 0"), "ptrace"},
      {"signal everybody", Call(SYS_kill, "-1 0"), "kill"},
      {"signal its group", Call(SYS_kill, "0 0"), "kill"},
      {"signal another thread", Call(SYS_tgkill, "1 1 9"), "tgkill"},
      {"executable memory", Call(SYS_mmap, "0 4096 5 0x22 -1 0"), "mmap"},
      {"shared memory", Call(SYS_mmap, "0 4096 3 0x21 -1 0"), "mmap"},
      {"map the socket", Call(SYS_mmap, "0 4096 1 0x2 3 0"), "mmap"},
      {"write, then execute", "mmap-write-exec", "mprotect"},
      {"high bits in mprotect", Call(SYS_mprotect, "0 0 0x100000004"), "mprotect"},
      {"memfd", Call(SYS_memfd_create, "x 0"), "memfd_create"},
      {"where it is", Call(SYS_getcwd, "buffer 4096"), "getcwd"},
      {"duplicate the socket", Call(SYS_dup, "3"), "dup"},
      {"fcntl on the socket", Call(SYS_fcntl, "3 1"), "fcntl"},
      {"ioctl on the socket", Call(SYS_ioctl, "3 0x541b buffer"), "ioctl"},
      {"TIOCSTI with high bits", Call(SYS_ioctl, "3 0x100005412 buffer"), "ioctl"},
      {"send a message", Call(SYS_sendmsg, "3 buffer 0"), "sendmsg"},
      {"receive a message", Call(SYS_recvmsg, "3 buffer 0"), "recvmsg"},
      {"write to 4", Call(SYS_write, "4 buffer 1"), "write"},
      {"read from 0", Call(SYS_read, "0 buffer 0"), "read"},
      {"write with high bits", Call(SYS_write, "0x100000003 buffer 0"), "write"},
      {"raise a limit", Call(SYS_prlimit64, "0 7 0 buffer"), "prlimit64"},
      {"another filter", Call(SYS_seccomp, "2 0 buffer"), "seccomp"},
      {"io_uring", Call(SYS_io_uring_setup, "1 buffer"), "io_uring_setup"},
      {"bpf", Call(SYS_bpf, "0 buffer 8"), "bpf"},
      {"perf", Call(SYS_perf_event_open, "buffer 0 -1 -1 0"), "perf_event_open"},
      {"userfaultfd", Call(SYS_userfaultfd, "1"), "userfaultfd"},
      {"keyring", Call(SYS_keyctl, "0 -3 0"), "keyctl"},
      {"shared memory of System V", Call(SYS_shmget, "0 4096 0x3b6"), "shmget"},
      {"its parent", Call(SYS_getppid, ""), "getppid"},
      {"sleep", Call(SYS_nanosleep, "buffer 0"), "nanosleep"},
      {"uname", Call(SYS_uname, "buffer"), "uname"},
      {"replace the handler", Call(SYS_rt_sigaction, "31 0 buffer 8"), "rt_sigaction"},
      {"dumpable again", Call(SYS_prctl, "4 1 0 0 0"), "prctl"},
  };
}

class HostileCellTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const std::string reason = WhyNoJail();
    if (!reason.empty()) GTEST_SKIP() << reason;
  }
  TestImage image_;
};

std::string ViolationIn(const std::string& bytes) {
  proto::FrameReader reader;
  proto::FromCell message;
  if (!reader.Feed(bytes)) return "no frame in: " + bytes;
  const auto payload = reader.Next();
  if (!payload || !message.ParseFromArray(payload->data(), static_cast<int>(payload->size())) ||
      !message.has_violation()) {
    return "no violation in: " + bytes;
  }
  return jail::SyscallName(message.violation().syscall());
}

TEST_F(HostileCellTest, DiesNamingTheCallAndTheNextOneLives) {
  TestEngine engine(OptionsFor(image_));
  for (const Probe& probe : Probes()) {
    Cell cell = engine.Spawn();
    cell.Tell(probe.line);
    EXPECT_EQ(ViolationIn(cell.ReadRest()), probe.call) << probe.name;
    const int status = engine.AwaitReaped(cell.id).wait_status;
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == jail::kViolationExitStatus) << probe.name << ": " << status;
  }
  EXPECT_EQ(engine.Spawn().Ask("facts"), "pid=1 tid=1 environment=TZ=UTC");
}

TEST_F(HostileCellTest, TheOtherAbiKillsAtOnce) {
  TestEngine engine(OptionsFor(image_));
  Cell cell = engine.Spawn();
  cell.Tell("int80 20");
  EXPECT_EQ(cell.ReadRest(), "");
  const int status = engine.AwaitReaped(cell.id).wait_status;
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << status;
}

TEST_F(HostileCellTest, BlockingTheSignalDoesNotHelp) {
  TestEngine engine(OptionsFor(image_));
  Cell cell = engine.Spawn();
  // All signals blocked: the buffer must hold ones, so the page is filled by reading a word from the socket first.
  EXPECT_EQ(cell.Ask(Call(SYS_rt_sigprocmask, "0 \xff\xff\xff\xff\xff\xff\xff\xff 0 8")), "= 0");
  cell.Tell(Call(SYS_openat, "-100 / 0"));
  EXPECT_EQ(cell.ReadRest(), "");
  const int status = engine.AwaitReaped(cell.id).wait_status;
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) << status;
}

}  // namespace
}  // namespace warder::testcases
