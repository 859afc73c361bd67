// The stored connections that an engine's executions hold: refreshed for all of them, and taken from them within
// milliseconds when they are removed, ended, replaced or shredded, in whatever process that happens (bell.h).
//
// Of the loop's thread, but for Open.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "engine/broker/broker.h"
#include "engine/connections/bell.h"
#include "engine/connections/live_connection.h"
#include "engine/connections/refresher.h"
#include "engine/connections/tenant_stores.h"

namespace warder::connections {

class LiveConnections {
 public:
  // `loop` and `broker` outlive it.
  static Result<std::unique_ptr<LiveConnections>> Make(boost::asio::io_context& loop, broker::Broker& broker,
                                                       std::shared_ptr<TenantStores> stores,
                                                       RefresherOptions options = {});
  // Waits for what is being written; what is on the network is given up.
  ~LiveConnections();
  LiveConnections(const LiveConnections&) = delete;
  LiveConnections& operator=(const LiveConnections&) = delete;
  LiveConnections(LiveConnections&&) = delete;
  LiveConnections& operator=(LiveConnections&&) = delete;

  // `on_lost` is called once, from the loop, if the connection is taken away while `live` lives; from then on it must
  // not be used. It is looked at once more at once: it may have been taken away since it was opened.
  void Attach(const std::shared_ptr<LiveConnection>& live, std::function<void()> on_lost);

  // What an execution did with a connection, for the review; written behind its back.
  void RecordCalls(const std::shared_ptr<LiveConnection>& live, const std::string& execution, CallsByOrigin calls,
                   oauth::ScopeSet scopes);

  Refresher& refresher() { return refresher_; }
  boost::asio::io_context& loop() { return loop_; }
  boost::asio::thread_pool& worker() { return worker_; }

 private:
  friend class LiveConnection;

  LiveConnections(boost::asio::io_context& loop, broker::Broker& broker, std::shared_ptr<TenantStores> stores,
                  RefresherOptions options);
  void LookAtAll();
  // At a connection, for all of `holders`, who hold the same one.
  void LookAt(std::vector<std::weak_ptr<LiveConnection>> holders);

  boost::asio::io_context& loop_;
  const std::shared_ptr<TenantStores> stores_;
  boost::asio::thread_pool worker_{1};
  Refresher refresher_;
  std::unique_ptr<BellWatch> watch_;
  std::list<std::weak_ptr<LiveConnection>> attached_;
};

}  // namespace warder::connections
