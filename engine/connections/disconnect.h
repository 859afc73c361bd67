// Takes a connection away: here at once, whatever else happens, then at the authorization server (RFC 7009).
#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "engine/connections/connection_store.h"
#include "engine/oauth/exchange.h"

namespace warder::connections {

struct Disconnected {
  enum class AtServer { kRevoked, kNothingToRevoke, kFailed } at_server = AtServer::kNothingToRevoke;
  std::string why;  // of kFailed: one sentence
};

// `ended`: why it ends by itself, and its document stays; nothing: a person removes all of it. `exchange` is of the
// store's tenant and outlives what is under way; `done` is called once, from its loop. An error: nothing was changed.
void Disconnect(std::shared_ptr<oauth::Exchange> exchange, boost::asio::thread_pool& worker,
                std::shared_ptr<ConnectionStore> store, const std::string& name, std::optional<std::string> ended,
                std::function<void(Result<Disconnected>)> done);

// The second half alone, of tokens that stand in no vault. `done` may be called from inside.
void RevokeAtServer(const std::shared_ptr<oauth::Exchange>& exchange, const ConnectionStore::Taken& taken,
                    std::function<void(Result<Disconnected>)> done);

}  // namespace warder::connections
