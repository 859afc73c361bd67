// Descriptors: what the jail holds open. Their numbers are fixed, because the filters name them.
#pragma once

#include <vector>

#include "sandbox/jail/layers.h"

namespace warder::jail {

// In the launcher and the zygote the control socket, in a cell its own socket.
inline constexpr int kSocketFd = 3;
// In the launcher only.
inline constexpr int kImageFd = 4;
// In the zygote from its exec until it has read it: what the launcher did, and what may be missing (launch_report.h).
inline constexpr int kReportFd = 4;
// In the zygote: how a cell that could not be set up says so.
inline constexpr int kFailureReadFd = 4;
inline constexpr int kFailureWriteFd = 5;
// RLIMIT_NOFILE - 1 of the zygote, so that a scan up to here finds everything. The same limit bounds how many
// descriptors may be under way on the control socket (unix(7), ETOOMANYREFS): more than fit into its buffer.
inline constexpr int kHighestDescriptor = 1023;

// Closes everything from `first` to `last`, both included.
SetupResult<> CloseRange(unsigned first, unsigned last = ~0U);

// Moves a descriptor to `target`, closing what was there; the new one is not closed on exec.
SetupResult<> MoveDescriptor(int from, int target);

// The open descriptors up to kHighestDescriptor.
std::vector<int> OpenDescriptors();

}  // namespace warder::jail
