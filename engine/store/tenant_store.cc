#include "engine/store/tenant_store.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "engine/store/private_files.h"

namespace warder::store {
namespace fs = std::filesystem;
namespace {

// engine/vault reads and writes the sealed tables; what they hold means nothing without its keys.
constexpr const char* kFirstTables = R"(
CREATE TABLE record(
  connection TEXT NOT NULL, field TEXT NOT NULL, generation INTEGER NOT NULL CHECK(generation > 0),
  sealed BLOB NOT NULL,
  PRIMARY KEY(connection, field)
) STRICT, WITHOUT ROWID;
CREATE TABLE record_index(
  id INTEGER PRIMARY KEY CHECK(id = 1), key BLOB NOT NULL CHECK(length(key) = 16), sealed BLOB NOT NULL
) STRICT;
CREATE TABLE audit(
  sequence INTEGER PRIMARY KEY CHECK(sequence > 0), entry TEXT NOT NULL
) STRICT;
)";
constexpr std::array kSteps = {kFirstTables};
constexpr Schema kSchema = {.application = 0x57647254, .steps = kSteps};  // "WdrT"

fs::path FolderOf(const fs::path& state) { return state / "tenants"; }

bool IsThere(const fs::path& file) {
  struct stat status {};
  return ::lstat(file.c_str(), &status) == 0;
}

}  // namespace

fs::path TenantStore::FileOf(const fs::path& state, const TenantId& tenant) {
  return FolderOf(state) / (tenant.text() + ".db");
}

bool TenantStore::Exists(const fs::path& state, const TenantId& tenant) { return IsThere(FileOf(state, tenant)); }

Result<TenantStore> TenantStore::Create(const fs::path& state, const TenantId& tenant) {
  if (Result<void> made = MakePrivateFolder(FolderOf(state)); !made) return made.error();
  const fs::path file = FileOf(state, tenant);
  if (IsThere(file)) return InvalidInput("there is a file of tenant " + tenant.text() + " already, " + file.string());
  Result<Database> database = Database::Open(file, kSchema, Database::IfMissing::kMake);
  if (!database) return database.error();
  if (Result<void> synced = SyncFolder(FolderOf(state)); !synced) return synced.error();
  return TenantStore(tenant, std::move(*database));
}

Result<TenantStore> TenantStore::Open(const fs::path& state, const TenantId& tenant) {
  const fs::path file = FileOf(state, tenant);
  if (!IsThere(file))
    return InvalidInput("the file of tenant " + tenant.text() + ", " + file.string() + ", is missing");
  if (Result<void> checked = MakePrivateFolder(FolderOf(state)); !checked) return checked.error();
  Result<Database> database = Database::Open(file, kSchema, Database::IfMissing::kRefuse);
  if (!database) return database.error();
  return TenantStore(tenant, std::move(*database));
}

Result<void> TenantStore::Delete(const fs::path& state, const TenantId& tenant) {
  const fs::path file = FileOf(state, tenant);
  // The log last: beside a file, it would be read into it.
  for (const char* const suffix : {"", "-journal", "-shm", "-wal"}) {
    const std::string name = file.string() + suffix;
    if (::unlink(name.c_str()) != 0 && errno != ENOENT) {
      return Internal("cannot delete " + name + ": " + std::generic_category().message(errno));
    }
  }
  if (!IsThere(FolderOf(state))) return {};
  return SyncFolder(FolderOf(state));
}

}  // namespace warder::store
