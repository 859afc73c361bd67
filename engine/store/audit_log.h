// What happened to a tenant, in an order that cannot be changed afterwards without being seen: every entry holds the
// SHA-256 of the one before it.
//
// An entry is one line of canonical JSON: {"event":{...},"previous":"HEX","sequence":N,"tenant":"...","time":"..."}.
// Canonical: names sorted by their bytes, no white space, no numbers but whole ones. Never a value of a secret.
//
// What the chain alone cannot show is that its last entries are missing; whoever keeps a Head elsewhere can (the vault
// does, sealed).
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "engine/store/database.h"
#include "engine/store/tenant_id.h"
#include "sandbox/base/result.h"

namespace warder::store {

// The last entry of a log; sequence 0: it is empty.
struct AuditHead {
  std::uint64_t sequence = 0;
  std::string digest = std::string(64, '0');  // SHA-256 of the entry in hexadecimal

  bool operator==(const AuditHead&) const = default;
};

// A view of the tables in `database`, which it does not outlive.
class AuditLog {
 public:
  AuditLog(Database& database, const TenantId& tenant) : database_(&database), tenant_(&tenant) {}

  // Call it in the transaction of the change that the event tells of. kInvalidInput: the event holds a number that is
  // not whole, or is too large (kMaxEventBytes), or too deep.
  static constexpr std::size_t kMaxEventBytes = 64 << 10;
  Result<AuditHead> Append(const boost::json::object& event,
                           std::chrono::system_clock::time_point time = std::chrono::system_clock::now());

  Result<AuditHead> Head();

  // Walks the chain from its first entry, which the error names where one was changed, left out, inserted or moved.
  // `kept` is a head that was seen before: its entry must be there still.
  Result<AuditHead> Verify(const AuditHead& kept = {});

  // The entries behind `after`, in their order; `each` returns false to stop.
  Result<void> Read(std::uint64_t after,
                    const std::function<bool(std::uint64_t sequence, std::string_view entry)>& each);

 private:
  Database* database_;
  const TenantId* tenant_;
};

}  // namespace warder::store
