// What the runner tells a cell of the hostile image: which probe, and the world. Both are of one build.
#pragma once

#include <cstdint>
#include <type_traits>

#include "tests/hostile/world.h"

namespace warder::hostile {

struct Order {
  std::uint32_t group = 0;
  std::uint32_t probe = 0;
  World world;
};
static_assert(std::is_trivially_copyable_v<Order>);

}  // namespace warder::hostile
