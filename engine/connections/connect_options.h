// The limits with which a connection is made (ConnectOptions), checked and applied.
#pragma once

#include "engine/connections/connection_store.h"
#include "engine/connections/stored_connection.h"
#include "warder/vault.h"

namespace warder::connections {

// Throws EngineError(kInvalid).
void CheckOptions(const ConnectOptions& options);
// Its lifetime begins now.
void Apply(const ConnectOptions& options, StoredConnection* connection);
ConnectionStore::IfThere IfThereOf(const ConnectOptions& options);

}  // namespace warder::connections
