// What the system call filters cost a cell: a write and a read on its socket, without a filter, behind the two that a
// cell has, and behind two of the shortest programs that would still look at architecture, number and descriptor of
// these two calls: what the best order could win. Ratios are between rounds that alternate.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "sandbox/jail/syscall_filter.h"

namespace warder::bench {
namespace {

constexpr int kSocket = 3;
constexpr int kPairs = 200'000;
constexpr int kRounds = 9;

using Program = std::vector<sock_filter>;

[[noreturn]] void Fail(const char* what) {
  std::perror(what);
  _exit(1);
}

void Install(std::span<const sock_filter> filter) {
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) Fail("seccomp");
}

// Everything is allowed, after the least that a safe filter must look at.
Program Shortest() {
  const auto load = [](std::size_t offset) -> sock_filter {
    return BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset));
  };
  constexpr std::size_t kFd = offsetof(seccomp_data, args);
  return {
      load(offsetof(seccomp_data, arch)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 6),
      load(offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, SYS_write, 5, 0),
      load(kFd + 4),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3),
      load(kFd),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSocket, 1, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
}

// A datagram socket that is connected to itself: what is written to 3 is read from 3.
void OpenSocket() {
  const int made = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_storage address{};
  address.ss_family = AF_UNIX;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(sa_family_t);  // the kernel chooses an abstract name
  if (made < 0 || bind(made, name, size) != 0) Fail("bind");
  size = sizeof address;
  if (getsockname(made, name, &size) != 0 || connect(made, name, size) != 0) Fail("connect");
  if (made != kSocket && dup2(made, kSocket) != kSocket) Fail("dup2");
}

enum Setting { kNone, kCells, kShortest, kSettings };

// Nanoseconds a pair, measured in a process of its own.
double Measure(Setting setting) {
  void* shared = mmap(nullptr, sizeof(double), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) Fail("mmap");
  auto* result = static_cast<double*>(shared);
  const pid_t child = fork();
  if (child == 0) {
    OpenSocket();
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) Fail("prctl");
    if (setting == kCells) {
      Install(jail::Filter(jail::Profile::kZygote));
      Install(jail::Filter(jail::Profile::kCell));
    } else if (setting == kShortest) {
      const Program program = Shortest();
      Install(program);
      Install(program);
    }
    std::array<char, 64> frame{};
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < kPairs; ++i) {
      if (write(kSocket, frame.data(), frame.size()) != std::ssize(frame) ||
          read(kSocket, frame.data(), frame.size()) != std::ssize(frame)) {
        _exit(1);
      }
    }
    *result = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begun).count() / kPairs;
    _exit(0);
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child || status != 0) {
    std::fprintf(stderr, "bench_filter: a measured process ended with %d\n", status);
    std::exit(1);  // NOLINT(concurrency-mt-unsafe): one thread
  }
  const double nanoseconds = *result;
  munmap(shared, sizeof(double));
  return nanoseconds;
}

int Main() {
  std::array<std::vector<double>, kSettings> rounds;
  for (int round = 0; round < kRounds; ++round) {
    for (const Setting setting : {kNone, kCells, kShortest}) rounds.at(setting).push_back(Measure(setting));
  }
  const auto median = [&](Setting setting) {
    std::vector<double>& times = rounds.at(setting);
    std::sort(times.begin(), times.end());
    return times[times.size() / 2];
  };
  const double none = median(kNone);
  std::printf("write and read of 64 bytes, median of %d rounds\n", kRounds);
  for (const auto& [setting, name] : {std::pair{kNone, "no filter"}, std::pair{kCells, "a cell's two filters"},
                                      std::pair{kShortest, "two shortest programs"}}) {
    std::printf("  %-22s %7.1f ns  %.3f\n", name, median(setting), median(setting) / none);
  }
  return 0;
}

}  // namespace
}  // namespace warder::bench

int main() { return warder::bench::Main(); }
