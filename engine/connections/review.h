// What a connection may do beside what it did, in words for the person who decides whether it should go on.
#pragma once

#include "engine/connections/connection_store.h"
#include "warder/vault.h"

namespace warder::connections {

ConnectionStatus StatusOf(const std::string& name, const Snapshot& snapshot, const Usage& usage);

// `days`: how far back. Remarks: what was never used, what is to be renewed, what ends soon.
ConnectionReview ReviewOf(const std::string& name, const Snapshot& snapshot, const Usage& usage, TimePoint now,
                          unsigned days);

}  // namespace warder::connections
