// Runs something that blocks on another thread, and what follows from it back on the loop.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <utility>

namespace warder::connections {

// `work` runs on `worker`, then `then(result)` on `loop`, which is kept running until then.
template <typename Work, typename Then>
void OnWorker(boost::asio::thread_pool& worker, boost::asio::io_context& loop, Work work, Then then) {
  auto guard = boost::asio::make_work_guard(loop);
  boost::asio::post(
      worker, [&loop, guard = std::move(guard), work = std::move(work), then = std::move(then)]() mutable {
        // What was moved in is destroyed on the loop's thread, too: `then` may hold the last reference to its owner.
        auto result = std::make_shared<decltype(work())>(work());
        boost::asio::post(
            loop, [result, then = std::move(then), guard = std::move(guard)]() mutable { then(std::move(*result)); });
      });
}

}  // namespace warder::connections
