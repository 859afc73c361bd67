// Points in time as records have them.
#pragma once

#include <chrono>
#include <string>

namespace warder {

// ISO 8601 in UTC, to the millisecond: "2026-01-31T12:00:00.000Z".
std::string IsoTime(std::chrono::system_clock::time_point time);

}  // namespace warder
