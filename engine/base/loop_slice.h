// How long one party may keep the engine's loop before the others have their turn.
//
// One call at a time passes the loop about five times, and waits each time for what its neighbours do there: what
// they do is done in slices of this length, and goes on when everybody else has had one. A step that has begun ends.
#pragma once

#include <chrono>

namespace warder {

class LoopSlice {
 public:
  LoopSlice() : begin_(Clock::now()) {}
  bool over() const { return length() >= kLength; }
  // So far.
  std::chrono::steady_clock::duration length() const { return Clock::now() - begin_; }

 private:
  using Clock = std::chrono::steady_clock;
  // About what a call costs the loop in all: much shorter slices cost more than they help.
  static constexpr std::chrono::microseconds kLength{50};

  const Clock::time_point begin_;
};

}  // namespace warder
