// Landlock: a ruleset that handles everything the kernel's ABI knows and allows none of it. It holds without the filter
// and without namespaces: no file, no TCP port, no abstract socket, no signal and no trace beyond the domain, no mount.
// See landlock(7) and the kernel's Documentation/userspace-api/landlock.rst.
#pragma once

#include "sandbox/jail/layers.h"

namespace warder::jail {

// The kernel's ABI version; an error says why there is none.
SetupResult<int> LandlockAbi();

// What a ruleset of this ABI takes away, for people: "ABI 7: files, TCP, abstract sockets and signals".
std::string DescribeLandlock(int abi);

// Confines this process and its children for good. Needs no_new_privs. Domains nest: one per cell also cuts cells off
// from each other. `abi` as LandlockAbi gave it.
SetupResult<> DenyByLandlock(int abi);

}  // namespace warder::jail
