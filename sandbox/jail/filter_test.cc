// The generated filters against the table, through an evaluator that shares nothing with what generated them: every
// number, every architecture, and for every rule arguments that hold, and the same with each single bit of each
// argument changed.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include <algorithm>
#include <set>
#include <vector>

#include "sandbox/jail/syscall_filter.h"
#include "sandbox/jail/syscall_table.h"
#include "sandbox/jail/testing/bpf_evaluator.h"

namespace warder::jail {
namespace {

using testing::Evaluate;

constexpr std::uint32_t kX32Bit = 0x40000000;

seccomp_data Call(std::uint32_t arch, std::uint32_t number, const std::array<std::uint64_t, 6>& arguments = {}) {
  seccomp_data data{};
  data.nr = static_cast<int>(number);
  data.arch = arch;
  data.instruction_pointer = 0x7fff12345678;
  std::copy(arguments.begin(), arguments.end(), data.args);
  return data;
}

bool Holds(const SyscallRule& rule, const seccomp_data& data) {
  const auto conditions = rule.Conditions();
  return rule.number == data.nr && std::all_of(conditions.begin(), conditions.end(), [&](const Condition& c) {
           return (data.args[c.index] & c.mask) == c.value;
         });
}

// What the table says, read by a person's rules.
std::uint32_t Expected(Profile profile, const seccomp_data& data) {
  if (data.arch != AUDIT_ARCH_X86_64) return SECCOMP_RET_KILL_PROCESS;
  if ((static_cast<std::uint32_t>(data.nr) & kX32Bit) != 0) return SECCOMP_RET_KILL_PROCESS;
  for (const SyscallRule& rule : SyscallTable(profile)) {
    if (!Holds(rule, data)) continue;
    if (rule.answer == Answer::kAllow) return SECCOMP_RET_ALLOW;
    return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(rule.error_number);
  }
  return SECCOMP_RET_TRAP;
}

// Arguments that make the rule hold, then the same with each bit of each argument flipped, and with some whole values.
std::vector<std::array<std::uint64_t, 6>> ArgumentsAround(const SyscallRule& rule) {
  std::array<std::uint64_t, 6> base{};
  for (const Condition& condition : rule.Conditions()) base.at(condition.index) = condition.value;
  std::vector<std::array<std::uint64_t, 6>> all = {base};
  for (std::size_t index = 0; index < 6; ++index) {
    for (unsigned bit = 0; bit < 64; ++bit) {
      auto changed = base;
      changed.at(index) ^= std::uint64_t{1} << bit;
      all.push_back(changed);
    }
    for (const std::uint64_t value :
         {base.at(index) + 1, base.at(index) - 1, std::uint64_t{0}, ~std::uint64_t{0}, std::uint64_t{0xffffffff},
          std::uint64_t{1} << 31, std::uint64_t{1} << 32, base.at(index) | (base.at(index) << 32)}) {
      auto changed = base;
      changed.at(index) = value;
      all.push_back(changed);
    }
  }
  return all;
}

std::vector<std::array<std::uint64_t, 6>> ArgumentsFor(Profile profile, int number) {
  constexpr std::uint64_t kOnes = ~std::uint64_t{0};
  std::vector<std::array<std::uint64_t, 6>> all = {{}, {kOnes, kOnes, kOnes, kOnes, kOnes, kOnes}, {3, 3, 3, 3, 3, 3}};
  for (const SyscallRule& rule : SyscallTable(profile)) {
    if (rule.number != number) continue;
    const auto around = ArgumentsAround(rule);
    all.insert(all.end(), around.begin(), around.end());
  }
  return all;
}

class FilterTest : public ::testing::TestWithParam<Profile> {};

TEST_P(FilterTest, AnswersAsTheTableSaysForEveryNumberArchitectureAndBoundary) {
  const auto filter = Filter(GetParam());
  std::size_t checked = 0;
  for (std::uint32_t number = 0; number <= 600; ++number) {
    for (const auto& arguments : ArgumentsFor(GetParam(), static_cast<int>(number))) {
      for (const auto& data :
           {Call(AUDIT_ARCH_X86_64, number, arguments), Call(AUDIT_ARCH_X86_64, number | kX32Bit, arguments),
            Call(AUDIT_ARCH_I386, number, arguments), Call(AUDIT_ARCH_AARCH64, number, arguments)}) {
        const auto answer = Evaluate(filter, data);
        ASSERT_TRUE(answer);
        ASSERT_EQ(*answer, Expected(GetParam(), data))
            << SyscallName(data.nr) << " arch " << std::hex << data.arch << " nr " << data.nr << " args "
            << arguments[0] << " " << arguments[1] << " " << arguments[2] << " " << arguments[3];
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 50000U);
}

TEST_P(FilterTest, RefusesNumbersThatNoKernelHas) {
  for (const std::uint32_t number : {601U, 0x3fffffffU, 0x7fffffffU, 0x80000000U, 0xffffffffU, 0xffffffdaU}) {
    const auto answer = Evaluate(Filter(GetParam()), Call(AUDIT_ARCH_X86_64, number));
    ASSERT_TRUE(answer);
    EXPECT_TRUE(*answer == SECCOMP_RET_TRAP || *answer == SECCOMP_RET_KILL_PROCESS) << std::hex << number;
  }
}

TEST_P(FilterTest, EveryRuleIsReachable) {
  for (const SyscallRule& rule : SyscallTable(GetParam())) {
    const auto data = Call(AUDIT_ARCH_X86_64, static_cast<std::uint32_t>(rule.number), ArgumentsAround(rule).front());
    const auto answer = Evaluate(Filter(GetParam()), data);
    ASSERT_TRUE(answer);
    const auto expected = rule.answer == Answer::kAllow
                              ? static_cast<std::uint32_t>(SECCOMP_RET_ALLOW)
                              : SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(rule.error_number);
    EXPECT_EQ(*answer, expected) << SyscallName(rule.number) << " " << DescribeConditions(rule);
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, FilterTest, ::testing::Values(Profile::kCell, Profile::kZygote),
                         [](const auto& test) { return test.param == Profile::kCell ? "Cell" : "Zygote"; });

// The stricter answer of both filters wins, so the zygote's may never be the stricter one.
TEST(Filters, TheZygotesTakesNothingFromACell) {
  for (const SyscallRule& rule : SyscallTable(Profile::kCell)) {
    for (const auto& arguments : ArgumentsAround(rule)) {
      const auto data = Call(AUDIT_ARCH_X86_64, static_cast<std::uint32_t>(rule.number), arguments);
      const auto cell = Evaluate(Filter(Profile::kCell), data);
      const auto zygote = Evaluate(Filter(Profile::kZygote), data);
      ASSERT_TRUE(cell && zygote);
      if (*cell == SECCOMP_RET_ALLOW) {
        EXPECT_EQ(*zygote, SECCOMP_RET_ALLOW) << SyscallName(rule.number);
      }
      if ((*cell & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO) {
        EXPECT_NE(*zygote, SECCOMP_RET_TRAP) << SyscallName(rule.number);
      }
    }
  }
}

// Named one by one: these must never become reachable by an edit of the table.
TEST(Filters, WhatACellMustNeverHave) {
  for (const int number : {SYS_open,
                           SYS_openat,
                           SYS_openat2,
                           SYS_socket,
                           SYS_connect,
                           SYS_socketpair,
                           SYS_sendmsg,
                           SYS_recvmsg,
                           SYS_sendto,
                           SYS_ioctl,
                           SYS_clone,
                           SYS_fork,
                           SYS_vfork,
                           SYS_execve,
                           SYS_execveat,
                           SYS_ptrace,
                           SYS_process_vm_readv,
                           SYS_kill,
                           SYS_unshare,
                           SYS_setns,
                           SYS_mount,
                           SYS_pivot_root,
                           SYS_bpf,
                           SYS_perf_event_open,
                           SYS_userfaultfd,
                           SYS_io_uring_setup,
                           SYS_keyctl,
                           SYS_add_key,
                           SYS_memfd_create,
                           SYS_pidfd_getfd,
                           SYS_pidfd_open,
                           SYS_prlimit64,
                           SYS_seccomp,
                           SYS_rt_sigaction,
                           SYS_pkey_mprotect,
                           SYS_dup,
                           SYS_dup2,
                           SYS_fcntl,
                           SYS_shmget,
                           SYS_msgget,
                           SYS_mq_open,
                           SYS_readv,
                           SYS_pwrite64,
                           SYS_sendfile,
                           SYS_splice,
                           SYS_vmsplice,
                           SYS_arch_prctl,
                           SYS_modify_ldt,
                           SYS_personality,
                           SYS_timer_create,
                           SYS_nanosleep,
                           SYS_poll,
                           SYS_getcwd}) {
    const auto answer = Evaluate(Filter(Profile::kCell), Call(AUDIT_ARCH_X86_64, static_cast<std::uint32_t>(number)));
    EXPECT_EQ(answer, static_cast<std::uint32_t>(SECCOMP_RET_TRAP)) << SyscallName(number);
  }
}

TEST(Filters, ACellIsAllowedFewCalls) {
  std::set<int> allowed;
  for (const SyscallRule& rule : SyscallTable(Profile::kCell)) {
    if (rule.answer == Answer::kAllow) allowed.insert(rule.number);
  }
  EXPECT_LE(allowed.size(), 25U);
}

TEST(Filters, TheHotCallsAreCheap) {
  const auto read = Call(AUDIT_ARCH_X86_64, SYS_read, {3});
  RecordProperty("cell_instructions", static_cast<int>(Filter(Profile::kCell).size()));
  RecordProperty("zygote_instructions", static_cast<int>(Filter(Profile::kZygote).size()));
  RecordProperty("read_instructions", static_cast<int>(testing::CountInstructions(Filter(Profile::kCell), read)));
  EXPECT_LE(testing::CountInstructions(Filter(Profile::kCell), read), 25U);
  EXPECT_LE(testing::CountInstructions(Filter(Profile::kZygote), read), 25U);
}

TEST(Evaluator, RefusesWhatTheKernelWouldRefuse) {
  const seccomp_data data{};
  const auto run = [&](std::vector<sock_filter> program) { return Evaluate(program, data); };
  EXPECT_FALSE(run({}));
  EXPECT_FALSE(run({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64)}));
  EXPECT_FALSE(run({BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2)}));
  EXPECT_FALSE(run({BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0)}));
  EXPECT_FALSE(run({BPF_STMT(BPF_JMP | BPF_JA, 1)}));
  EXPECT_FALSE(run({BPF_STMT(BPF_MISC | BPF_TAX, 0)}));
  EXPECT_FALSE(run({BPF_STMT(BPF_ALU | BPF_ADD | BPF_K, 1)}));
  EXPECT_FALSE(run({BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 0), BPF_STMT(BPF_RET | BPF_K, 0)}));
  EXPECT_EQ(run({BPF_STMT(BPF_RET | BPF_A, 7)}), 0U);
  EXPECT_EQ(
      run({BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 0, 0, 1), BPF_STMT(BPF_RET | BPF_K, 1), BPF_STMT(BPF_RET | BPF_K, 2)}),
      2U);
}

TEST(SyscallTable, IsReadable) {
  for (const Profile profile : {Profile::kCell, Profile::kZygote}) {
    for (const SyscallRule& rule : SyscallTable(profile)) {
      EXPECT_FALSE(rule.reason.empty());
      EXPECT_NE(SyscallName(rule.number).find_first_not_of("syscall 0123456789"), std::string::npos) << rule.number;
      EXPECT_FALSE(DescribeConditions(rule).empty());
      EXPECT_FALSE(DescribeAnswer(rule).empty());
      for (const Condition& condition : rule.Conditions()) EXPECT_FALSE(condition.text.empty());
    }
  }
}

TEST(SyscallTable, NamesNumbers) {
  EXPECT_EQ(SyscallName(SYS_openat), "openat");
  EXPECT_EQ(SyscallName(599), "syscall 599");
  EXPECT_EQ(SyscallName(-1), "syscall -1");
  EXPECT_EQ(SyscallName(1 << 30), "syscall 1073741824");
  EXPECT_EQ(ErrnoName(ENOSYS), "ENOSYS");
  EXPECT_EQ(ErrnoName(9999), "errno 9999");
}

}  // namespace
}  // namespace warder::jail
