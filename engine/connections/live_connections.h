// The stored connections that an engine's executions hold: refreshed for all of them, and taken from them within
// milliseconds when they are removed, ended, replaced or shredded, in whatever process that happens (bell.h).
//
// Of the loop's thread, but for Open.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
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
                                                       RefresherOptions options = {}, RenewalTimes times = {});
  // Waits for what is being written; what is on the network is given up.
  ~LiveConnections();
  LiveConnections(const LiveConnections&) = delete;
  LiveConnections& operator=(const LiveConnections&) = delete;
  LiveConnections(LiveConnections&&) = delete;
  LiveConnections& operator=(LiveConnections&&) = delete;

  // `on_lost` is called once, from the loop, if the connection is taken away while `live` lives; from then on it must
  // not be used. It is looked at once more at once: it may have been taken away since it was opened. `on_lost` must not
  // destroy this.
  void Attach(const std::shared_ptr<LiveConnection>& live, std::function<void()> on_lost);

  // What an execution did with a connection, for the review; written behind its back.
  void RecordCalls(const std::shared_ptr<LiveConnection>& live, const std::string& execution, CallsByOrigin calls,
                   oauth::ScopeSet scopes);

  Refresher& refresher() { return refresher_; }
  const RenewalTimes& times() const { return times_; }
  boost::asio::io_context& loop() { return loop_; }
  boost::asio::thread_pool& worker() { return worker_; }
  boost::asio::thread_pool& looker() { return looker_; }

 private:
  friend class LiveConnection;

  LiveConnections(boost::asio::io_context& loop, broker::Broker& broker, std::shared_ptr<TenantStores> stores,
                  RefresherOptions options, RenewalTimes times);
  struct Asked;
  struct Answer;
  static std::vector<Answer> LookInto(ConnectionStore& store, const std::vector<Asked>& asked);
  // Once more when the look that is under way is over, however often the bell rings meanwhile.
  void LookAtAll();
  void LookAt(const std::vector<std::shared_ptr<LiveConnection>>& held);
  void LookAgainSoon();

  boost::asio::io_context& loop_;
  const std::shared_ptr<TenantStores> stores_;
  const RenewalTimes times_;
  boost::asio::thread_pool worker_{1};
  boost::asio::thread_pool looker_{1};  // apart: a look does not wait for what is being written
  Refresher refresher_;
  boost::asio::steady_timer again_timer_;
  std::unique_ptr<BellWatch> watch_;
  std::size_t looking_ = 0;  // stores that are being looked at
  bool look_again_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::list<std::weak_ptr<LiveConnection>> attached_;
};

}  // namespace warder::connections
