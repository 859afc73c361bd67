#include "sandbox/jail/landlock.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include "sandbox/base/unique_fd.h"

namespace warder::jail {

namespace {

// <linux/landlock.h> of Debian 12 ends at ABI 2; these are the kernel's names and values up to ABI 7.
struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;  // ABI 4
  std::uint64_t scoped = 0;              // ABI 6
};
constexpr std::uint32_t kCreateRulesetVersion = 1U << 0;
constexpr std::uint32_t kLogSameExecOff = 1U << 0;    // ABI 7
constexpr std::uint32_t kLogSubdomainsOff = 1U << 2;  // ABI 7
constexpr std::uint64_t kNetBindTcp = 1U << 0;
constexpr std::uint64_t kNetConnectTcp = 1U << 1;
constexpr std::uint64_t kScopeAbstractUnixSocket = 1U << 0;
constexpr std::uint64_t kScopeSignal = 1U << 1;

// The number of file system rights that each ABI handles; rights are bits from 0 up.
std::uint64_t FileRights(int abi) {
  unsigned bits = 13;       // ABI 1: EXECUTE to MAKE_SYM
  if (abi >= 2) bits = 14;  // REFER
  if (abi >= 3) bits = 15;  // TRUNCATE
  if (abi >= 5) bits = 16;  // IOCTL_DEV
  return (std::uint64_t{1} << bits) - 1;
}

constexpr std::string_view kRemedy =
    "Landlock needs Linux 5.13 and `landlock` in the kernel's list of security modules (boot option lsm=); "
    "--permit-degraded=landlock runs without it.";

}  // namespace

SetupResult<int> LandlockAbi() {
  const long abi = syscall(SYS_landlock_create_ruleset, nullptr, 0, kCreateRulesetVersion);
  if (abi < 1) return SystemError(layer::kLandlock, "landlock_create_ruleset", errno, kRemedy);
  return static_cast<int>(abi);
}

std::string DescribeLandlock(int abi) {
  std::string text = "ABI " + std::to_string(abi) + ": files";
  if (abi >= 4) text += ", TCP ports";
  if (abi >= 6) text += ", abstract sockets, signals";
  return text;
}

SetupResult<> DenyByLandlock(int abi) {
  RulesetAttributes attributes;
  attributes.handled_access_fs = FileRights(abi);
  std::size_t size = sizeof attributes.handled_access_fs;
  if (abi >= 4) {
    attributes.handled_access_net = kNetBindTcp | kNetConnectTcp;
    size += sizeof attributes.handled_access_net;
  }
  if (abi >= 6) {
    attributes.scoped = kScopeAbstractUnixSocket | kScopeSignal;
    size += sizeof attributes.scoped;
  }
  const UniqueFd ruleset(static_cast<int>(syscall(SYS_landlock_create_ruleset, &attributes, size, 0)));
  if (!ruleset) return SystemError(layer::kLandlock, "landlock_create_ruleset", errno, kRemedy);
  // Tenants must not be able to fill the host's audit log.
  const std::uint32_t flags = abi >= 7 ? kLogSameExecOff | kLogSubdomainsOff : 0;
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), flags) != 0) {
    return SystemError(layer::kLandlock, "landlock_restrict_self", errno, kRemedy);
  }
  return {};
}

}  // namespace warder::jail
