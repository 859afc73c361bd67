// How often each of many stretches of a source has run.
#pragma once

#include <cstdint>
#include <vector>

#include "warder/engine.h"

namespace warder::coverage {

struct Stretch {
  std::uint32_t begin = 0;  // UTF-16 code units
  std::uint32_t end = 0;
};

// For each stretch the count of the last range that holds all of it; 0 where none does. Neither the begins nor the ends
// of `stretches` ever decrease. Takes little more time than there are of both, however the ranges lie.
std::vector<std::uint64_t> CountStretches(const std::vector<Stretch>& stretches,
                                          const std::vector<CoveredRange>& ranges);

}  // namespace warder::coverage
