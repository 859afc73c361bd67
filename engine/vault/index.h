// What a tenant's records are: which there are, and the generation of each. Sealed as one record, it makes all of them
// one thing: none can be taken out, put back or set back alone.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/store/audit_log.h"

namespace warder::vault {

struct Index {
  std::uint64_t epoch = 0;  // one more with every transaction
  store::AuditHead audit;   // of the audit log, as of that transaction
  // {connection, field} -> generation: the epoch of the transaction that wrote it
  std::map<std::pair<std::string, std::string>, std::uint64_t> generations;

  bool operator==(const Index&) const = default;
};

std::string EncodeIndex(const Index& index);
// Nothing for what EncodeIndex does not give.
std::optional<Index> DecodeIndex(std::string_view bytes);

}  // namespace warder::vault
