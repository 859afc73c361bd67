// The generated filters against the table, through an evaluator that shares nothing with what generated them, and
// against what was written down by hand. filter_coverage_test.cc says that this reaches every rule,
// filter_mutation_test.cc that it notices every wrong table and every wrong program.
#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/syscall.h>

#include <cstdio>
#include <set>
#include <utility>
#include <vector>

#include "sandbox/jail/syscall_filter.h"
#include "sandbox/jail/syscall_table.h"
#include "sandbox/jail/testing/bpf_evaluator.h"
#include "sandbox/jail/testing/filter_oracle.h"
#include "sandbox/jail/testing/filter_probes.h"
#include "sandbox/jail/testing/filter_proof.h"

namespace warder::jail {
namespace {

using testing::Describe;
using testing::Evaluate;
using testing::MakeCall;

class FilterTest : public ::testing::TestWithParam<Profile> {};

TEST_P(FilterTest, AnswersAsTheTableSaysForEveryNumberArchitectureAndBoundary) {
  const auto filter = Filter(GetParam());
  const auto rules = SyscallTable(GetParam());
  std::size_t checked = 0;
  testing::ForEachBoundaryCall(rules, [&](const seccomp_data& call) {
    ASSERT_EQ(Evaluate(filter, call), testing::TableAnswer(rules, call)) << Describe(call);
    ++checked;
  });
  EXPECT_GT(checked, 50000U);
}

// Not a sample: all 2^512 calls.
TEST_P(FilterTest, AnswersAsTheTableSaysForEveryCallThereIs) {
  const auto program = testing::MapOfProgram(Filter(GetParam()));
  ASSERT_TRUE(program);
  const auto difference = testing::FindDifference(*program, testing::MapOfTable(SyscallTable(GetParam())));
  EXPECT_FALSE(difference) << Describe(*difference);
}

TEST_P(FilterTest, DoesWhatWasWrittenDownByHand) {
  for (const testing::ProbedCall& probed : testing::ProbedCalls(GetParam())) {
    EXPECT_EQ(Evaluate(Filter(GetParam()), probed.call), probed.answer) << Describe(probed.call) << ": " << probed.why;
  }
}

INSTANTIATE_TEST_SUITE_P(Profiles, FilterTest, ::testing::Values(Profile::kCell, Profile::kZygote),
                         [](const auto& test) { return test.param == Profile::kCell ? "Cell" : "Zygote"; });

// The stricter answer of both filters wins, so the zygote's may never be the stricter one.
TEST(Filters, TheZygotesTakesNothingFromACell) {
  const auto cell = testing::MapOfProgram(Filter(Profile::kCell));
  const auto zygote = testing::MapOfProgram(Filter(Profile::kZygote));
  ASSERT_TRUE(cell && zygote);
  const auto difference =
      testing::FindDifference(testing::MapOfBoth(*cell, *zygote), testing::MapOfTable(SyscallTable(Profile::kCell)));
  EXPECT_FALSE(difference) << Describe(*difference);
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
    const auto answer =
        Evaluate(Filter(Profile::kCell), MakeCall(AUDIT_ARCH_X86_64, static_cast<std::uint32_t>(number)));
    EXPECT_EQ(answer, static_cast<std::uint32_t>(SECCOMP_RET_TRAP)) << SyscallName(number);
  }
}

TEST(Filters, ACellIsAllowedFewCalls) {
  std::set<int> allowed;
  for (const SyscallRule& rule : SyscallTable(Profile::kCell)) {
    if (rule.answer == Answer::kAllow) allowed.insert(rule.number);
  }
  EXPECT_LE(allowed.size(), 15U);
}

// A message header can carry descriptors.
TEST(Filters, ACellHasNoCallThatTakesAMessageHeader) {
  for (const SyscallRule& rule : SyscallTable(Profile::kCell)) {
    for (const int number : {SYS_sendmsg, SYS_recvmsg, SYS_sendmmsg, SYS_recvmmsg}) EXPECT_NE(rule.number, number);
  }
}

// A cell's call runs through both filters. The figures are those of tests/bench/bench_filter.cc.
TEST(Filters, TheHotCallsAreCheap) {
  for (const auto& [number, arguments] :
       std::initializer_list<std::pair<int, testing::Arguments>>{{SYS_read, {3}},
                                                                 {SYS_write, {3}},
                                                                 {SYS_mmap, {0, 4096, 3, 0x22}},
                                                                 {SYS_munmap, {}},
                                                                 {SYS_mprotect, {0, 0, 3}}}) {
    const auto call = MakeCall(AUDIT_ARCH_X86_64, static_cast<std::uint32_t>(number), arguments);
    const std::size_t cell = testing::CountInstructions(Filter(Profile::kCell), call);
    const std::size_t zygote = testing::CountInstructions(Filter(Profile::kZygote), call);
    std::printf("%s: %zu instructions in the cell's filter, %zu in the zygote's\n", SyscallName(number).c_str(), cell,
                zygote);
    EXPECT_LE(cell, 25U);
    EXPECT_LE(zygote, 25U);
  }
  std::printf("in all: %zu and %zu\n", Filter(Profile::kCell).size(), Filter(Profile::kZygote).size());
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
