#include "sandbox/jail/keyring.h"

#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace warder::jail {

SetupResult<> LeaveSessionKeyring() {
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) >= 0 || errno == ENOSYS || errno == EPERM) return {};
  return SystemError(layer::kUser, "keyctl(KEYCTL_JOIN_SESSION_KEYRING)", errno,
                     "EDQUOT: this user has as many keys as /proc/sys/kernel/keys/maxkeys allows.");
}

}  // namespace warder::jail
