// What this thread has computed so far: on a busy machine time passes in which it has not.
#pragma once

#include <chrono>
#include <ctime>

namespace warder {

inline std::chrono::nanoseconds ThreadCpuTime() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

}  // namespace warder
