// Runs something that blocks on another thread, and what follows from it back on the loop.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <string>
#include <utility>

#include "engine/connections/workers.h"

namespace warder::connections {

// `work` runs on one of the workers, in the tenant's turn, then `then(result)` on `loop`, which is kept running until
// then.
template <typename Work, typename Then>
void OnWorker(Workers& workers, const std::string& tenant, boost::asio::io_context& loop, Work work, Then then) {
  struct Task {
    Work work;
    Then then;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard;
  };
  auto task = std::make_shared<Task>(Task{std::move(work), std::move(then), boost::asio::make_work_guard(loop)});
  workers.Post(tenant, [&loop, task = std::move(task)]() mutable {
    auto result = std::make_shared<decltype(task->work())>(task->work());
    // What was moved in is destroyed on the loop's thread, too: `then` may hold the last reference to its owner.
    boost::asio::post(loop, [result, task = std::move(task)] { task->then(std::move(*result)); });
  });
}

}  // namespace warder::connections
