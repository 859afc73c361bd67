// The vault of a state folder: STATE/keyring.db and STATE/tenants/TENANT.db. See docs/vault.md for the format.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "engine/store/tenant_id.h"
#include "engine/vault/key_encryption.h"
#include "engine/vault/keyring.h"
#include "engine/vault/tenant_vault.h"
#include "sandbox/base/result.h"

namespace warder::vault {

// Thread-safe; other processes may have the same folder open. Does not have to outlive its tenants.
class Vault {
 public:
  // Makes the folder and the keyring where there are none. `state` and what is in it must be this user's alone.
  static Result<Vault> Open(const std::filesystem::path& state, std::unique_ptr<KeyEncryption> key);
  // The same with a key in a file, which is made with the first keyring (`made` says so) and never again. Ends a
  // RotateKekFile that was interrupted.
  static Result<Vault> OpenWithKeyFile(const std::filesystem::path& state, const std::filesystem::path& key_file,
                                       bool* made = nullptr);

  // kInvalidInput: there is one of this name.
  Result<std::shared_ptr<TenantVault>> CreateTenant(const store::TenantId& tenant);
  // kInvalidInput: there is none of this name.
  Result<std::shared_ptr<TenantVault>> OpenTenant(const store::TenantId& tenant);
  // Deletes the tenant's wrapped data key, then its file: no copy of the file can be read any more.
  Result<void> ShredTenant(const store::TenantId& tenant);
  Result<std::vector<store::TenantId>> ListTenants();

  // Wraps all data keys under `next`, which must be kept safe already; the number of keys. No record is touched.
  Result<std::size_t> RotateKek(std::unique_ptr<KeyEncryption> next);
  // The same for a key in a file: a new key takes its place, at no moment is there none that fits.
  Result<std::size_t> RotateKekFile(const std::filesystem::path& key_file);
  Result<void> RotateDataKey(const store::TenantId& tenant);
  // TenantVault::AcceptRestored.
  Result<void> AcceptRestored(const store::TenantId& tenant);

 private:
  Vault(std::filesystem::path state, std::shared_ptr<Keyring> keyring);

  std::filesystem::path state_;
  std::shared_ptr<Keyring> keyring_;
};

}  // namespace warder::vault
