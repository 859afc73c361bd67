// The user id of the jail on the host. A jail started by root runs under a uid that nothing else has, so that file
// permissions, signals and per-user limits treat it as a stranger; an ordinary user's jail keeps the user's own.
#pragma once

#include <sys/types.h>

#include <cstdint>

#include "sandbox/jail/layers.h"

namespace warder::jail {

// Uids of jails are taken from here up: 0x70000000 + the engine's pid. The range is above what useradd, subuid ranges
// and systemd's dynamic users hand out (systemd.io/UIDS-GIDS), and below 2^31.
inline constexpr std::uint32_t kFirstJailUid = 0x70000000;

inline std::uint32_t JailUidFor(pid_t engine) { return kFirstJailUid + static_cast<std::uint32_t>(engine); }

// If any uid or gid of this process is 0: gives up all groups and becomes `jail_uid` for good, read back. Otherwise
// nothing but a check. `jail_uid` of 0 is refused. Clears the parent-death signal and the dumpable flag: set both
// again.
SetupResult<> LeaveRoot(std::uint32_t jail_uid);

}  // namespace warder::jail
