// Compiles a table of rules into a filter, with libseccomp; for the build-time tool and for the tests that compile
// wrong tables on purpose. Never part of the jail.
#pragma once

#include <linux/filter.h>

#include <span>
#include <stdexcept>
#include <vector>

#include "sandbox/jail/syscall_table.h"

namespace warder::jail {

class FilterCompileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What no rule answers is SECCOMP_RET_TRAP, another architecture SECCOMP_RET_KILL_PROCESS. The order of the rules of
// one call means nothing to libseccomp, and of two that contradict each other it takes one without a word: the tests
// compare every program with its table. Throws FilterCompileError where libseccomp refuses a rule.
std::vector<sock_filter> CompileFilter(std::span<const SyscallRule> rules);

}  // namespace warder::jail
