// What is under way, and how it is called off.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "engine/broker/loop_timer.h"
#include "engine/oauth/failure.h"

namespace warder::oauth {

// Destroying it aborts: its callback is not called any more. It may be destroyed from inside its callback.
class Operation {
 public:
  Operation() = default;
  virtual ~Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;
  Operation(Operation&&) = delete;
  Operation& operator=(Operation&&) = delete;
};
using Ticket = std::unique_ptr<Operation>;

// An operation that has failed before it began: callbacks come from the loop alone.
template <typename T>
[[nodiscard]] Ticket FailSoon(boost::asio::io_context& loop, Failure failure, std::function<void(Outcome<T>)> done) {
  class Failing final : public Operation {
   public:
    Failing(boost::asio::io_context& io, Failure why, std::function<void(Outcome<T>)> tell)
        : why_(std::move(why)), tell_(std::move(tell)), timer_(io, [this] {
            const auto call = std::move(tell_);
            call(Failure(why_));
          }) {
      timer_.Start(std::chrono::microseconds(0));
    }

   private:
    Failure why_;
    std::function<void(Outcome<T>)> tell_;
    broker::LoopTimer timer_;
  };
  return std::make_unique<Failing>(loop, std::move(failure), std::move(done));
}

}  // namespace warder::oauth
