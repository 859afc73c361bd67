#include "sandbox/jail/testing/call_set.h"

#include <cstring>

namespace warder::jail::testing {

Cube Cube::Of(std::size_t word, std::uint32_t mask, std::uint32_t value) {
  Cube cube;
  cube.mask.at(word) = mask;
  cube.value.at(word) = value & mask;
  return cube;
}

Cube Cube::OfArgument(std::size_t index, std::uint64_t mask, std::uint64_t value) {
  const std::size_t low = offsetof(seccomp_data, args) / 4 + 2 * index;
  return Intersection(Of(low, static_cast<std::uint32_t>(mask), static_cast<std::uint32_t>(value)),
                      Of(low + 1, static_cast<std::uint32_t>(mask >> 32), static_cast<std::uint32_t>(value >> 32)));
}

seccomp_data Cube::Sample() const {
  seccomp_data call{};
  std::memcpy(&call, value.data(), sizeof call);
  return call;
}

bool Cube::Contains(const seccomp_data& call) const {
  std::array<std::uint32_t, kCallWords> words{};
  std::memcpy(words.data(), &call, sizeof call);
  for (std::size_t i = 0; i < kCallWords; ++i) {
    if ((words[i] & mask[i]) != value[i]) return false;
  }
  return true;
}

bool Disjoint(const Cube& a, const Cube& b) {
  for (std::size_t i = 0; i < kCallWords; ++i) {
    if (((a.value[i] ^ b.value[i]) & a.mask[i] & b.mask[i]) != 0) return true;
  }
  return false;
}

Cube Intersection(const Cube& a, const Cube& b) {
  Cube both = a;
  for (std::size_t i = 0; i < kCallWords; ++i) {
    both.mask[i] |= b.mask[i];
    both.value[i] |= b.value[i];
  }
  return both;
}

CallSet Intersection(const CallSet& a, const Cube& b) {
  CallSet both;
  for (const Cube& cube : a) {
    if (!Disjoint(cube, b)) both.push_back(Intersection(cube, b));
  }
  return both;
}

CallSet Difference(const Cube& a, const Cube& b) {
  if (Disjoint(a, b)) return {a};
  CallSet rest;
  Cube remaining = a;
  for (std::size_t i = 0; i < kCallWords; ++i) {
    // One cube for each bit that `b` fixes and `a` does not: equal to `b` before that bit, different in it.
    for (std::uint32_t open = b.mask[i] & ~a.mask[i]; open != 0; open &= open - 1) {
      const std::uint32_t bit = open & -open;
      remaining.mask[i] |= bit;
      Cube outside = remaining;
      outside.value[i] |= ~b.value[i] & bit;
      rest.push_back(outside);
      remaining.value[i] |= b.value[i] & bit;
    }
  }
  return rest;
}

CallSet Difference(const CallSet& a, const Cube& b) {
  CallSet rest;
  for (const Cube& cube : a) {
    const CallSet left = Difference(cube, b);
    rest.insert(rest.end(), left.begin(), left.end());
  }
  return rest;
}

}  // namespace warder::jail::testing
