// Build-time tool: compiles the table into the two filters, and lists the names of system calls.
//
//   filter_generator filters OUT.h | names OUT.h
//
// libseccomp stays out of the jail, and starting costs nothing. The result is not trusted: filter_test.cc checks it
// against the table with an evaluator of its own.
#include <linux/filter.h>
#include <seccomp.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/jail/filter_compiler.h"
#include "sandbox/jail/syscall_table.h"

namespace warder::jail {
namespace {

// Beyond the newest call of any kernel we know of.
constexpr int kNamedSyscalls = 600;

void WriteFilter(std::ostream& out, std::string_view name, Profile profile) {
  const std::vector<sock_filter> program = CompileFilter(SyscallTable(profile));
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
  if (argc != 3) {
    std::fputs("usage: filter_generator filters|names OUT.h\n", stderr);
    return 2;
  }
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

int main(int argc, char** argv) {
  try {
    return warder::jail::Main(argc, argv);
  } catch (const warder::jail::FilterCompileError& error) {
    std::fprintf(stderr, "filter_generator: %s\n", error.what());
    return 1;
  }
}
