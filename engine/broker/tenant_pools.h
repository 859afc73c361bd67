// Finds the connection pool of a tenant, makes it on demand, and drops those that nobody has used for a while.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "engine/broker/broker_options.h"
#include "engine/broker/curl_pool.h"
#include "engine/broker/loop_timer.h"

namespace warder::broker {

class TenantPools {
 public:
  TenantPools(boost::asio::io_context& loop, const BrokerOptions& options);

  // The tenant's pool; it is in use for as long as the caller keeps the pointer. Throws std::system_error where a new
  // one cannot have the descriptor that it needs.
  std::shared_ptr<CurlPool> Use(const std::string& tenant);

  std::size_t size() const { return pools_.size(); }

 private:
  struct Pool {
    std::shared_ptr<CurlPool> pool;
    std::chrono::steady_clock::time_point last_used;
  };

  void DropIdle();

  boost::asio::io_context& loop_;
  const BrokerOptions& options_;
  std::size_t open_connections_ = 0;
  std::map<std::string, Pool> pools_;
  LoopTimer sweep_;
  bool sweeping_ = false;
};

}  // namespace warder::broker
