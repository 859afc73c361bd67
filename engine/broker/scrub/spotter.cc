#include "engine/broker/scrub/spotter.h"

#include <algorithm>

namespace warder::broker {

// Each look-up waits for the one before. So the block's quarters are read side by side; what the automaton knows at the
// beginning of a quarter follows from the bytes before it.
bool Spotter::SkipBlock(State* state, const char* block) const {
  constexpr std::size_t kQuarter = kBlock / 4;
  std::array<State, 4> states{*state, kIdle, kIdle, kIdle};
  for (std::size_t i = 1; i < 4; ++i) {
    const char* const quarter = block + i * kQuarter;
    for (const char* byte = quarter - longest_; byte != quarter; ++byte) states[i] = Next(states[i], *byte);
  }
  auto [a, b, c, d] = states;
  State highest = 0;
  for (std::size_t i = 0; i < kQuarter; ++i) {
    a = Next(a, block[i]);
    b = Next(b, block[i + kQuarter]);
    c = Next(c, block[i + 2 * kQuarter]);
    d = Next(d, block[i + 3 * kQuarter]);
    highest = std::max({highest, a, b, c, d});
  }
  if (Spots(highest)) return false;
  *state = d;
  return true;
}

std::span<const std::uint32_t> Spotter::FormsAt(State state) const {
  const Range range = spotted_at_[static_cast<std::size_t>(state - first_spotting_)];
  return std::span(spotted_).subspan(range.begin, range.end - range.begin);
}

std::span<const Node> Spotter::OldestAt(State state) const {
  const Range range = oldest_at_[state];
  return std::span(oldest_).subspan(range.begin, range.end - range.begin);
}

}  // namespace warder::broker
