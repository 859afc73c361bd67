// Keyrings: keys that a process reaches without any descriptor, because its credentials carry them. See keyrings(7).
#pragma once

#include "sandbox/jail/layers.h"

namespace warder::jail {

// Leaves the session keyring that this process inherited for a new, empty one. Where the kernel has no keys, or an
// outer filter refuses keyctl to this process and all it forks, there is nothing to leave.
SetupResult<> LeaveSessionKeyring();

}  // namespace warder::jail
