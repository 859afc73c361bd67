// A stored connection while an execution holds it: its credential as it is now, renewed before it expires, lost when it
// is taken away.
//
// Opened on any thread (the vault blocks); from Attach on (live_connections.h) of the loop's thread.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>

#include "engine/broker/connection.h"
#include "engine/broker/credential_source.h"
#include "engine/connections/connection_store.h"

namespace warder::connections {

class LiveConnections;

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
  // The vault holds another state of it now, or nothing any more.
  void Look(const Result<Snapshot>& now);

  const std::shared_ptr<ConnectionStore> store_;
  const std::string name_;
  Snapshot snapshot_;
  std::shared_ptr<const broker::Connection> connection_;
  LiveConnections* owner_ = nullptr;  // null: not attached, or the owner has gone
  std::function<void()> on_lost_;     // null: lost, or not attached
  std::unique_ptr<boost::asio::steady_timer> ahead_;
};

}  // namespace warder::connections
