// What came of a fixture, held against what it expects.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/cli/batch.h"
#include "engine/cli/fixture.h"

namespace warder::cli {

struct Mismatch {
  std::string what;  // one sentence
  std::string diff;  // lines; may be empty
};

// Everything that is not as the fixture expects, calls first; empty: it passed.
std::vector<Mismatch> Mismatches(const Fixture& fixture, const Finished& finished);

// Of the reason of an end what is the same wherever and however fast the execution runs: what was measured and
// addresses stand behind that.
std::string ComparableReason(Status status, const std::string& reason);
// An answer to a webhook as text, all of it; empty: there was none.
std::string ResponseText(const std::optional<WebhookResponse>& response);

// What a recorded execution came to.
Expectation ExpectationOf(const Recording& recording);

// `text`, the file of the fixture, with what really came of it as what it expects.
std::string WithExpectation(const std::string& text, const Fixture& fixture, const Finished& finished);

}  // namespace warder::cli
