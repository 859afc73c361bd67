#include "sandbox/jail/syscall_filter.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sandbox/jail/filters_generated.h"

namespace warder::jail {

std::span<const sock_filter> Filter(Profile profile) {
  if (profile == Profile::kCell) return kCellFilter;
  return kZygoteFilter;
}

SetupResult<> InstallFilter(Profile profile) {
  const std::span<const sock_filter> filter = Filter(profile);
  // The kernel copies the program; the structure wants a pointer to non-const.
  const sock_fprog program{static_cast<unsigned short>(filter.size()), const_cast<sock_filter*>(filter.data())};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) {
    return SystemError(layer::kSeccomp, "seccomp(SECCOMP_SET_MODE_FILTER)", errno,
                       "The kernel must have CONFIG_SECCOMP_FILTER.");
  }
  return {};
}

}  // namespace warder::jail
