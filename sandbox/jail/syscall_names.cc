#include <algorithm>
#include <array>
#include <string_view>

#include "sandbox/jail/syscall_names_generated.h"
#include "sandbox/jail/syscall_table.h"

namespace warder::jail {

std::string SyscallName(long number) {
  if (number >= 0 && static_cast<std::size_t>(number) < kSyscallNames.size()) {
    const std::string_view name = kSyscallNames.at(static_cast<std::size_t>(number));
    if (!name.empty()) return std::string(name);
  }
  return "syscall " + std::to_string(number);
}

}  // namespace warder::jail
