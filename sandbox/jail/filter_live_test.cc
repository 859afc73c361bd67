// The cell's filter alone, on a live process: no namespace, no Landlock, no limit helps it.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include "sandbox/jail/process.h"
#include "sandbox/jail/syscall_filter.h"
#include "sandbox/jail/testing/child.h"
#include "sandbox/jail/violation.h"
#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"

namespace warder::jail {
namespace {

using testing::ChildEnd;
using testing::InChild;
using testing::Say;

// As a cell has it: no new privileges, handlers, the filter.
std::string EnterFilter() {
  if (const auto done = ForbidNewPrivileges(); !done) return Say(done);
  if (const auto done = InstallSignalHandlers({}); !done) return Say(done);
  return Say(InstallFilter(Profile::kCell));
}

ChildEnd Filtered(const std::function<std::string()>& body) {
  return InChild([&] {
    const std::string entered = EnterFilter();
    return entered == "ok" ? body() : entered;
  });
}

proto::Violation ViolationIn(const std::string& said) {
  proto::FrameReader reader;
  EXPECT_TRUE(reader.Feed(said));
  proto::FromCell message;
  const auto payload = reader.Next();
  EXPECT_TRUE(payload && message.ParseFromArray(payload->data(), static_cast<int>(payload->size())));
  EXPECT_TRUE(message.has_violation());
  EXPECT_FALSE(reader.mid_frame());
  return message.violation();
}

std::string Errno(long result) { return result < 0 ? std::to_string(errno) : "allowed"; }

TEST(FilterAlone, StopsACallAndNamesIt) {
  const ChildEnd end = Filtered([] { return Errno(syscall(SYS_socket, AF_INET, SOCK_STREAM, 0x123456789)); });
  ASSERT_TRUE(WIFEXITED(end.status));
  EXPECT_EQ(WEXITSTATUS(end.status), kViolationExitStatus);
  const proto::Violation violation = ViolationIn(end.said);
  EXPECT_EQ(violation.syscall(), SYS_socket);
  EXPECT_EQ(violation.arch(), static_cast<std::uint32_t>(AUDIT_ARCH_X86_64));
  ASSERT_EQ(violation.arguments_size(), 6);
  EXPECT_EQ(violation.arguments(0), static_cast<std::uint64_t>(AF_INET));
  EXPECT_EQ(violation.arguments(2), 0x123456789U);
  EXPECT_NE(violation.instruction_pointer(), 0U);
  // The positive control.
  EXPECT_EQ(InChild([] { return Errno(syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0)); }).said, "allowed");
}

TEST(FilterAlone, StopsExecutableMemory) {
  const auto map = [] {
    return Errno(mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
  };
  const auto protect = [] {
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return Errno(mprotect(page, 4096, PROT_READ | PROT_EXEC));
  };
  EXPECT_EQ(ViolationIn(Filtered(map).said).syscall(), SYS_mmap);
  EXPECT_EQ(ViolationIn(Filtered(protect).said).syscall(), SYS_mprotect);
  EXPECT_EQ(InChild(map).said, "allowed");
  EXPECT_EQ(InChild(protect).said, "allowed");
}

TEST(FilterAlone, AnswersProbesWithAnError) {
  const ChildEnd end = Filtered([] {
    return Errno(syscall(SYS_clone3, nullptr, 0)) + " " + Errno(syscall(SYS_statx, 0, 0, 0, 0, 0)) + " " +
           Errno(syscall(SYS_write, 2, "x", 1)) + " " + Errno(syscall(SYS_getrandom, nullptr, 0, 0));
  });
  const std::string nosys = std::to_string(ENOSYS);
  EXPECT_EQ(end.said, nosys + " " + nosys + " " + std::to_string(EBADF) + " " + nosys);
  EXPECT_EQ(end.status, 0);
}

TEST(FilterAlone, KillsThe32BitAbi) {
  const auto getpid32 = []() -> std::string {
    long result = 20;
    asm volatile("int $0x80" : "+a"(result) : : "memory", "r8", "r9", "r10", "r11");
    return result > 0 ? "allowed" : "refused";
  };
  const ChildEnd end = Filtered(getpid32);
  ASSERT_TRUE(WIFSIGNALED(end.status));
  EXPECT_EQ(WTERMSIG(end.status), SIGSYS);
  EXPECT_EQ(end.said, "");
  const ChildEnd control = InChild(getpid32);
  if (control.said != "allowed") GTEST_SKIP() << "this kernel has no 32-bit ABI to try it with";
}

// Losing the handler must not open anything.
TEST(FilterAlone, KillsWithoutTheHandler) {
  const ChildEnd end = InChild([] {
    if (!ForbidNewPrivileges() || !InstallFilter(Profile::kCell)) return std::string("no filter");
    return Errno(syscall(SYS_openat, -100, "/", 0));
  });
  ASSERT_TRUE(WIFSIGNALED(end.status));
  EXPECT_EQ(WTERMSIG(end.status), SIGSYS);
}

TEST(FilterAlone, KillsWhenTheSignalIsBlocked) {
  const ChildEnd end = Filtered([] {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, nullptr);
    return Errno(syscall(SYS_openat, -100, "/", 0));
  });
  ASSERT_TRUE(WIFSIGNALED(end.status));
  EXPECT_EQ(WTERMSIG(end.status), SIGSYS);
}

TEST(FilterAlone, KeepsReadAndWriteToOneDescriptor) {
  EXPECT_EQ(ViolationIn(Filtered([] { return Errno(syscall(SYS_read, 0, nullptr, 0)); }).said).syscall(), SYS_read);
  EXPECT_EQ(ViolationIn(Filtered([] { return Errno(syscall(SYS_write, 4, nullptr, 0)); }).said).syscall(), SYS_write);
  EXPECT_EQ(Filtered([] { return Errno(syscall(SYS_write, 3, nullptr, 0)); }).said, "allowed");
}

TEST(Filter, NeedsNoNewPrivileges) {
  const ChildEnd end = InChild([] {
    if (setresuid(65534, 65534, 65534) != 0 && geteuid() == 0) return std::string("cannot leave root");
    return Say(InstallFilter(Profile::kCell));
  });
  EXPECT_NE(end.said.find("seccomp: "), std::string::npos) << end.said;
}

TEST(Signals, AbortEndsTheProcessWithItsOwnStatus) {
  const ChildEnd end = InChild([]() -> std::string {
    if (!InstallSignalHandlers({})) return "no handler";
    std::abort();
  });
  ASSERT_TRUE(WIFEXITED(end.status));
  EXPECT_EQ(WEXITSTATUS(end.status), kAbortExitStatus);
}

volatile sig_atomic_t soft_limit_seen = 0;

TEST(Signals, TheSoftLimitReachesItsHandler) {
  const ChildEnd end = InChild([] {
    if (!InstallSignalHandlers({.on_soft_limit = [](int) { soft_limit_seen = 1; }})) return std::string("no handler");
    raise(SIGUSR1);
    raise(SIGPIPE);
    return std::to_string(soft_limit_seen);
  });
  EXPECT_EQ(end.said, "1");
}

TEST(Signals, WithoutAHandlerTheSoftLimitIsIgnored) {
  EXPECT_EQ(InChild([] {
              if (!InstallSignalHandlers({})) return std::string("no handler");
              raise(SIGUSR1);
              return std::string("alive");
            }).said,
            "alive");
}

TEST(Violation, EncodesAsProtobufDoes) {
  ViolationRecord record;
  record.syscall = -1;
  record.arch = AUDIT_ARCH_I386;
  record.arguments = {1, ~std::uint64_t{0}, 3, 4, 5, std::uint64_t{1} << 63};
  record.instruction_pointer = 0xdeadbeef;
  std::array<unsigned char, kMaxViolationFrameBytes> frame;
  const std::size_t size = EncodeViolation(record, frame);
  const proto::Violation violation = ViolationIn(std::string(frame.begin(), frame.begin() + size));
  EXPECT_EQ(violation.syscall(), -1);
  EXPECT_EQ(violation.arch(), static_cast<std::uint32_t>(AUDIT_ARCH_I386));
  ASSERT_EQ(violation.arguments_size(), 6);
  EXPECT_EQ(violation.arguments(1), ~std::uint64_t{0});
  EXPECT_EQ(violation.arguments(5), std::uint64_t{1} << 63);
  EXPECT_EQ(violation.instruction_pointer(), 0xdeadbeefU);
}

}  // namespace
}  // namespace warder::jail
