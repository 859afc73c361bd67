// The time of a clock that the kernel advances with its ticks: up to ten milliseconds behind, and read for a small part
// of what the exact one costs. For what is noted with every few bytes and compared with seconds.
#pragma once

#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime

#include <chrono>

namespace warder::broker {

inline std::chrono::steady_clock::time_point CoarseNow() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);  // steady_clock's, without what is below a tick
  return std::chrono::steady_clock::time_point(std::chrono::seconds(now.tv_sec) +
                                               std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace warder::broker
