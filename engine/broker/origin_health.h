// What a tenant's calls to one origin have come to lately, and what follows from it: a circuit and a budget of retries.
//
// The circuit opens after failures in a row: calls then fail at once instead of waiting for an upstream that is down,
// which keeps their slots for others. After a while one call is let through; when it succeeds the circuit closes, else
// it stays open for another while. The budget keeps retries a small part of all calls (as gRPC's retry throttling does,
// proposal A6): where most calls fail, trying again makes it worse.
//
// Per tenant, so that what one tenant's credential or load does to an upstream closes it to nobody else.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

namespace warder::broker {

class OriginHealth {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr int kFailuresToOpen = 10;
  static constexpr std::chrono::seconds kOpenFor{10};

  // Zero: a call may go out, and will be followed by Succeeded, Failed or Abandoned. Otherwise: not before that time.
  std::chrono::milliseconds Admit(Clock::time_point now);
  // The upstream answered with something that is not its own failure.
  void Succeeded();
  // It could not be reached, did not answer, or answered 502, 503 or 504.
  void Failed(Clock::time_point now);
  // It answered 429: it is well, and wants to be asked less.
  void Throttled();
  // Nobody knows: the call was given up before it had an answer.
  void Abandoned();

  // Whether one more attempt fits the budget.
  bool MayRetry() const { return tokens_ > kMaxTokens / 2; }

  bool Unremarkable() const { return failures_ == 0 && tokens_ == kMaxTokens && !probing_; }

 private:
  static constexpr int kMaxTokens = 100;  // ten failures' worth
  static constexpr int kTokensPerFailure = 10;
  static constexpr int kTokensPerSuccess = 1;

  int failures_ = 0;  // in a row
  Clock::time_point open_until_{};
  bool probing_ = false;  // the one call that is let through
  int tokens_ = kMaxTokens;
};

// By tenant and origin. What nothing is remarkable about is forgotten, and what nobody has asked for in a while.
class OriginHealths {
 public:
  using Clock = OriginHealth::Clock;
  static constexpr std::chrono::minutes kKept{10};

  OriginHealth& Of(std::string_view tenant, std::string_view origin, Clock::time_point now);
  std::size_t size() const { return healths_.size(); }

 private:
  using Name = std::pair<std::string_view, std::string_view>;
  struct Less {
    using is_transparent = void;
    bool operator()(const Name& a, const Name& b) const { return a < b; }
  };

  struct Entry {
    OriginHealth health;
    Clock::time_point asked;
  };

  std::map<std::pair<std::string, std::string>, Entry, Less> healths_;
  std::size_t sweep_at_ = 256;
};

}  // namespace warder::broker
