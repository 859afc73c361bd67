// The posture of a live cell, measured from outside through /proc and its pidfd: what `warder doctor` and every receipt
// say is what was found, not what was meant.
//
// Two layers cannot be seen from outside on any kernel (landlock, mdwe); for these the zygote's own report is passed
// on, and the hostile suite tries them. Works for root, and for an ordinary user whose own user namespace the cell is
// in.
#pragma once

#include <span>
#include <vector>

#include "sandbox/base/result.h"
#include "sandbox/jail/layers.h"
#include "sandbox/jail/rlimits.h"

namespace warder::jail {

// Every layer of Layers(), in its order. `pidfd` refers to a cell that is ready (its filter is on) and not yet reaped;
// `reported` is what ZygoteReady said, and what the engine has seen of the cell's cgroup;
// `own_limits` are those that this cell has beside the ones of every cell. An error: the process is
// gone, or /proc cannot be read.
Result<std::vector<LayerState>> ObservePosture(int pidfd, std::span<const LayerState> reported,
                                               std::span<const Limit> own_limits);

}  // namespace warder::jail
