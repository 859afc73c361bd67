// The data keys of all tenants, wrapped: STATE/keyring.db. Kept apart from the tenants' files, so that a tenant whose
// row is deleted is unreadable in every copy of its file, and so that another key-encryption key rewrites this file
// alone.
//
// It also holds each tenant's epoch, which a tenant's file must not be below (see vault.h), sealed under the tenant's
// data key.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/secret.h"
#include "engine/store/database.h"
#include "engine/store/tenant_id.h"
#include "engine/vault/key_encryption.h"
#include "sandbox/base/result.h"

namespace warder::vault {

inline constexpr std::size_t kDataKeyIdBytes = 16;

struct DataKey {
  std::string id;  // kDataKeyIdBytes random bytes
  Secret key;

  static DataKey Generate();
  DataKey Copy() const { return {id, key.Copy()}; }
};

// Thread-safe; other processes may have the same file open.
class Keyring {
 public:
  // Makes the file where there is none. Refuses one that is under another key than `key`: the error names both.
  static Result<std::unique_ptr<Keyring>> Open(const std::filesystem::path& state, std::unique_ptr<KeyEncryption> key);
  // The id of the key-encryption key that the keyring is under. Nothing: there is none yet.
  static Result<std::optional<std::string>> KekId(const std::filesystem::path& state);

  // A new tenant, at epoch 0. `make` is called while nobody else can make or shred one; where it fails, or the tenant
  // is there already, nothing changes.
  Result<void> Add(const store::TenantId& tenant, const DataKey& key, const std::function<Result<void>()>& make);

  struct Entry {
    std::uint64_t epoch = 0;
    std::string key_id;  // of the data key that the epoch is sealed under
    std::string seal;

    bool operator==(const Entry&) const = default;
  };
  // Nothing: there is no such tenant. The entry is not authentic before CheckEpoch.
  Result<std::optional<Entry>> Find(const store::TenantId& tenant);
  // The error names the tenant.
  static Result<void> CheckEpoch(const store::TenantId& tenant, const Entry& entry, const DataKey& key);

  // Unwraps a data key of the tenant; nothing: it has none of this id.
  Result<std::optional<DataKey>> Unwrap(const store::TenantId& tenant, std::string_view key_id);

  // The first step of a new data key: it stands beside the one in use.
  Result<void> AddKey(const store::TenantId& tenant, const DataKey& key);
  // The last: `key` is the only one of the tenant; the others are overwritten, in the log too. Nothing happens where
  // the tenant's epoch is above `epoch`: somebody else was there later.
  Result<void> KeepOnly(const store::TenantId& tenant, const DataKey& key, std::uint64_t epoch);

  // Raises the tenant's epoch to `epoch`; one that is there or above it is left. False: there is no such tenant.
  Result<bool> Raise(const store::TenantId& tenant, std::uint64_t epoch, const DataKey& key);

  // Deletes all of a tenant's keys, in the log too. `also` is called while nobody else can make or shred a tenant;
  // where it fails nothing changes. False: there was no such tenant.
  Result<bool> Remove(const store::TenantId& tenant, const std::function<Result<void>()>& also);

  // Wraps every data key under `next`, in one transaction; the number of keys.
  Result<std::size_t> RotateKek(std::unique_ptr<KeyEncryption> next);

  Result<std::vector<store::TenantId>> Tenants();

 private:
  Keyring(store::Database database, store::Database reader, std::shared_ptr<KeyEncryption> key);
  // Refuses where another process has put the keyring under another key. In a transaction of `database`.
  Result<void> CheckKek(store::Database& database) const;
  Result<void> Insert(const store::TenantId& tenant, const DataKey& key);

  std::mutex mutex_;  // of who writes, and waits for others who do
  store::Database database_;
  // Who reads waits for nobody. Taken behind mutex_, where both are.
  std::mutex read_mutex_;
  store::Database reader_;
  std::shared_ptr<KeyEncryption> key_;  // changed under both
};

}  // namespace warder::vault
