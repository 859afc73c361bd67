#include "sandbox/jail/testing/child.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <span>
#include <stdexcept>

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/namespaces.h"
#include "sandbox/jail/process.h"

// In coverage builds the linker gathers the counters between these (see meson.build): a child that has lost every file
// cannot write them down, so parent and children share the memory they are in.
extern "C" {
[[gnu::weak]] extern char warder_coverage_begin[];
[[gnu::weak]] extern char warder_coverage_end[];
}

namespace warder::jail::testing {

namespace {

void ShareCoverageCounters() {
  static bool shared = false;
  if (shared || warder_coverage_begin == nullptr) return;
  shared = true;
  const auto size = static_cast<std::size_t>(warder_coverage_end - warder_coverage_begin);
  const std::string counted(warder_coverage_begin, size);
  void* memory =
      mmap(warder_coverage_begin, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("mmap of the coverage counters");
  counted.copy(warder_coverage_begin, size);
}

}  // namespace

ChildEnd InChild(const std::function<std::string()>& body, const std::function<void(int)>& before) {
  ShareCoverageCounters();
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw std::runtime_error("socketpair");
  const UniqueFd parents_end(ends[0]);
  UniqueFd childs_end(ends[1]);
  if (before) before(parents_end.get());
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork");
  if (child == 0) {
    // Well above 3, then 3 alone.
    const int out = fcntl(childs_end.get(), F_DUPFD, 100);
    dup2(out, 3);
    close_range(4, ~0U, 0);
    const std::string said = body();
    const ssize_t written = write(3, said.data(), said.size());
    _exit(written == static_cast<ssize_t>(said.size()) ? 0 : 99);
  }
  childs_end.reset();
  ChildEnd end;
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; (got = read(parents_end.get(), buffer.data(), buffer.size())) > 0;) {
    end.said.append(buffer.data(), static_cast<std::size_t>(got));
  }
  while (waitpid(child, &end.status, 0) < 0 && errno == EINTR) {
  }
  return end;
}

ChildEnd InNamespacedChild(const std::function<std::string()>& body) {
  return InChild([&]() -> std::string {
    LayerLog log({});
    const SetupResult<> entered = EnterNamespaces(log);
    if (!entered) return "no user namespace: " + entered.error().message;
    return body();
  });
}

namespace {

void InstallForGood(std::span<sock_filter> program) {
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  if (!ForbidNewPrivileges() || syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) _exit(98);
}

}  // namespace

void PretendTheKernelHasNo(std::uint32_t number) {
  std::array<sock_filter, 4> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  InstallForGood(program);
}

void PretendTheKernelHasNo(std::uint32_t number, std::uint32_t second_argument) {
  std::array<sock_filter, 6> program = {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, second_argument, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  InstallForGood(program);
}

}  // namespace warder::jail::testing
