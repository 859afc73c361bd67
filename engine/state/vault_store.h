// State in the tenant's file, sealed like its credentials: records of the vault (docs/vault.md).
//
// A record is under the hash of scope, instance and flow, and the hash of its key: neither is to be read in the file.
// It holds the key, then the value. Its generation is the version: of the commit that wrote it, never used again.
#pragma once

#include <memory>
#include <string>

#include "engine/state/store.h"
#include "engine/vault/tenant_vault.h"

namespace warder::state {

// Other processes may have the same tenant open.
class VaultStore final : public Store {
 public:
  VaultStore(std::shared_ptr<vault::TenantVault> vault, std::string instance)
      : vault_(std::move(vault)), instance_(std::move(instance)) {}

  Result<Entry> Read(const StateKey& key) override;
  Result<Committed> Commit(std::span<const Change> changes) override;

 private:
  struct Name {
    std::string connection;
    std::string field;
  };
  Name NameOf(const StateKey& key) const;

  std::shared_ptr<vault::TenantVault> vault_;
  const std::string instance_;
};

}  // namespace warder::state
