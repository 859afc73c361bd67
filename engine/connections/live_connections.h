// The stored connections that an engine's executions hold: refreshed for all of them, and taken from them within
// milliseconds when they are removed, ended, replaced or shredded, in whatever process that happens (bell.h).
//
// Of the loop's thread, but for Open.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/broker/broker.h"
#include "engine/connections/bell.h"
#include "engine/connections/caretaker.h"
#include "engine/connections/live_connection.h"
#include "engine/connections/refresher.h"
#include "engine/connections/tenant_stores.h"
#include "engine/connections/workers.h"

namespace warder::connections {

class LiveConnections {
 public:
  // `loop` and `broker` outlive it.
  static Result<std::unique_ptr<LiveConnections>> Make(boost::asio::io_context& loop, broker::Broker& broker,
                                                       std::shared_ptr<TenantStores> stores,
                                                       RefresherOptions options = {}, RenewalTimes times = {},
                                                       CaretakerOptions care = {});
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
  Caretaker& caretaker() { return caretaker_; }
  // Before it goes: what was begun has some seconds to end. `done` is called once, from the loop, never from inside.
  void Drain(std::function<void()> done);
  const RenewalTimes& times() const { return times_; }
  // Whether a look is under way.
  bool looking() const { return !looks_.empty(); }
  boost::asio::io_context& loop() { return loop_; }
  Workers& workers() { return workers_; }

 private:
  friend class LiveConnection;

  LiveConnections(boost::asio::io_context& loop, broker::Broker& broker, std::shared_ptr<TenantStores> stores,
                  RefresherOptions options, RenewalTimes times, CaretakerOptions care);
  struct Asked;
  struct Answer;
  static std::vector<Answer> LookInto(ConnectionStore& store, const std::vector<Asked>& asked);
  void LookAtAll();
  // At all that is held of a store; once more when the look that is under way is over, however often it is called
  // meanwhile. No store waits for another one's.
  void LookAt(const std::shared_ptr<ConnectionStore>& store);
  void OnAnswers(const std::shared_ptr<ConnectionStore>& store, const std::vector<Answer>& answers);
  void LookAgainSoon();

  boost::asio::io_context& loop_;
  const std::shared_ptr<TenantStores> stores_;
  const RenewalTimes times_;
  Workers workers_;
  Workers lookers_;  // apart: a look does not wait for what is being written
  Refresher refresher_;
  Caretaker caretaker_;
  boost::asio::steady_timer again_timer_;
  std::unique_ptr<BellWatch> watch_;
  // Stores that are being looked at; kAgain: the bell has rung meanwhile.
  enum class Look { kOnce, kAgain };
  std::map<std::shared_ptr<ConnectionStore>, Look> looks_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::list<std::weak_ptr<LiveConnection>> attached_;
};

}  // namespace warder::connections
