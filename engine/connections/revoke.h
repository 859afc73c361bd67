// Tells authorization servers of tokens that nobody here holds any more (RFC 7009), and writes down what they said
// where the tokens are kept for that (revocations.h).
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/connections/connection_store.h"
#include "engine/connections/network.h"
#include "engine/connections/workers.h"
#include "engine/oauth/exchange.h"
#include "engine/oauth/operation.h"
#include "warder/vault.h"

namespace warder::connections {

// What was taken from a connection of `store`, or never came to stand in one. `exchange` is of the store's tenant, and
// like `workers` outlives the ticket. `done` is called once, from the loop, never from inside; destroying the ticket
// ends it.
[[nodiscard]] oauth::Ticket Revoke(oauth::Exchange& exchange, Workers& workers, std::shared_ptr<ConnectionStore> store,
                                   const std::shared_ptr<const Taken>& taken,
                                   std::function<void(DisconnectResult)> done);

// What is kept, one after the other. An error: the vault could not be read or written.
enum class Which { kDue, kAll };
[[nodiscard]] oauth::Ticket RevokeKept(oauth::Exchange& exchange, Workers& workers,
                                       std::shared_ptr<ConnectionStore> store, Which which,
                                       std::function<void(Result<void>)> done);

// The same for who waits.
DisconnectResult RevokeNow(Network& network, const std::shared_ptr<ConnectionStore>& store, Taken taken);
// All that is kept, for as long as there is time.
void RevokeKeptNow(const std::shared_ptr<ConnectionStore>& store);

}  // namespace warder::connections
