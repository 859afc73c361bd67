#include "engine/connections/live_connections.h"

#include <boost/asio/post.hpp>
#include <map>
#include <utility>

#include "engine/connections/on_worker.h"

namespace warder::connections {

Result<std::unique_ptr<LiveConnections>> LiveConnections::Make(boost::asio::io_context& loop, broker::Broker& broker,
                                                               std::shared_ptr<TenantStores> stores,
                                                               RefresherOptions options) {
  std::unique_ptr<LiveConnections> made(new LiveConnections(loop, broker, std::move(stores), std::move(options)));
  auto watch = BellWatch::Start(loop, made->stores_->bell(), [all = made.get()] { all->LookAtAll(); });
  if (!watch) return watch.error();
  made->watch_ = std::move(*watch);
  return made;
}

LiveConnections::LiveConnections(boost::asio::io_context& loop, broker::Broker& broker,
                                 std::shared_ptr<TenantStores> stores, RefresherOptions options)
    : loop_(loop),
      stores_(std::move(stores)),
      refresher_(loop, broker, worker_, stores_->state(), std::move(options)) {}

LiveConnections::~LiveConnections() {
  for (const auto& each : attached_) {
    const auto live = each.lock();
    if (!live) continue;
    live->owner_ = nullptr;
    live->on_lost_ = nullptr;
    live->ahead_.reset();
  }
  worker_.join();
}

void LiveConnections::Attach(const std::shared_ptr<LiveConnection>& live, std::function<void()> on_lost) {
  std::erase_if(attached_, [](const auto& each) { return each.expired(); });
  attached_.push_back(live);
  live->owner_ = this;
  live->on_lost_ = std::move(on_lost);
  live->RenewAhead();
  LookAt({live});
}

void LiveConnections::RecordCalls(const std::shared_ptr<LiveConnection>& live, const std::string& execution,
                                  CallsByOrigin calls, oauth::ScopeSet scopes) {
  boost::asio::post(worker_, [store = live->store(), name = live->name(), execution, calls = std::move(calls),
                              scopes = std::move(scopes)] {
    // The use itself was recorded before it began; what cannot be added to it is lost with a full disk.
    [[maybe_unused]] const auto recorded = store->RecordCalls(name, execution, calls, scopes);
  });
}

void LiveConnections::LookAtAll() {
  std::erase_if(attached_, [](const auto& each) { return each.expired(); });
  std::map<std::pair<ConnectionStore*, std::string>, std::vector<std::weak_ptr<LiveConnection>>> holders;
  for (const auto& each : attached_) {
    if (const auto live = each.lock()) holders[{live->store().get(), live->name()}].push_back(each);
  }
  for (auto& [connection, held_by] : holders) LookAt(std::move(held_by));
}

void LiveConnections::LookAt(std::vector<std::weak_ptr<LiveConnection>> holders) {
  const auto first = holders.front().lock();
  if (!first) return;
  OnWorker(
      worker_, loop_, [store = first->store(), name = first->name()] { return store->Load(name); },
      [holders = std::move(holders)](const Result<Snapshot>& now) {
        for (const auto& each : holders) {
          if (const auto live = each.lock()) live->Look(now);
        }
      });
}

}  // namespace warder::connections
