// Does what no person has to be there for: ends the connections whose lifetime or idle limit is over, takes out
// authorizations that have expired, and tells authorization servers of what was taken away. In all tenants of a vault,
// one after the other, soon after an engine is opened and then now and then; in one tenant at once where something
// ended.
//
// Of the loop's thread; the vault is asked on the workers'.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

#include "engine/broker/broker.h"
#include "engine/connections/tenant_stores.h"
#include "engine/connections/workers.h"
#include "engine/oauth/exchange.h"
#include "engine/oauth/operation.h"
#include "engine/store/tenant_id.h"

namespace warder::connections {

struct CaretakerOptions {
  std::chrono::milliseconds first{5'000};  // until all tenants are looked at for the first time
  std::chrono::milliseconds every{3'600'000};
  std::chrono::milliseconds drain{5'000};  // how long Drain waits
  oauth::ExchangeOptions exchange;
};

class Caretaker {
 public:
  // `broker` and `workers` outlive it. What is under way when it goes is kept in the vault for the next.
  Caretaker(boost::asio::io_context& loop, broker::Broker& broker, Workers& workers,
            std::shared_ptr<TenantStores> stores, CaretakerOptions options = {});
  ~Caretaker();
  Caretaker(const Caretaker&) = delete;
  Caretaker& operator=(const Caretaker&) = delete;
  Caretaker(Caretaker&&) = delete;
  Caretaker& operator=(Caretaker&&) = delete;

  // Something of this tenant has ended.
  void LookInto(const store::TenantId& tenant);
  bool busy() const { return busy_; }
  // Before it goes: all tenants are not looked at any more; those that LookInto was called for are. `done` is called
  // once, from the loop, never from inside.
  void Drain(std::function<void()> done);

 private:
  struct Found;
  static Found Tidy(TenantStores& stores, const store::TenantId& tenant);
  void Wait(std::chrono::milliseconds time);
  void LookIntoAll();
  void Next();
  void Revoke(const Found& found);

  boost::asio::io_context& loop_;
  broker::Broker& broker_;
  Workers& workers_;
  const std::shared_ptr<TenantStores> stores_;
  const CaretakerOptions options_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer drain_timer_;
  std::deque<store::TenantId> asked_;  // for which somebody has called
  std::deque<store::TenantId> all_;    // whose turn comes anyway
  bool busy_ = false;
  bool draining_ = false;
  std::function<void()> on_drained_;
  std::optional<oauth::Exchange> exchange_;  // of the tenant whose turn it is
  oauth::Ticket ticket_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace warder::connections
