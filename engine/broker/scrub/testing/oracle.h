// Scrubbing as one would do it with the whole text in hand and all the time in the world: everything that could be an
// escape is decoded, from every byte on. Shares no code with the scrubber.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace warder::broker::testing {

struct Scrubbed {
  std::string text;
  std::size_t redactions = 0;
};

Scrubbed ScrubSlowly(std::span<const std::string> secrets, std::string_view text);

}  // namespace warder::broker::testing
