// What came of a fixture, held against what it expects.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/batch.h"
#include "engine/cli/fixture.h"

namespace warder::cli {

struct Mismatch {
  std::string what;  // one sentence
  std::string diff;  // lines; may be empty
};

// Everything that is not as `expect` says, calls first; empty: it passed.
std::vector<Mismatch> Mismatches(const Expectation& expect, const Finished& finished);

// What a recorded execution came to.
Expectation ExpectationOf(const Recording& recording);

// `text`, the file of the fixture, with what really came of it as what it expects.
std::string WithExpectation(const std::string& text, const Fixture& fixture, const Finished& finished);

}  // namespace warder::cli
