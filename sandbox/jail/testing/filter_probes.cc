#include "sandbox/jail/testing/filter_probes.h"

#include <linux/audit.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <set>

namespace warder::jail::testing {

namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint32_t kYes = SECCOMP_RET_ALLOW;
constexpr std::uint32_t kNo = SECCOMP_RET_TRAP;
constexpr std::uint32_t E(int error) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error); }

// The same for both; for each of them; what only the zygote may.
constexpr FilterProbe Both(int number, Arguments arguments, std::uint32_t answer, std::string_view why) {
  return {number, arguments, 0, 0, answer, answer, why};
}
constexpr FilterProbe Each(int number, Arguments arguments, std::uint32_t cell, std::uint32_t zygote,
                           std::string_view why) {
  return {number, arguments, 0, 0, cell, zygote, why};
}
constexpr FilterProbe Zygotes(int number, Arguments arguments, std::string_view why) {
  return Each(number, arguments, kNo, kYes, why);
}
// The same, with the bits of one argument flipped one at a time.
constexpr FilterProbe Flip(FilterProbe probe, std::size_t argument, std::uint64_t bits) {
  probe.flipped = argument;
  probe.flip_bits = bits;
  return probe;
}

constexpr std::uint64_t kReadWrite = PROT_READ | PROT_WRITE;
constexpr std::uint64_t kPrivate = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr std::uint64_t kMayReserve = MAP_NORESERVE | MAP_FIXED;
constexpr Arguments kMemory = {0, 4096, kReadWrite, kPrivate, kAll, 0};
constexpr Arguments kOnes = {kAll, kAll, kAll, kAll, kAll, kAll};
// A cell's namespaces: all that clone(2) can name.
constexpr std::uint64_t kCellFlags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC |
                                     CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PIDFD | SIGCHLD;

const std::vector<FilterProbe>& Written() {
  static const std::vector<FilterProbe> probes = {
      Both(SYS_read, {3}, kYes, "the socket"),
      Flip(Both(SYS_read, {3}, kNo, "no other descriptor, high bits included"), 0, kAll),
      Zygotes(SYS_read, {4}, "the failure pipe is the zygote's"),
      Flip(Both(SYS_read, {4}, kNo, "and its read end only"), 0, kAll),
      Both(SYS_write, {3}, kYes, "the socket"),
      Flip(Both(SYS_write, {3}, kNo, "no other descriptor"), 0, ~std::uint64_t{3}),
      Flip(Both(SYS_write, {3}, E(EBADF), "stdout and stderr are closed"), 0, 3),
      Both(SYS_write, {1}, E(EBADF), "stdout is closed"),
      Both(SYS_write, {2}, E(EBADF), "stderr is closed"),
      Both(SYS_write, {0}, kNo, "stdin was never for writing"),
      Both(SYS_write, {4}, kNo, "the failure pipe's read end"),
      Zygotes(SYS_write, {5}, "the failure pipe, until a cell's own filter is on"),
      Flip(Both(SYS_write, {1}, kNo, "no descriptor like stdout"), 0, ~std::uint64_t{6}),
      Flip(Both(SYS_write, {2}, kNo, "no descriptor like stderr"), 0, ~std::uint64_t{1}),
      Flip(Both(SYS_write, {5}, kNo, "no descriptor like the failure pipe"), 0, ~std::uint64_t{4}),
      Both(SYS_writev, {2}, E(EBADF), "glibc's last words"),
      Flip(Both(SYS_writev, {2}, kNo, "the socket is written with write, nothing else is"), 0, kAll),

      Both(SYS_mmap, kMemory, kYes, "memory"),
      Flip(Both(SYS_mmap, kMemory, kYes, "PROT_NONE and read-only are less"), 2, kReadWrite),
      Flip(Both(SYS_mmap, kMemory, kNo, "never executable, no unknown protection"), 2, ~kReadWrite),
      Flip(Both(SYS_mmap, kMemory, kYes, "V8 reserves, and gives back in place"), 3, kMayReserve),
      Flip(Both(SYS_mmap, kMemory, kNo, "nothing shared, no file, no other flag"), 3, ~kMayReserve),
      Both(SYS_mmap, {0, 4096, 0, kPrivate | kMayReserve, kAll, 0}, kYes, "a reservation"),
      Both(SYS_mmap, {0, 4096, PROT_READ, MAP_PRIVATE, 3, 0}, kNo, "the socket as a file"),
      Both(SYS_mmap, {0, 4096, kReadWrite, MAP_SHARED | MAP_ANONYMOUS, kAll, 0}, kNo, "memory to share"),
      Both(SYS_munmap, {0, 4096}, kYes, "memory"),
      Both(SYS_munmap, kOnes, kYes, "its own memory only, whatever the range"),
      Both(SYS_mprotect, {0, 4096, kReadWrite}, kYes, "memory"),
      Flip(Both(SYS_mprotect, {0, 4096, kReadWrite}, kYes, "guards"), 2, kReadWrite),
      Flip(Both(SYS_mprotect, {0, 4096, kReadWrite}, kNo, "never executable"), 2, ~kReadWrite),
      Both(SYS_mprotect, {0, 4096, 0}, kYes, "guards"),
      Both(SYS_madvise, {0, 4096, MADV_DONTNEED}, kYes, "gives memory back"),
      Flip(Both(SYS_madvise, {0, 4096, MADV_DONTNEED}, kNo, "no other advice"), 2, kAll),
      Both(SYS_madvise, {0, 4096, MADV_FREE}, E(EINVAL), "MADV_DONTNEED does"),
      Flip(Both(SYS_madvise, {0, 4096, MADV_FREE}, kNo, "no advice like it"), 2, kAll),
      Both(SYS_madvise, {0, 4096, MADV_HUGEPAGE}, E(EINVAL), "pages stay small"),
      Flip(Both(SYS_madvise, {0, 4096, MADV_HUGEPAGE}, kNo, "MADV_MERGEABLE shares pages with others"), 2,
           ~std::uint64_t{1}),
      Both(SYS_madvise, {0, 4096, MADV_NOHUGEPAGE}, E(EINVAL), "pages are small anyway"),
      Flip(Both(SYS_madvise, {0, 4096, MADV_NOHUGEPAGE}, kNo, "no advice like it"), 2, ~std::uint64_t{1}),
      Both(SYS_brk, {0}, kYes, "malloc"),
      Both(SYS_brk, kOnes, kYes, "malloc; bounded by RLIMIT_DATA"),
      Both(SYS_mremap, {0, 4096, 8192, MREMAP_MAYMOVE, 0}, E(ENOMEM), "realloc copies"),
      Both(SYS_mremap, kOnes, E(ENOMEM), "whatever the flags"),

      Both(SYS_futex, {0, FUTEX_WAKE_PRIVATE, 1}, E(EINVAL), "call_once wakes, and nobody waits"),
      Flip(Both(SYS_futex, {0, FUTEX_WAKE_PRIVATE, 1}, kNo, "one thread never waits"), 1, kAll),
      Both(SYS_futex, {0, FUTEX_LOCK_PI, 0}, kNo, "priority inheritance: CVE-2014-3153"),
      Both(SYS_futex, {0, FUTEX_CMP_REQUEUE_PI_PRIVATE, 0}, kNo, "the same"),

      Both(SYS_clock_gettime, {CLOCK_REALTIME}, kYes, "a machine whose clock is not in the vDSO"),
      Both(SYS_clock_gettime, {CLOCK_MONOTONIC}, kYes, "the same"),
      Flip(Both(SYS_clock_gettime, {CLOCK_REALTIME}, kNo, "no other clock"), 0, ~std::uint64_t{1}),
      Flip(Both(SYS_clock_gettime, {CLOCK_MONOTONIC}, kNo, "no other clock"), 0, ~std::uint64_t{1}),
      Both(SYS_clock_gettime, {~std::uint64_t{0} << 3 | 3}, kNo, "a descriptor's clock"),
      Both(SYS_gettimeofday, {0, 0}, kYes, "V8's dates"),
      Both(SYS_gettimeofday, kOnes, kYes, "V8's dates"),

      Both(SYS_rt_sigreturn, {}, kYes, "after SIGUSR1"),
      Both(SYS_rt_sigprocmask, {SIG_UNBLOCK}, kYes, "abort"),
      Both(SYS_rt_sigprocmask, {SIG_BLOCK}, kYes, "which rt_sigreturn could too; a blocked SIGSYS kills"),
      Both(SYS_getpid, {}, kYes, "always 1"),
      Both(SYS_gettid, {}, kYes, "always 1"),
      Both(SYS_tgkill, {1, 1, SIGABRT}, kYes, "abort"),
      Flip(Both(SYS_tgkill, {1, 1, SIGABRT}, kNo, "no other process"), 0, kAll),
      Flip(Both(SYS_tgkill, {1, 1, SIGABRT}, kNo, "no other thread"), 1, kAll),
      Flip(Both(SYS_tgkill, {1, 1, SIGABRT}, kNo, "no other signal"), 2, kAll),
      Both(SYS_exit_group, {0}, kYes, "the end"),
      Both(SYS_exit_group, kOnes, kYes, "the end"),

      Both(SYS_prctl, {PR_SET_VMA}, E(EINVAL), "names for memory"),
      Flip(Both(SYS_prctl, {PR_SET_VMA}, kNo, "nothing else of prctl"), 0, kAll),
      Both(SYS_prctl, {PR_SET_DUMPABLE, 1}, kNo, "stays not dumpable"),
      Both(SYS_prctl, {PR_SET_SECCOMP, SECCOMP_MODE_FILTER}, kNo, "seccomp's old door"),
      Both(SYS_prctl, {PR_CAPBSET_READ}, kNo, "nobody asks"),
      Both(SYS_clone3, {}, E(ENOSYS), "its flags lie in memory, where no filter sees them"),
      Both(SYS_clone3, kOnes, E(ENOSYS), "the same"),
      Both(SYS_rseq, kOnes, E(ENOSYS), "glibc registers where it can"),
      Both(SYS_statx, kOnes, E(ENOSYS), "no file to look at"),
      Both(SYS_membarrier, kOnes, E(ENOSYS), "one thread"),
      Both(SYS_set_robust_list, kOnes, E(ENOSYS), "one thread"),
      Both(SYS_sched_getaffinity, kOnes, E(ENOSYS), "malloc asks for processors"),
      Each(SYS_getrandom, {0, 64, 0}, E(ENOSYS), kYes, "randomness comes through the socket, the seed from the zygote"),

      Zygotes(SYS_ppoll, {}, "waits"),
      Zygotes(SYS_recvmsg, {3}, "Spawn"),
      Flip(Both(SYS_recvmsg, {3}, kNo, "from the engine only"), 0, kAll),
      Zygotes(SYS_sendmsg, {3}, "Spawned"),
      Flip(Both(SYS_sendmsg, {3}, kNo, "to the engine only"), 0, kAll),
      Zygotes(SYS_clone, {kCellFlags}, "a cell"),
      Flip(Both(SYS_clone, {kCellFlags}, kNo, "every namespace, and nothing shared"), 0, kAll),
      Both(SYS_clone, {SIGCHLD}, kNo, "a process outside of new namespaces"),
      Zygotes(SYS_wait4, {}, "reaps"),
      Zygotes(SYS_close, {6}, "passed on"),
      Zygotes(SYS_setsid, {}, "set-up"),
      Zygotes(SYS_dup2, {6, 3}, "the cell's socket to its place"),
      Flip(Both(SYS_dup2, {6, 3}, kNo, "and to no other"), 1, kAll),
      Both(SYS_fcntl, {3, 2, 0}, kNo, "no descriptor changes its flags after the seal"),
      Zygotes(SYS_close_range, {0, 2, 0}, "set-up"),
      Zygotes(SYS_landlock_create_ruleset, {}, "set-up"),
      Zygotes(SYS_landlock_restrict_self, {5, 0}, "set-up"),
      Zygotes(SYS_capget, {}, "set-up"),
      Zygotes(SYS_capset, {}, "set-up"),
      Zygotes(SYS_prctl, {PR_SET_PDEATHSIG, SIGKILL}, "set-up"),
      Flip(Both(SYS_prctl, {PR_SET_PDEATHSIG}, kNo, "nothing near it: PR_SET_DUMPABLE, PR_SET_KEEPCAPS"), 0, kAll),
      Zygotes(SYS_prctl, {PR_CAPBSET_DROP, 0}, "set-up"),
      Flip(Both(SYS_prctl, {PR_CAPBSET_DROP}, kNo, "nothing near it: PR_SET_TSC"), 0, ~std::uint64_t{4}),
      Zygotes(SYS_prctl, {PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL}, "set-up"),
      Flip(Both(SYS_prctl, {PR_CAP_AMBIENT}, kNo, "nothing near it"), 0, kAll),
      Zygotes(SYS_prctl, {PR_SET_SECUREBITS, 0xef}, "set-up"),
      Flip(Both(SYS_prctl, {PR_SET_SECUREBITS}, kNo, "nothing near it: PR_SET_TIMERSLACK"), 0, ~std::uint64_t{4}),
      Zygotes(SYS_prctl, {PR_GET_SECUREBITS}, "set-up"),
      Flip(Both(SYS_prctl, {PR_GET_SECUREBITS}, kNo, "nothing near it: PR_SET_TSC"), 0, kAll),
      Zygotes(SYS_prlimit64, {0, 6}, "set-up"),
      Flip(Both(SYS_prlimit64, {0, 6}, kNo, "nobody else's limits"), 0, kAll),
      Zygotes(SYS_rt_sigaction, {SIGSYS}, "set-up"),
      Zygotes(SYS_seccomp, {SECCOMP_SET_MODE_FILTER, 0}, "the cell's filter"),
      Flip(Both(SYS_seccomp, {SECCOMP_SET_MODE_FILTER, 0}, kNo, "no other operation"), 0, kAll),
      Flip(Both(SYS_seccomp, {SECCOMP_SET_MODE_FILTER, 0}, kNo, "no TSYNC, no listener"), 1, kAll),
  };
  return probes;
}

}  // namespace

std::span<const FilterProbe> FilterProbes() { return Written(); }

std::vector<ProbedCall> ProbedCalls(Profile profile) {
  std::vector<ProbedCall> calls;
  std::set<int> named;
  for (const FilterProbe& probe : FilterProbes()) {
    named.insert(probe.number);
    const std::uint32_t answer = profile == Profile::kCell ? probe.cell : probe.zygote;
    const auto add = [&](const Arguments& arguments) {
      calls.push_back(
          {MakeCall(AUDIT_ARCH_X86_64, static_cast<std::uint32_t>(probe.number), arguments), answer, probe.why});
    };
    if (probe.flip_bits == 0) add(probe.arguments);
    for (std::uint64_t left = probe.flip_bits; left != 0; left &= left - 1) {
      Arguments changed = probe.arguments;
      changed.at(probe.flipped) ^= left & -left;
      add(changed);
    }
  }
  for (std::uint32_t number = 0; number <= kLastNumber; ++number) {
    if (named.contains(static_cast<int>(number))) continue;
    for (const Arguments& arguments : {Arguments{}, kOnes}) {
      calls.push_back({MakeCall(AUDIT_ARCH_X86_64, number, arguments), kNo, "nobody needs it"});
    }
  }
  return calls;
}

}  // namespace warder::jail::testing
