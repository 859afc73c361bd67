// How an execution ended, for people: what went wrong and where, and one line that sums it up.
#pragma once

#include <string>

#include "engine/cli/output.h"
#include "warder/engine.h"

namespace warder::cli {

// Puts the original sources' places into the outcome, where the bundle has a source map. Returns what is to be said of
// maps that will not do: a line each.
std::string MapToSources(const Bundle& bundle, Outcome* outcome);

// The author's error with its stack and causes, the limit with the last stack, the violation with its arguments. Empty
// when it succeeded.
std::string FailureText(const Outcome& outcome, const Output& output);

// "succeeded in 14 ms: 3 calls, cpu 9 ms, peak 21 MB" and a line break.
std::string SummaryText(const Outcome& outcome, const Output& output);

}  // namespace warder::cli
