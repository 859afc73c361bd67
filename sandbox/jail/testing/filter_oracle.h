// The table as a person reads it, and the calls with which the tests try a filter. Shares nothing with what compiles
// the filters.
#pragma once

#include <linux/seccomp.h>

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sandbox/jail/syscall_table.h"

namespace warder::jail::testing {

inline constexpr std::uint32_t kX32Bit = 0x40000000;
// Tracers set it for "skip this call"; no rule has it. Every other number from kX32Bit on kills.
inline constexpr std::uint32_t kSkippedCall = 0xffffffff;
// Beyond the newest call of any kernel we know of.
inline constexpr std::uint32_t kLastNumber = 600;

using Arguments = std::array<std::uint64_t, 6>;

seccomp_data MakeCall(std::uint32_t arch, std::uint32_t number, const Arguments& arguments = {});

// "mmap(0x0, 0x1000, 0x3, 0x22, 0xffffffffffffffff, 0x0) arch 0xc000003e": for a test's failure message.
std::string Describe(const seccomp_data& call);

bool Holds(const Condition& condition, const seccomp_data& call);

// The rule that answers a call of x86-64: the first of its number whose conditions all hold. Null: none.
const SyscallRule* AnsweringRule(std::span<const SyscallRule> rules, const seccomp_data& call);

// SECCOMP_RET_*, as the table says.
std::uint32_t TableAnswer(std::span<const SyscallRule> rules, const seccomp_data& call);
std::uint32_t RuleAnswer(const SyscallRule& rule);

// The kernel's choice between the answers of two filters, of which `newer` was installed last: the stricter action, and
// for equal ones the newer. See seccomp_run_filters in kernel/seccomp.c.
std::uint32_t Stricter(std::uint32_t newer, std::uint32_t older);

// Arguments at the boundaries of a number's rules: those that make each rule hold, those of other numbers too; then the
// same with each bit of each argument flipped, and with some whole values; bits above 32 included.
std::vector<Arguments> BoundaryArguments(std::span<const SyscallRule> rules, int number);

// Every number up to kLastNumber, and some beyond, in x86-64, x32, i386 and AArch64, at each boundary.
void ForEachBoundaryCall(std::span<const SyscallRule> rules, const std::function<void(const seccomp_data&)>& visit);

}  // namespace warder::jail::testing
