#include "engine/connections/live_connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <random>
#include <utility>

#include "engine/connections/live_connections.h"
#include "engine/connections/on_worker.h"

namespace warder::connections {
namespace {

using std::chrono::seconds;

// A token that is good for less than that is not sent: it would arrive too late.
constexpr seconds kMargin{10};
// Renewed ahead: in the last tenth of its life, but neither earlier than five minutes nor later than 30 s before its
// end.
constexpr int kShare = 10;
constexpr seconds kEarliest{300};
constexpr seconds kLatest{30};

seconds Ahead(seconds lifetime) { return std::clamp(lifetime / kShare, kLatest, kEarliest); }

// So that the executions of a tenant, and tenants that were connected together, do not come all at once.
std::chrono::milliseconds Jitter(seconds ahead) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, 1'000 * ahead.count() / 2)(random));
}

}  // namespace

Result<std::shared_ptr<const broker::Connection>> LiveConnection::Make(ConnectionStore& store, const std::string& name,
                                                                       const Snapshot& snapshot) {
  auto fields = store.Fields(name, snapshot);
  if (!fields) return fields.error();
  if (snapshot.connection.oauth) {
    std::erase_if(*fields, [](const auto& field) { return field.first != kAccessToken; });
  }
  return broker::Connection::Make(snapshot.connection.policy, std::move(*fields));
}

Result<std::shared_ptr<LiveConnection>> LiveConnection::Open(std::shared_ptr<ConnectionStore> store,
                                                             const std::string& name, std::string_view execution) {
  auto snapshot = store->Load(name);
  if (!snapshot) return snapshot.error();
  if (auto active = ConnectionStore::CheckActive(name, *snapshot); !active) return active.error();
  auto connection = Make(*store, name, *snapshot);
  if (!connection) return connection.error();
  if (auto recorded = store->RecordUse(name, execution); !recorded) return recorded.error();
  return std::shared_ptr<LiveConnection>(
      new LiveConnection(std::move(store), name, std::move(*snapshot), std::move(*connection)));
}

std::shared_ptr<const broker::Connection> LiveConnection::Current() {
  const auto& oauth = snapshot_.connection.oauth;
  const bool good = !oauth || !oauth->access_expires || ConnectionStore::Now() + kMargin < *oauth->access_expires;
  return good ? connection_ : nullptr;
}

void LiveConnection::Renew(Ready ready) {
  if (owner_ == nullptr) return;  // the engine is going
  owner_->refresher().Refresh(
      store_, name_, snapshot_.token_generation,
      [self = shared_from_this(), ready = std::move(ready)](Result<Snapshot> renewed) {
        if (self->owner_ == nullptr) return;
        if (!renewed) {
          ready(renewed.error());
          return;
        }
        const auto snapshot = std::make_shared<const Snapshot>(std::move(*renewed));
        OnWorker(
            self->owner_->worker(), self->owner_->loop(),
            [store = self->store_, name = self->name_, snapshot] { return Make(*store, name, *snapshot); },
            [self, snapshot, ready](Result<std::shared_ptr<const broker::Connection>> connection) {
              if (connection) {
                self->snapshot_ = *snapshot;
                self->connection_ = *connection;
                self->RenewAhead();
              }
              ready(std::move(connection));
            });
      });
}

void LiveConnection::RenewAhead() {
  const auto& oauth = snapshot_.connection.oauth;
  if (owner_ == nullptr || !oauth || !oauth->access_expires) return;
  const seconds ahead = Ahead(*oauth->access_expires - oauth->access_since);
  const auto wait = (*oauth->access_expires - ConnectionStore::Now()) - ahead - Jitter(ahead);
  if (!ahead_) ahead_ = std::make_unique<boost::asio::steady_timer>(owner_->loop());
  ahead_->expires_after(std::max<std::chrono::milliseconds>(wait, kLatest / 2));
  ahead_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->on_lost_ == nullptr) return;
    // What fails now is asked for again by the first call that finds the token too old.
    self->Renew([](const Result<std::shared_ptr<const broker::Connection>>&) {});
  });
}

void LiveConnection::Look(const Result<Snapshot>& now) {
  if (!on_lost_) return;
  const bool same = now && now->connection.id == snapshot_.connection.id && ConnectionStore::CheckActive(name_, *now);
  if (same || (!now && now.error().kind == ErrorKind::kInternal)) return;
  ahead_.reset();
  std::exchange(on_lost_, nullptr)();
}

}  // namespace warder::connections
