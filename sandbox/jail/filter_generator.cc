// Build-time tool: compiles the table into the two filters, and lists the names of system calls.
//
//   filter_generator filters OUT.h | names OUT.h
//
// libseccomp stays out of the jail, and starting costs nothing. The result is not trusted: filter_test.cc checks it
// against the table with an evaluator of its own.
#include <fcntl.h>
#include <linux/filter.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/syscall_table.h"

namespace warder::jail {
namespace {

// Beyond the newest call of any kernel we know of.
constexpr int kNamedSyscalls = 600;

[[noreturn]] void Fail(std::string_view what, int error) {
  std::fprintf(stderr, "filter_generator: %.*s failed (%d)\n", static_cast<int>(what.size()), what.data(), error);
  std::exit(1);  // NOLINT(concurrency-mt-unsafe): one thread
}

void Check(std::string_view what, int result) {
  if (result < 0) Fail(what, result);
}

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

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
  if (rule.hot) Check("seccomp_syscall_priority", seccomp_syscall_priority(context, rule.number, 200));
}

std::vector<sock_filter> Compile(Profile profile) {
  const Context context(seccomp_init(SCMP_ACT_TRAP), seccomp_release);
  if (!context) Fail("seccomp_init", 0);
  Check("ACT_BADARCH", seccomp_attr_set(context.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
  Check("CTL_OPTIMIZE", seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
  if (seccomp_arch_native() != SCMP_ARCH_X86_64) Fail("x86-64 only: the build machine's architecture", 0);
  for (const SyscallRule& rule : SyscallTable(profile)) AddRule(context.get(), rule);
  const UniqueFd file(memfd_create("filter", MFD_CLOEXEC));
  Check("seccomp_export_bpf", seccomp_export_bpf(context.get(), file.get()));
  const off_t size = lseek(file.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<std::size_t>(size) / sizeof(sock_filter));
  if (pread(file.get(), program.data(), static_cast<std::size_t>(size), 0) != size) Fail("pread", 0);
  return program;
}

void WriteFilter(std::ostream& out, std::string_view name, Profile profile) {
  const std::vector<sock_filter> program = Compile(profile);
  out << "inline constexpr std::array<sock_filter, " << program.size() << "> " << name << " = {{\n";
  for (const sock_filter& i : program) {
    out << "    {" << i.code << ", " << int{i.jt} << ", " << int{i.jf} << ", " << i.k << "U},\n";
  }
  out << "}};\n";
}

void WriteFilters(std::ostream& out) {
  out << "#pragma once\n#include <linux/filter.h>\n#include <array>\nnamespace warder::jail {\n";
  WriteFilter(out, "kCellFilter", Profile::kCell);
  WriteFilter(out, "kZygoteFilter", Profile::kZygote);
  out << "}  // namespace warder::jail\n";
}

void WriteNames(std::ostream& out) {
  out << "#pragma once\n#include <array>\n#include <string_view>\nnamespace warder::jail {\n";
  out << "inline constexpr std::array<std::string_view, " << kNamedSyscalls << "> kSyscallNames = {\n";
  for (int number = 0; number < kNamedSyscalls; ++number) {
    const std::unique_ptr<char, decltype(&std::free)> name(seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86_64, number),
                                                           std::free);
    out << "    \"" << (name ? name.get() : "") << "\",\n";
  }
  out << "};\n}  // namespace warder::jail\n";
}

int Main(int argc, char** argv) {
  if (argc != 3) Fail("usage: filter_generator filters|names OUT.h", argc);
  const std::string_view mode = argv[1];
  std::ofstream out(argv[2]);
  if (mode == "filters") {
    WriteFilters(out);
  } else {
    WriteNames(out);
  }
  out.close();
  return out ? 0 : 1;
}

}  // namespace
}  // namespace warder::jail

int main(int argc, char** argv) { return warder::jail::Main(argc, argv); }
