// What `warder run --json` prints: one object, whatever happened.
//
//   {"execution", "status", "reason", "attempts", "output", "steps", "calls", "response", "state", "usage", "receipt",
//   "error"?, "limit"?, "violation"?, "logs"}
//
// All but "attempts" and "logs" is of the last attempt. "receipt" is what was signed, to be read; the signed file
// itself is what --receipt writes. Names and units are those of the receipt: times in microseconds, sizes in bytes,
// limits in their own unit.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "warder/engine.h"

namespace warder::cli {

struct Attempt {
  std::string execution;
  Status status = Status::kFault;
  std::string reason;
  std::optional<std::chrono::milliseconds> retry_in;  // until the next one; nothing: there is none
};

// `events` are those of all attempts; their log lines become "logs". An outcome of something that never started has an
// empty execution, and then null for "usage".
std::string OutcomeJson(const Outcome& outcome, const std::vector<Attempt>& attempts, const std::vector<Event>& events);

}  // namespace warder::cli
