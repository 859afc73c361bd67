// A timer whose function is never called after it was stopped, restarted or destroyed.
//
// Asio may have queued a handler already when its timer is cancelled; this one notices.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>

namespace warder::broker {

class LoopTimer {
 public:
  LoopTimer(boost::asio::io_context& loop, std::function<void()> fire) : loop_(loop), fire_(std::move(fire)) {}
  ~LoopTimer() = default;
  LoopTimer(const LoopTimer&) = delete;
  LoopTimer& operator=(const LoopTimer&) = delete;
  LoopTimer(LoopTimer&&) = delete;
  LoopTimer& operator=(LoopTimer&&) = delete;

  // Calls once, `delay` from now, instead of whenever it would have been.
  void Start(std::chrono::microseconds delay) {
    // Most calls have timers that are never started.
    if (!state_) state_ = std::make_shared<State>(State{boost::asio::steady_timer(loop_), std::move(fire_)});
    const std::uint64_t round = ++state_->round;
    const auto fire = [weak = std::weak_ptr<State>(state_), round](boost::system::error_code error) {
      const auto state = weak.lock();
      if (state && !error && state->round == round) state->fire();
    };
    if (delay.count() <= 0) {  // libcurl asks for this with each request, and setting a timer is a system call
      boost::asio::post(state_->timer.get_executor(), [fire] { fire({}); });
      return;
    }
    state_->timer.expires_after(delay);
    state_->timer.async_wait(fire);
  }

  void Stop() {
    if (!state_) return;
    ++state_->round;
    state_->timer.cancel();
  }

 private:
  struct State {
    boost::asio::steady_timer timer;
    std::function<void()> fire;
    std::uint64_t round = 0;
  };
  boost::asio::io_context& loop_;
  std::function<void()> fire_;  // until the first start
  std::shared_ptr<State> state_;
};

}  // namespace warder::broker
