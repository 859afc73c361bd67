#include "sandbox/jail/filter_compiler.h"

#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "sandbox/base/unique_fd.h"

namespace warder::jail {

namespace {

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

void Check(std::string_view what, int result) {
  if (result < 0) throw FilterCompileError(std::string(what) + " failed (" + std::to_string(result) + ")");
}

void AddRule(scmp_filter_ctx context, const SyscallRule& rule) {
  std::vector<scmp_arg_cmp> comparisons;
  for (const Condition& condition : rule.Conditions()) {
    comparisons.push_back({condition.index, SCMP_CMP_MASKED_EQ, condition.mask, condition.value});
  }
  const std::uint32_t action =
      rule.answer == Answer::kAllow ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(static_cast<unsigned>(rule.error_number));
  Check("seccomp_rule_add_exact_array",
        seccomp_rule_add_exact_array(context, action, rule.number, static_cast<unsigned>(comparisons.size()),
                                     comparisons.empty() ? nullptr : comparisons.data()));
}

}  // namespace

std::vector<sock_filter> CompileFilter(std::span<const SyscallRule> rules) {
  const Context context(seccomp_init(SCMP_ACT_TRAP), seccomp_release);
  if (!context) throw FilterCompileError("seccomp_init failed");
  if (seccomp_arch_native() != SCMP_ARCH_X86_64) throw FilterCompileError("x86-64 only: the build machine's");
  Check("ACT_BADARCH", seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  // A binary tree over the numbers. The best order by hand would win 2 % of a write and a read on a socket at most
  // (tests/bench/bench_filter.cc), which is not worth a generator of our own.
  Check("CTL_OPTIMIZE", seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
  for (const SyscallRule& rule : rules) AddRule(context.get(), rule);
  const UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
  Check("seccomp_export_bpf", seccomp_export_bpf(context.get(), file.get()));
  const off_t size = lseek(file.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (pread(file.get(), program.data(), static_cast<std::size_t>(size), 0) != size) {
    throw FilterCompileError("reading the program back failed");
  }
  return program;
}

}  // namespace warder::jail
