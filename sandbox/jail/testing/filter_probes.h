// What a cell and the zygote may do, call by call, and the nearest things that they may not: written by hand from what
// the jail is for, so that an edit of the table that gives or takes something has to be made twice. Nothing here looks
// at the table.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "sandbox/jail/testing/filter_oracle.h"

namespace warder::jail::testing {

struct FilterProbe {
  int number = -1;
  Arguments arguments{};
  // The call as it is when flip_bits is 0; otherwise each call that differs from it in one of these bits of this
  // argument.
  std::size_t flipped = 0;
  std::uint64_t flip_bits = 0;
  std::uint32_t cell = 0;  // SECCOMP_RET_*
  std::uint32_t zygote = 0;
  std::string_view why;
};

std::span<const FilterProbe> FilterProbes();

// A probe's calls, one by one, and what a profile's filter must answer.
struct ProbedCall {
  seccomp_data call;
  std::uint32_t answer = 0;
  std::string_view why;
};
// Every call of every probe; and each number up to kLastNumber that no probe names, with zeros and with ones as
// arguments, which must be SECCOMP_RET_TRAP.
std::vector<ProbedCall> ProbedCalls(Profile profile);

}  // namespace warder::jail::testing
