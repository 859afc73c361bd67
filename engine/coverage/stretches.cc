#include "engine/coverage/stretches.h"

#include <algorithm>
#include <numeric>

namespace warder::coverage {

std::vector<std::uint64_t> CountStretches(const std::vector<Stretch>& stretches,
                                          const std::vector<CoveredRange>& ranges) {
  std::vector<std::uint64_t> counts(stretches.size(), 0);
  // next[i]: a stretch at or behind i that has no count yet, or one that is nearer to it.
  std::vector<std::size_t> next(stretches.size() + 1);
  std::iota(next.begin(), next.end(), std::size_t{0});
  const auto open_from = [&](std::size_t i) {
    while (next[i] != i) i = next[i] = next[next[i]];
    return i;
  };
  // The last range comes first, so that each stretch is counted once.
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    const auto first = std::lower_bound(stretches.begin(), stretches.end(), range->begin,
                                        [](const Stretch& each, std::uint32_t at) { return each.begin < at; });
    const auto last = std::upper_bound(stretches.begin(), stretches.end(), range->end,
                                       [](std::uint32_t at, const Stretch& each) { return at < each.end; });
    const auto end = static_cast<std::size_t>(last - stretches.begin());
    for (std::size_t i = open_from(static_cast<std::size_t>(first - stretches.begin())); i < end; i = open_from(i)) {
      counts[i] = range->count;
      next[i] = i + 1;
    }
  }
  return counts;
}

}  // namespace warder::coverage
