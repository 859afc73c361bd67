// The pace of one connection: its rate and the calls that may be under way at once, over all executions of a tenant.
//
// Admission shares the broker between tenants; this keeps a tenant's own promise to an upstream. Who comes too early
// waits, first come first served.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/broker/loop_timer.h"
#include "engine/broker/token_bucket.h"

namespace warder::broker {

struct ThrottleBounds {
  std::uint64_t rate_count = 0;  // 0: any rate
  std::chrono::seconds rate_period{1};
  std::uint64_t rate_burst = 1;
  std::uint64_t in_flight = 0;  // 0: any number
  bool bounded() const { return rate_count > 0 || in_flight > 0; }
};

class Throttle {
 public:
  // A place in the queue, then one among those under way. Destroying it gives up whichever it is.
  class Ticket;

  Throttle(boost::asio::io_context& loop, const ThrottleBounds& bounds, std::size_t max_waiting);
  ~Throttle() = default;
  Throttle(const Throttle&) = delete;
  Throttle& operator=(const Throttle&) = delete;
  Throttle(Throttle&&) = delete;
  Throttle& operator=(Throttle&&) = delete;

  // `admitted` is called from the loop, once; never from inside. Null: too many wait already.
  [[nodiscard]] static std::unique_ptr<Ticket> Enter(const std::shared_ptr<Throttle>& throttle,
                                                     std::function<void()> admitted);

  // Forgetting it would let nobody go earlier.
  bool Idle() const;

 private:
  struct Entry {
    std::function<void()> admitted;
    bool under_way = false;
  };

  void AdmitNext();

  boost::asio::io_context& loop_;
  const ThrottleBounds bounds_;
  const std::size_t max_waiting_;
  std::optional<TokenBucket> bucket_;
  std::uint64_t active_ = 0;
  std::deque<std::weak_ptr<Entry>> waiting_;  // those that gave up have expired
  LoopTimer next_token_;
};

class Throttle::Ticket {
 public:
  Ticket(std::shared_ptr<Throttle> throttle, std::shared_ptr<Entry> entry)
      : throttle_(std::move(throttle)), entry_(std::move(entry)) {}
  ~Ticket();
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  Ticket(Ticket&&) = delete;
  Ticket& operator=(Ticket&&) = delete;

 private:
  std::shared_ptr<Throttle> throttle_;
  std::shared_ptr<Entry> entry_;
};

// The throttles of all connections that are in use, or were so lately that it still matters.
class Throttles {
 public:
  Throttles(boost::asio::io_context& loop, std::size_t max_waiting) : loop_(loop), max_waiting_(max_waiting) {}

  // `key` names tenant, connection and policy. Null where nothing is bounded.
  std::shared_ptr<Throttle> Use(const std::string& key, const ThrottleBounds& bounds);
  std::size_t size() const { return throttles_.size(); }

 private:
  boost::asio::io_context& loop_;
  const std::size_t max_waiting_;
  std::map<std::string, std::shared_ptr<Throttle>, std::less<>> throttles_;
  std::size_t sweep_at_ = 64;
};

}  // namespace warder::broker
