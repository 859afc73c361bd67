#include "sandbox/jail/syscall_table.h"

#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>

#include "sandbox/jail/descriptors.h"
#include "sandbox/jail/namespaces.h"

namespace warder::jail {

namespace {

constexpr std::uint64_t kAll = ~std::uint64_t{0};

constexpr Condition Is(std::uint8_t index, std::uint64_t value, std::string_view text) {
  return {index, kAll, value, text};
}
// No bit but these.
constexpr Condition Only(std::uint8_t index, std::uint64_t bits, std::string_view text) {
  return {index, ~bits, 0, text};
}
// Exactly `value`, and any of `optional` besides.
constexpr Condition IsWith(std::uint8_t index, std::uint64_t value, std::uint64_t optional, std::string_view text) {
  return {index, ~optional, value, text};
}

constexpr SyscallRule Rule(int number, Answer answer, int error_number, std::initializer_list<Condition> conditions,
                           std::string_view reason) {
  SyscallRule rule;
  rule.number = number;
  rule.answer = answer;
  rule.error_number = error_number;
  for (const Condition& condition : conditions) rule.conditions.at(rule.condition_count++) = condition;
  rule.reason = reason;
  return rule;
}
constexpr SyscallRule Allow(int number, std::initializer_list<Condition> conditions, std::string_view reason) {
  return Rule(number, Answer::kAllow, 0, conditions, reason);
}
constexpr SyscallRule Fail(int number, int error_number, std::initializer_list<Condition> conditions,
                           std::string_view reason) {
  return Rule(number, Answer::kErrno, error_number, conditions, reason);
}

constexpr Condition kSocketOnly = Is(0, kSocketFd, "fd is 3");
constexpr Condition kNotExecutable = Only(2, PROT_READ | PROT_WRITE, "no PROT_EXEC");
constexpr std::uint64_t kMapOptions = MAP_NORESERVE | MAP_FIXED;
constexpr std::string_view kLastWords = "the last words of a library go nowhere: the descriptor is closed";
constexpr std::string_view kProbe = "libraries probe for it and do without";
constexpr std::string_view kHint = "a hint, and nobody asks whether it was taken";
constexpr std::string_view kMemory = "V8's heap and malloc";
constexpr std::string_view kClock = "where the vDSO cannot answer";
constexpr std::string_view kAbort = "abort";
constexpr std::string_view kSetup = "the set-up of a cell, which its own filter then takes away";

// What jitless V8 and the C library need to compute and to talk on one socket. The zygote's filter has these too.
constexpr std::array kCommon = {
    Allow(SYS_read, {kSocketOnly}, "frames from the engine"),
    Allow(SYS_write, {kSocketOnly}, "frames to the engine"),
    Fail(SYS_write, EBADF, {Is(0, 1, "fd is 1")}, kLastWords),
    Fail(SYS_write, EBADF, {Is(0, 2, "fd is 2")}, kLastWords),
    Fail(SYS_writev, EBADF, {Is(0, 2, "fd is 2")}, kLastWords),
    Allow(SYS_mmap, {kNotExecutable, IsWith(3, MAP_PRIVATE | MAP_ANONYMOUS, kMapOptions, "private and anonymous")},
          kMemory),
    Allow(SYS_munmap, {}, kMemory),
    Allow(SYS_mprotect, {kNotExecutable}, "V8 commits and guards pages"),
    Allow(SYS_madvise, {Is(2, MADV_DONTNEED, "MADV_DONTNEED")}, "V8 gives pages back"),
    Fail(SYS_madvise, EINVAL, {Is(2, MADV_FREE, "MADV_FREE")}, kHint),
    Fail(SYS_madvise, EINVAL, {Is(2, MADV_NOHUGEPAGE, "MADV_NOHUGEPAGE")}, kHint),
    Fail(SYS_madvise, EINVAL, {Is(2, MADV_HUGEPAGE, "MADV_HUGEPAGE")}, kHint),
    Allow(SYS_brk, {}, "malloc, which mistakes an error here for success"),
    Fail(SYS_mremap, ENOMEM, {}, "realloc of large blocks copies instead"),
    Fail(SYS_futex, EINVAL, {Is(1, FUTEX_WAKE_PRIVATE, "FUTEX_WAKE_PRIVATE")},
         "one thread: nobody is there to be woken"),
    Allow(SYS_clock_gettime, {Only(0, 1, "CLOCK_REALTIME or CLOCK_MONOTONIC")}, kClock),
    Allow(SYS_gettimeofday, {}, kClock),
    Allow(SYS_rt_sigreturn, {}, "leaves a signal handler"),
    Allow(SYS_rt_sigprocmask, {}, kAbort),
    Allow(SYS_getpid, {}, "V8's isolates, and abort"),
    Allow(SYS_gettid, {}, "V8's isolates, and abort"),
    Allow(SYS_tgkill, {Is(0, 1, "process 1"), Is(1, 1, "thread 1"), Is(2, SIGABRT, "SIGABRT")},
          "abort: itself, and it is alone"),
    Allow(SYS_exit_group, {}, "the end"),
    Fail(SYS_prctl, EINVAL, {Is(0, PR_SET_VMA, "PR_SET_VMA")}, "names for memory, of use to debuggers only"),
    Fail(SYS_clone3, ENOSYS, {}, kProbe),
    Fail(SYS_rseq, ENOSYS, {}, kProbe),
    Fail(SYS_statx, ENOSYS, {}, kProbe),
    Fail(SYS_membarrier, ENOSYS, {}, kProbe),
    Fail(SYS_set_robust_list, ENOSYS, {}, kProbe),
    Fail(SYS_sched_getaffinity, ENOSYS, {}, kProbe),
};

constexpr std::array kCellOnly = {
    Fail(SYS_getrandom, ENOSYS, {}, "randomness comes through the socket, so that a run can be replayed"),
};

// The work of the fork server, then what each cell needs to set itself up before it installs its own filter.
constexpr std::array kZygoteOnly = {
    Allow(SYS_ppoll, {}, "waits for the engine and for cells that end"),
    Allow(SYS_recvmsg, {kSocketOnly}, "Spawn, with the cell's socket"),
    Allow(SYS_sendmsg, {kSocketOnly}, "Spawned, with the cell's pidfd"),
    Allow(SYS_clone, {Is(0, kCellCloneFlags, "a cell, with exactly its namespaces")}, "forks cells"),
    Allow(SYS_wait4, {}, "reaps cells, with their usage"),
    Allow(SYS_read, {Is(0, kFailureReadFd, "fd is 4")}, "why a cell could not be set up"),
    Allow(SYS_close, {}, "pidfds and sockets that were passed on"),
    Allow(SYS_write, {Is(0, kFailureWriteFd, "fd is 5")}, kSetup),
    Allow(SYS_setsid, {}, kSetup),
    Allow(SYS_dup2, {Is(1, kSocketFd, "to 3")}, kSetup),
    Allow(SYS_close_range, {}, kSetup),
    Allow(SYS_getrandom, {}, kSetup),
    Allow(SYS_landlock_create_ruleset, {}, kSetup),
    Allow(SYS_landlock_restrict_self, {}, kSetup),
    Allow(SYS_capget, {}, kSetup),
    Allow(SYS_capset, {}, kSetup),
    Allow(SYS_prctl, {Is(0, PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG")}, kSetup),
    Allow(SYS_prctl, {Is(0, PR_CAPBSET_DROP, "PR_CAPBSET_DROP")}, kSetup),
    Allow(SYS_prctl, {Is(0, PR_CAP_AMBIENT, "PR_CAP_AMBIENT")}, kSetup),
    Allow(SYS_prctl, {Is(0, PR_SET_SECUREBITS, "PR_SET_SECUREBITS")}, kSetup),
    Allow(SYS_prctl, {Is(0, PR_GET_SECUREBITS, "PR_GET_SECUREBITS")}, kSetup),
    Allow(SYS_prlimit64, {Is(0, 0, "itself")}, kSetup),
    Allow(SYS_rt_sigaction, {}, kSetup),
    Allow(SYS_seccomp, {Is(0, SECCOMP_SET_MODE_FILTER, "a further filter"), Is(1, 0, "no flags")}, kSetup),
};

template <std::size_t N, std::size_t M>
constexpr std::array<SyscallRule, N + M> Join(const std::array<SyscallRule, N>& first,
                                              const std::array<SyscallRule, M>& second) {
  std::array<SyscallRule, N + M> joined{};
  std::copy(first.begin(), first.end(), joined.begin());
  std::copy(second.begin(), second.end(), joined.begin() + N);
  return joined;
}

constexpr std::array kCellTable = Join(kCommon, kCellOnly);
constexpr std::array kZygoteTable = Join(kCommon, kZygoteOnly);

}  // namespace

std::span<const SyscallRule> SyscallTable(Profile profile) {
  if (profile == Profile::kCell) return kCellTable;
  return kZygoteTable;
}

std::string DescribeConditions(const SyscallRule& rule) {
  std::string text;
  for (const Condition& condition : rule.Conditions()) {
    if (!text.empty()) text += ", ";
    text += condition.text;
  }
  return text.empty() ? "any arguments" : text;
}

std::string DescribeAnswer(const SyscallRule& rule) {
  return rule.answer == Answer::kAllow ? "allow" : ErrnoName(rule.error_number);
}

std::string ErrnoName(int error_number) {
  const char* name = strerrorname_np(error_number);
  return name != nullptr ? name : "errno " + std::to_string(error_number);
}

}  // namespace warder::jail
