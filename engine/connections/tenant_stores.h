// The connections of all tenants of a state folder: one vault, one bell, and the tenants' files that were used lately.
#pragma once

#include <cstdint>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>
#include <utility>

#include "engine/connections/bell.h"
#include "engine/connections/connection_store.h"
#include "engine/vault/vault.h"
#include "sandbox/base/result.h"

namespace warder::connections {

// Thread-safe.
class TenantStores {
 public:
  static constexpr std::size_t kMaxOpen = 64;  // files kept open for their next use

  static Result<std::shared_ptr<TenantStores>> Open(std::filesystem::path state, vault::Vault vault);

  const std::filesystem::path& state() const { return state_; }
  vault::Vault& vault() { return vault_; }
  const std::shared_ptr<Bell>& bell() const { return bell_; }

  // Invalid input: there is no such tenant.
  Result<std::shared_ptr<ConnectionStore>> Of(const store::TenantId& tenant);
  // Makes the tenant.
  Result<std::shared_ptr<ConnectionStore>> Create(const store::TenantId& tenant);
  // Everything of the tenant is unreadable from now on, and the executions that use it lose it.
  Result<void> Shred(const store::TenantId& tenant);

 private:
  TenantStores(std::filesystem::path state, vault::Vault vault, std::shared_ptr<Bell> bell)
      : state_(std::move(state)), vault_(std::move(vault)), bell_(std::move(bell)) {}
  void Forget(const store::TenantId& tenant);
  // With mutex_ held. Null: it is not open.
  std::shared_ptr<ConnectionStore> Find(const store::TenantId& tenant);

  const std::filesystem::path state_;
  vault::Vault vault_;
  const std::shared_ptr<Bell> bell_;
  std::mutex mutex_;
  std::list<std::shared_ptr<ConnectionStore>> open_;  // the last used first
  std::uint64_t forgotten_ = 0;                       // how often one was
};

}  // namespace warder::connections
