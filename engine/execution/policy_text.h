// Everything that is enforced on an execution, as one text whose hash stands in its receipt: two executions with one
// hash were held by the same rules, down to the bytes of the filter.
#pragma once

#include <span>
#include <string>

#include "engine/broker/capabilities.h"
#include "sandbox/zygote/launcher.h"
#include "warder/engine.h"
#include "warder/limits.h"

namespace warder::execution {

// Lines, each a word and what it is about (docs/receipt.md): the order of grants and permissions makes no difference.
std::string CanonicalPolicy(const Limits& limits, CellProfile profile, const zygote::CellLimits& cell,
                            const broker::Capabilities& egress, std::span<const std::string> permit_degraded);

}  // namespace warder::execution
