#include "engine/vault/sealed_rows.h"

#include "engine/vault/seal.h"

namespace warder::vault {

using store::Database;
using store::Statement;
using store::TenantId;

namespace {

SealContext RecordContext(const TenantId& tenant, const DataKey& key, std::string_view connection,
                          std::string_view field, std::uint64_t generation) {
  SealContext context("warder record 1");
  context.Add(tenant.text()).Add(key.id).Add(connection).Add(field).Add(generation);
  return context;
}

SealContext IndexContext(const TenantId& tenant, const DataKey& key) {
  SealContext context("warder index 1");
  context.Add(tenant.text()).Add(key.id);
  return context;
}

Error NotAuthentic(const TenantId& tenant, std::string_view connection, std::string_view field, const char* why) {
  return InvalidInput(NameOf(tenant, connection, field) + " is not authentic: " + why);
}

}  // namespace

std::string NameOf(const TenantId& tenant, std::string_view connection, std::string_view field) {
  std::string name = "the record of tenant " + tenant.text() + ", connection " + std::string(connection);
  if (!field.empty()) name += ", field " + std::string(field);
  return name;
}

Result<SealedIndex> ReadIndexRow(Database& database, const TenantId& tenant) {
  Result<Statement> row = database.Prepare("SELECT key, sealed FROM record_index");
  if (!row) return row.error();
  const Result<bool> found = row->Step();
  if (!found) return found.error();
  if (!*found) return InvalidInput("the index of the vault of tenant " + tenant.text() + " is missing");
  return SealedIndex{std::string(row->Blob(0)), std::string(row->Blob(1))};
}

Result<Index> UnsealIndex(const TenantId& tenant, const DataKey& key, std::string_view sealed) {
  const std::optional<Secret> bytes = Unseal(key.key, IndexContext(tenant, key), sealed);
  std::optional<Index> index = bytes ? DecodeIndex(bytes->view()) : std::nullopt;
  if (index) return std::move(*index);
  return InvalidInput("the index of the vault of tenant " + tenant.text() +
                      " is not authentic: it was changed, or comes from elsewhere");
}

Result<void> WriteIndex(Database& database, const TenantId& tenant, const DataKey& key, const Index& index) {
  Result<Statement> write = database.Prepare("INSERT OR REPLACE INTO record_index(id, key, sealed) VALUES(1, ?1, ?2)");
  if (!write) return write.error();
  const std::string sealed = Seal(key.key, IndexContext(tenant, key), EncodeIndex(index));
  return write->BindBlob(1, key.id).BindBlob(2, sealed).Run();
}

Result<std::optional<Record>> ReadRecord(Database& database, const TenantId& tenant, const DataKey& key,
                                         const Index& index, std::string_view connection, std::string_view field) {
  const auto indexed = index.generations.find({std::string(connection), std::string(field)});
  Result<Statement> row =
      database.Prepare("SELECT generation, sealed FROM record WHERE connection = ?1 AND field = ?2");
  if (!row) return row.error();
  const Result<bool> found = row->BindText(1, connection).BindText(2, field).Step();
  if (!found) return found.error();
  if (indexed == index.generations.end()) {
    if (*found) return NotAuthentic(tenant, connection, field, "it was put there from elsewhere");
    return std::optional<Record>();
  }
  if (!*found) return NotAuthentic(tenant, connection, field, "it is missing");
  const std::uint64_t generation = indexed->second;
  if (row->Integer(0) != generation) {
    return NotAuthentic(tenant, connection, field, "it was set back, or its generation was changed");
  }
  std::optional<Secret> value =
      Unseal(key.key, RecordContext(tenant, key, connection, field, generation), row->Blob(1));
  if (!value) return NotAuthentic(tenant, connection, field, "it was changed, or comes from elsewhere");
  return std::optional(Record{std::move(*value), generation});
}

Result<void> WriteRecord(Database& database, const TenantId& tenant, const DataKey& key, std::string_view connection,
                         std::string_view field, std::uint64_t generation, std::string_view value) {
  Result<Statement> write =
      database.Prepare("INSERT OR REPLACE INTO record(connection, field, generation, sealed) VALUES(?1, ?2, ?3, ?4)");
  if (!write) return write.error();
  write->BindText(1, connection).BindText(2, field).BindInteger(3, generation);
  write->BindBlob(4, Seal(key.key, RecordContext(tenant, key, connection, field, generation), value));
  return write->Run();
}

Result<void> RemoveRecord(Database& database, std::string_view connection, std::string_view field) {
  Result<Statement> remove = database.Prepare("DELETE FROM record WHERE connection = ?1 AND field = ?2");
  if (!remove) return remove.error();
  return remove->BindText(1, connection).BindText(2, field).Run();
}

Result<void> CheckRows(Database& database, const TenantId& tenant, const Index& index) {
  Result<Statement> rows = database.Prepare("SELECT connection, field, generation FROM record");
  if (!rows) return rows.error();
  std::size_t count = 0;
  for (;; ++count) {
    const Result<bool> row = rows->Step();
    if (!row) return row.error();
    if (!*row) break;
    const auto indexed = index.generations.find({std::string(rows->Text(0)), std::string(rows->Text(1))});
    if (indexed == index.generations.end()) {
      return NotAuthentic(tenant, rows->Text(0), rows->Text(1), "it was put there from elsewhere");
    }
    if (indexed->second != rows->Integer(2)) {
      return NotAuthentic(tenant, rows->Text(0), rows->Text(1), "it was set back, or its generation was changed");
    }
  }
  if (count == index.generations.size()) return {};
  for (const auto& [name, generation] : index.generations) {
    Result<Statement> row = database.Prepare("SELECT 1 FROM record WHERE connection = ?1 AND field = ?2");
    if (!row) return row.error();
    const Result<bool> found = row->BindText(1, name.first).BindText(2, name.second).Step();
    if (!found) return found.error();
    if (!*found) return NotAuthentic(tenant, name.first, name.second, "it is missing");
  }
  return {};
}

}  // namespace warder::vault
