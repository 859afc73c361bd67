// What a cell says of what has run in it: the JSON of V8's Profiler.takePreciseCoverage.
//
// The cell may be hostile. Of the JSON only the modules' names and their ranges are kept, each held against the bundle,
// and at most kMaxCoveredRanges of them; what else is in it costs no memory.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "sandbox/base/result.h"
#include "warder/engine.h"

namespace warder::coverage {

inline constexpr std::size_t kMaxCoveredRanges = 500'000;

// The error is one clause that says what is wrong, without what the text holds.
Result<std::vector<ModuleCoverage>> ReadPreciseCoverage(std::string_view json, const Bundle& bundle);

}  // namespace warder::coverage
