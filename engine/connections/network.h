// What the public functions are made of that block until something of the network has happened, and that throw.
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "engine/base/engine_error.h"
#include "engine/broker/broker.h"
#include "engine/connections/workers.h"
#include "engine/oauth/exchange.h"
#include "engine/store/tenant_id.h"
#include "sandbox/base/result.h"

namespace warder::connections {

// The value; throws EngineError where there is none.
template <typename T>
T Value(Result<T> result) {
  if (!result) ThrowEngineError(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

// A loop for one thing that needs the network, and all that it needs.
class Network {
 public:
  explicit Network(const store::TenantId& tenant)
      : exchange_(std::make_shared<oauth::Exchange>(broker_, loop_, tenant.text())) {}
  ~Network() { workers_.Join(); }
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  Network(Network&&) = delete;
  Network& operator=(Network&&) = delete;

  boost::asio::io_context& loop() { return loop_; }
  broker::Broker& broker() { return broker_; }
  Workers& workers() { return workers_; }
  const std::shared_ptr<oauth::Exchange>& exchange() const { return exchange_; }

  // Runs the loop until `done`, at most for so long.
  void RunFor(std::chrono::milliseconds limit, const std::function<bool()>& done) {
    const auto work = boost::asio::make_work_guard(loop_);
    const auto until = std::chrono::steady_clock::now() + limit;
    while (!done() && loop_.run_one_until(until) > 0) {
    }
  }

  // Runs the loop until `result` is there. Throws EngineError where it is an error.
  template <typename T>
  T Await(std::optional<Result<T>>& result) {
    const auto work = boost::asio::make_work_guard(loop_);
    while (!result && loop_.run_one() > 0) {
    }
    return Value(std::move(*result));
  }

 private:
  boost::asio::io_context loop_{1};
  broker::Broker broker_{loop_};
  Workers workers_;
  std::shared_ptr<oauth::Exchange> exchange_;
};

}  // namespace warder::connections
