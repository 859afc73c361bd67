// A stored connection while an execution holds it: its credential as it is now, renewed before it expires, lost when it
// is taken away.
//
// Opened on any thread (the vault blocks); from Attach on (live_connections.h) of the loop's thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "engine/broker/connection.h"
#include "engine/broker/credential_source.h"
#include "engine/connections/connection_store.h"

namespace warder::connections {

class LiveConnections;

// When a token is renewed, and when it is too old to be sent.
struct RenewalTimes {
  // A token that is good for less than that is not sent: it would arrive too late.
  std::chrono::milliseconds margin{10'000};
  // Renewed ahead: in the last tenth of its life, but neither earlier than `earliest` before its end nor later than
  // `latest`. Of that time, a random part of up to a half comes on top.
  std::chrono::milliseconds earliest{300'000};
  std::chrono::milliseconds latest{30'000};
  std::chrono::milliseconds pause{15'000};  // at least so long after the last
};

class LiveConnection final : public broker::CredentialSource, public std::enable_shared_from_this<LiveConnection> {
 public:
  // Refused where the connection is not active. Records that `execution` uses it; without the record it is refused.
  static Result<std::shared_ptr<LiveConnection>> Open(std::shared_ptr<ConnectionStore> store, const std::string& name,
                                                      std::string_view execution);

  const std::string& name() const { return name_; }
  const std::shared_ptr<ConnectionStore>& store() const { return store_; }
  // As it was opened, or last renewed.
  const std::shared_ptr<const broker::Connection>& connection() const { return connection_; }

  std::shared_ptr<const broker::Connection> Current() override;
  void Renew(Ready ready) override;

 private:
  friend class LiveConnections;

  // A connection with the credential of `snapshot`, as the vault holds it now.
  static Result<std::shared_ptr<const broker::Connection>> Make(ConnectionStore& store, const std::string& name,
                                                                const Snapshot& snapshot);

  LiveConnection(std::shared_ptr<ConnectionStore> store, std::string name, Snapshot snapshot,
                 std::shared_ptr<const broker::Connection> connection)
      : store_(std::move(store)),
        name_(std::move(name)),
        snapshot_(std::move(snapshot)),
        connection_(std::move(connection)) {}

  void RenewAhead();
  // Loses it when its lifetime is over, whatever is under way with it.
  void WatchEnd();
  // The vault holds another state of it now, or nothing any more; `connection` where it holds another access token.
  struct Seen {
    Snapshot snapshot;
    std::shared_ptr<const broker::Connection> connection;
  };
  static Result<Seen> See(ConnectionStore& store, const std::string& name, std::uint64_t known_token);
  void Look(const Result<Seen>& now);
  // Whether it is the credential, under the policy, that was granted: renewed perhaps, not replaced.
  bool IsSame(const Snapshot& now) const { return now.connection.id == snapshot_.connection.id; }
  void Lose();
  void Take(const Snapshot& snapshot, std::shared_ptr<const broker::Connection> connection);

  const std::shared_ptr<ConnectionStore> store_;
  const std::string name_;
  Snapshot snapshot_;
  std::shared_ptr<const broker::Connection> connection_;
  int unseen_ = 0;                    // looks in a row that showed nothing
  LiveConnections* owner_ = nullptr;  // null: not attached, or the owner has gone
  std::function<void()> on_lost_;     // null: lost, or not attached
  std::unique_ptr<boost::asio::steady_timer> ahead_;
  std::unique_ptr<boost::asio::steady_timer> end_;
};

}  // namespace warder::connections
