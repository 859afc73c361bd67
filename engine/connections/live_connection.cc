#include "engine/connections/live_connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <random>
#include <utility>

#include "engine/connections/live_connections.h"
#include "engine/connections/on_worker.h"

namespace warder::connections {
namespace {

using std::chrono::milliseconds;
using std::chrono::system_clock;

constexpr int kShare = 10;  // of a token's life: renewed in the last one
constexpr int kTries = 10;
constexpr milliseconds kLongestWait = std::chrono::minutes(1);
constexpr std::uint64_t kNone = 0;  // the generation of no token
// So many looks in a row that show nothing, and the connection is taken for lost: who cannot see it must not use it.
constexpr int kMaxUnseen = 10;

// So that the executions of a tenant, and tenants that were connected together, do not come all at once.
milliseconds Jitter(milliseconds ahead) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  return milliseconds(std::uniform_int_distribution<std::int64_t>(0, ahead.count() / 2)(random));
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
  const StoredConnection& stored = snapshot_.connection;
  const auto now = system_clock::now();
  // The vault is asked, and says why.
  if (stored.ends && *stored.ends <= now) return nullptr;
  const auto margin = owner_ != nullptr ? owner_->times().margin : RenewalTimes().margin;
  const bool good = !stored.oauth || !stored.oauth->access_expires || now + margin < *stored.oauth->access_expires;
  return good ? connection_ : nullptr;
}

void LiveConnection::Renew(Ready ready) {
  if (owner_ == nullptr) return;  // the engine is going
  owner_->refresher().Refresh(store_, name_, snapshot_.token_generation,
                              [self = shared_from_this(), ready = std::move(ready)](const Result<Snapshot>& renewed) {
                                if (self->owner_ == nullptr) return;
                                if (!renewed) {
                                  ready(renewed.error());
                                  return;
                                }
                                OnWorker(
                                    self->owner_->workers(), self->store_->tenant().text(), self->owner_->loop(),
                                    [store = self->store_, name = self->name_] { return See(*store, name, kNone); },
                                    [self, ready](Result<Seen> seen) {
                                      if (self->owner_ == nullptr) return;
                                      if (!seen) {
                                        ready(seen.error());
                                        return;
                                      }
                                      if (!self->IsSame(seen->snapshot)) {
                                        self->Lose();
                                        ready(Refused("the connection \"" + self->name_ +
                                                      "\" was given another credential; start again to use it"));
                                        return;
                                      }
                                      self->Take(seen->snapshot, seen->connection);
                                      ready(std::move(seen->connection));
                                    });
                              });
}

void LiveConnection::Take(const Snapshot& snapshot, std::shared_ptr<const broker::Connection> connection) {
  if (snapshot.generation < snapshot_.generation) return;  // a later one was seen meanwhile
  snapshot_ = snapshot;
  if (connection) connection_ = std::move(connection);
  RenewAhead();
  WatchEnd();
}

void LiveConnection::RenewAhead() {
  ahead_.reset();
  const auto& oauth = snapshot_.connection.oauth;
  if (owner_ == nullptr || !oauth || !oauth->access_expires) return;
  // What cannot be renewed is used to its end.
  if (UsesRefreshToken(oauth->kind) && !snapshot_.has_refresh_token) return;
  const RenewalTimes& times = owner_->times();
  const milliseconds ahead =
      std::clamp<milliseconds>((*oauth->access_expires - oauth->access_since) / kShare, times.latest, times.earliest);
  const auto wait =
      std::chrono::floor<milliseconds>(*oauth->access_expires - system_clock::now()) - ahead - Jitter(ahead);
  ahead_ = std::make_unique<boost::asio::steady_timer>(owner_->loop());
  ahead_->expires_after(std::max(wait, times.pause));
  ahead_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->on_lost_ == nullptr) return;
    // What fails now is asked for again by the first call that finds the token too old.
    self->Renew([](const Result<std::shared_ptr<const broker::Connection>>&) {});
  });
}

void LiveConnection::WatchEnd() {
  end_.reset();
  const auto& ends = snapshot_.connection.ends;
  if (owner_ == nullptr || on_lost_ == nullptr || !ends) return;
  const auto left = std::chrono::ceil<milliseconds>(*ends - system_clock::now());
  if (left.count() <= 0) {
    // The vault is told, and the server.
    owner_->caretaker().LookInto(store_->tenant());
    return Lose();
  }
  end_ = std::make_unique<boost::asio::steady_timer>(owner_->loop());
  // In parts: the clock by which it ends may be set meanwhile.
  end_->expires_after(std::min<milliseconds>(left, kLongestWait));
  end_->async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self) self->WatchEnd();
  });
}

Result<LiveConnection::Seen> LiveConnection::See(ConnectionStore& store, const std::string& name,
                                                 std::uint64_t known_token) {
  for (int tries = 0; tries < kTries; ++tries) {
    auto snapshot = store.Load(name);
    if (!snapshot) return snapshot.error();
    if (auto active = ConnectionStore::CheckActive(name, *snapshot); !active) return active.error();
    Seen seen{std::move(*snapshot), nullptr};
    if (seen.snapshot.token_generation == known_token) return seen;
    auto connection = Make(store, name, seen.snapshot);
    if (connection) {
      seen.connection = std::move(*connection);
      return seen;
    }
    if (connection.error().kind != ErrorKind::kRefused) return connection.error();
    // It was renewed between the two, or taken away, which the next look shows.
  }
  return Internal("the connection \"" + name + "\" is changing all the time");
}

void LiveConnection::Look(const Result<Seen>& now) {
  if (!on_lost_) return;
  const bool unseen = !now && now.error().kind == ErrorKind::kInternal;
  unseen_ = unseen ? unseen_ + 1 : 0;
  if (unseen && unseen_ < kMaxUnseen) return;
  if (now && IsSame(now->snapshot)) {
    const bool new_token = now->snapshot.token_generation != snapshot_.token_generation;
    if (!new_token || now->connection) return Take(now->snapshot, now->connection);
    return;
  }
  Lose();
}

void LiveConnection::Lose() {
  ahead_.reset();
  end_.reset();
  if (const auto on_lost = std::exchange(on_lost_, nullptr)) on_lost();
}

}  // namespace warder::connections
