// Sets of system calls, exactly: the seccomp_data of a call is 512 bits, a cube fixes some of them, a set is a list of
// cubes. With these a filter is compared with a table for every call there can be, not for a sample.
#pragma once

#include <linux/seccomp.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace warder::jail::testing {

// seccomp_data as the filter sees it: number, architecture, instruction pointer, arguments, low half first.
inline constexpr std::size_t kCallWords = sizeof(seccomp_data) / 4;

// The calls whose words hold `value` in the bits of `mask`. A value has no bit outside of its mask.
struct Cube {
  std::array<std::uint32_t, kCallWords> mask{};
  std::array<std::uint32_t, kCallWords> value{};

  // Only calls in which these bits of this word are `value`.
  static Cube Of(std::size_t word, std::uint32_t mask, std::uint32_t value);
  static Cube OfArgument(std::size_t index, std::uint64_t mask, std::uint64_t value);
  // One call of the set.
  seccomp_data Sample() const;
  bool Contains(const seccomp_data& call) const;
};

using CallSet = std::vector<Cube>;

bool Disjoint(const Cube& a, const Cube& b);
// Both must have a call in common.
Cube Intersection(const Cube& a, const Cube& b);
CallSet Intersection(const CallSet& a, const Cube& b);
// The calls of `a` that are not in `b`, as cubes that have no call in common.
CallSet Difference(const Cube& a, const Cube& b);
CallSet Difference(const CallSet& a, const Cube& b);

}  // namespace warder::jail::testing
