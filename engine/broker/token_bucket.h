// A token bucket: `count` events in each period on average, at most `burst` at once. Time is a parameter.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace warder::broker {

class TokenBucket {
 public:
  using Clock = std::chrono::steady_clock;

  // Full at `now`. `count`, `period` and `burst` are positive.
  TokenBucket(std::uint64_t count, std::chrono::nanoseconds period, std::uint64_t burst, Clock::time_point now)
      : interval_(std::max<std::int64_t>(1, period.count() / static_cast<std::int64_t>(count))),
        depth_(interval_ * static_cast<std::int64_t>(burst)),
        empty_at_(now - depth_) {}

  // Zero: a token was taken. Otherwise none was, and there will be one after that time.
  std::chrono::nanoseconds Take(Clock::time_point now) {
    const Clock::time_point base = std::max(empty_at_, now - depth_);
    if (base + interval_ > now) return base + interval_ - now;
    empty_at_ = base + interval_;
    return {};
  }

  bool Full(Clock::time_point now) const { return empty_at_ <= now - depth_; }

 private:
  // When the bucket was, or would have been, empty: each token is worth the time in which it comes back.
  std::chrono::nanoseconds interval_;
  std::chrono::nanoseconds depth_;
  Clock::time_point empty_at_;
};

}  // namespace warder::broker
