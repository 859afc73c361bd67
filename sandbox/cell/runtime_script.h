// A script of the runtime, as the build makes it from sandbox/runtime.
#pragma once

#include <span>
#include <string_view>

namespace warder::cell {

struct RuntimeScript {
  std::string_view name;    // as it stands in stacks
  std::string_view source;  // ASCII: one function; its first argument is an object of its natives
  std::span<const std::string_view> natives;
};

}  // namespace warder::cell
