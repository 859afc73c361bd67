// What `warder test` says: TAP (testanything.org, version 14) line by line, and JUnit's XML at the end.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "engine/cli/fixture.h"
#include "engine/cli/fixture_verdict.h"

namespace warder::cli {

struct Tested {
  const Fixture* fixture;
  std::vector<Mismatch> mismatches;  // none: it passed
  std::chrono::microseconds duration{0};
};

std::string TapStart(std::size_t count);
// The lines of one test, the `number`-th from 1.
std::string TapText(std::size_t number, const Tested& tested);

// A document for the tools that read what JUnit's Ant task writes.
std::string JUnitText(const std::vector<Tested>& tests);

}  // namespace warder::cli
