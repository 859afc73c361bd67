// The file of one tenant: STATE/tenants/TENANT.db. Every query goes to one tenant's file, so none can reach another's
// rows. The vault's sealed records and the audit log are in it; history and the state of flows will be.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/store/audit_log.h"
#include "engine/store/database.h"
#include "engine/store/tenant_id.h"
#include "sandbox/base/result.h"

namespace warder::store {

// Not thread-safe, like the Database in it.
class TenantStore {
 public:
  // Makes the file, and the folders above it; refuses where there is one.
  static Result<TenantStore> Create(const std::filesystem::path& state, const TenantId& tenant);
  // Opens the file; refuses where there is none.
  static Result<TenantStore> Open(const std::filesystem::path& state, const TenantId& tenant);

  // Whether there is anything of the file's name.
  static bool Exists(const std::filesystem::path& state, const TenantId& tenant);
  // Deletes the file with its log; what is not there is no error.
  static Result<void> Delete(const std::filesystem::path& state, const TenantId& tenant);
  static std::filesystem::path FileOf(const std::filesystem::path& state, const TenantId& tenant);

  const TenantId& tenant() const { return tenant_; }
  Database& database() { return database_; }
  AuditLog audit() { return AuditLog(database_, tenant_); }

 private:
  TenantStore(TenantId tenant, Database database) : tenant_(std::move(tenant)), database_(std::move(database)) {}

  TenantId tenant_;
  Database database_;
};

}  // namespace warder::store
