// What a filter answers to every call there can be, by executing it on sets of calls instead of on one, and the same of
// a table: equal, or a call on which they differ.
#pragma once

#include <linux/filter.h>

#include <optional>
#include <span>
#include <vector>

#include "sandbox/jail/syscall_table.h"
#include "sandbox/jail/testing/call_set.h"

namespace warder::jail::testing {

struct AnsweredCalls {
  Cube calls;
  std::uint32_t answer = 0;  // SECCOMP_RET_*
};

// Every call is in exactly one cube.
using AnswerMap = std::vector<AnsweredCalls>;

// Nothing when the program is not one that bpf_evaluator.h would run.
std::optional<AnswerMap> MapOfProgram(std::span<const sock_filter> program);
AnswerMap MapOfTable(std::span<const SyscallRule> rules);
// What the kernel answers with both filters installed, `newer` last.
AnswerMap MapOfBoth(const AnswerMap& newer, const AnswerMap& older);

// A call that the two answer differently; nothing: they are equal.
std::optional<seccomp_data> FindDifference(const AnswerMap& a, const AnswerMap& b);

}  // namespace warder::jail::testing
