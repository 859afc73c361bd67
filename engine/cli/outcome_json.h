// What `warder run --json` prints: one object, whatever happened.
//
//   {"execution", "status", "reason", "output", "steps", "calls", "usage", "receipt", "error"?, "limit"?, "violation"?,
//   "logs"}
//
// "receipt" is what was signed, to be read; the signed file itself is what --receipt writes. Names and units are those
// of the receipt: times in microseconds, sizes in bytes, limits in their own unit.
#pragma once

#include <string>
#include <vector>

#include "warder/engine.h"

namespace warder::cli {

// `events` are those of the execution; its log lines become "logs". An outcome of something that never started has an
// empty execution, and then null for "usage".
std::string OutcomeJson(const Outcome& outcome, const std::vector<Event>& events);

}  // namespace warder::cli
