#include "sandbox/jail/capabilities.h"

#include <linux/securebits.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <span>

namespace warder::jail {

namespace {

using CapabilitySet = std::unique_ptr<std::remove_pointer_t<cap_t>, int (*)(void*)>;

CapabilitySet Own(cap_t set) { return {set, cap_free}; }

constexpr unsigned kLockedBits = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                 SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | SECBIT_NO_CAP_AMBIENT_RAISE |
                                 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED;

SetupError CapabilityError(std::string_view what) { return SystemError(layer::kCapabilities, what, errno); }

// The kernel refuses the first number that it does not know with EINVAL, whatever the caller's rights.
bool DropBoundExcept(std::span<const cap_value_t> kept) {
  for (cap_value_t cap = 0;; ++cap) {
    if (std::find(kept.begin(), kept.end(), cap) != kept.end()) continue;
    if (cap_drop_bound(cap) != 0) return errno == EINVAL && cap > CAP_BLOCK_SUSPEND;
  }
}

// The ambient set is always part of the permitted and the inheritable one: empty when these are.
bool EverySetIsEmpty() {
  const CapabilitySet current = Own(cap_get_proc());
  const CapabilitySet empty = Own(cap_init());
  return current && empty && cap_compare(current.get(), empty.get()) == 0;
}

}  // namespace

SetupResult<> KeepSealCapabilities() {
  // SYS_ADMIN mounts, SETPCAP empties the bounding set; both mean something only inside of the jail's user namespace.
  static constexpr std::array<cap_value_t, 2> kKept = {CAP_SYS_ADMIN, CAP_SETPCAP};
  if (!DropBoundExcept(kKept)) return CapabilityError("dropping the bounding set");
  const CapabilitySet set = Own(cap_init());
  if (!set) return CapabilityError("cap_init");
  for (const cap_flag_t flag : {CAP_PERMITTED, CAP_EFFECTIVE, CAP_INHERITABLE}) {
    if (cap_set_flag(set.get(), flag, kKept.size(), kKept.data(), CAP_SET) != 0) return CapabilityError("cap_set_flag");
  }
  if (cap_set_proc(set.get()) != 0) return CapabilityError("cap_set_proc");
  for (const cap_value_t cap : kKept) {
    if (cap_set_ambient(cap, CAP_SET) != 0) return CapabilityError("cap_set_ambient");
  }
  return {};
}

SetupResult<> DropAllCapabilities() {
  if (cap_set_secbits(kLockedBits) != 0) return CapabilityError("cap_set_secbits");
  if (!DropBoundExcept({})) return CapabilityError("dropping the bounding set");
  if (cap_reset_ambient() != 0) return CapabilityError("cap_reset_ambient");
  const CapabilitySet empty = Own(cap_init());
  if (!empty || cap_set_proc(empty.get()) != 0) return CapabilityError("cap_set_proc");
  if (!EverySetIsEmpty() || cap_get_secbits() != kLockedBits) {
    return SetupError{layer::kCapabilities, EPERM, "The kernel kept a capability that was dropped."};
  }
  return {};
}

}  // namespace warder::jail
