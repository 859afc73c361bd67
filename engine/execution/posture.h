// The posture of one cell: what jail::ObservePosture found, judged against what must hold.
//
// Every execution's own cell is looked at once, after its filter is on and before it is given anything of a tenant.
// Where a layer is missing that must hold, the execution ends there (P9). A layer that was not looked at is missing.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "sandbox/base/result.h"
#include "sandbox/jail/layers.h"
#include "sandbox/jail/rlimits.h"
#include "warder/engine.h"

namespace warder::execution {

// As jail::ObservePosture, which is what every engine uses; the engine's own tests show it worse cells.
using PostureObserver = std::function<Result<std::vector<jail::LayerState>>(
    int pidfd, std::span<const jail::LayerState> reported, std::span<const jail::Limit> own_limits)>;

// One state for each of jail::Layers(), in that order.
std::vector<LayerStatus> JudgePosture(std::span<const jail::LayerState> observed,
                                      std::span<const std::string> permit_degraded);

// The first layer without which nothing may run; null: every one of these is enforced or permitted to be missing.
const LayerStatus* MissingLayer(std::span<const LayerStatus> layers);

}  // namespace warder::execution
