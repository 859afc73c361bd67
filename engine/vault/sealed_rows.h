// The sealed rows of a tenant's file: what each is bound to, and how it is read and written. Nothing here decides what
// is current; that is the index.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/store/database.h"
#include "engine/store/tenant_id.h"
#include "engine/vault/index.h"
#include "engine/vault/keyring.h"
#include "engine/vault/record.h"
#include "sandbox/base/result.h"

namespace warder::vault {

// "the record acme/crm/token" as errors name it.
std::string NameOf(const store::TenantId& tenant, std::string_view connection, std::string_view field);

struct SealedIndex {
  std::string key_id;  // of the data key that all of the file's records are sealed under
  std::string sealed;
};
Result<SealedIndex> ReadIndexRow(store::Database& database, const store::TenantId& tenant);
Result<Index> UnsealIndex(const store::TenantId& tenant, const DataKey& key, std::string_view sealed);
Result<void> WriteIndex(store::Database& database, const store::TenantId& tenant, const DataKey& key,
                        const Index& index);

// What `index` says is there; nothing where it says nothing, and no row contradicts it.
Result<std::optional<Record>> ReadRecord(store::Database& database, const store::TenantId& tenant, const DataKey& key,
                                         const Index& index, std::string_view connection, std::string_view field);
Result<void> WriteRecord(store::Database& database, const store::TenantId& tenant, const DataKey& key,
                         std::string_view connection, std::string_view field, std::uint64_t generation,
                         std::string_view value);
Result<void> RemoveRecord(store::Database& database, std::string_view connection, std::string_view field);

// Every row is one that `index` names, of the generation that it names.
Result<void> CheckRows(store::Database& database, const store::TenantId& tenant, const Index& index);

}  // namespace warder::vault
