#include "engine/connections/tenant_stores.h"

#include <algorithm>

namespace warder::connections {

Result<std::shared_ptr<TenantStores>> TenantStores::Open(std::filesystem::path state, vault::Vault vault) {
  auto bell = Bell::Open(state);
  if (!bell) return bell.error();
  return std::shared_ptr<TenantStores>(new TenantStores(std::move(state), std::move(vault), std::move(*bell)));
}

Result<std::shared_ptr<ConnectionStore>> TenantStores::Of(const store::TenantId& tenant) {
  const std::lock_guard lock(mutex_);
  const auto found =
      std::find_if(open_.begin(), open_.end(), [&](const auto& store) { return store->tenant() == tenant; });
  if (found != open_.end()) {
    open_.splice(open_.begin(), open_, found);
    return open_.front();
  }
  auto opened = vault_.OpenTenant(tenant);
  if (!opened) return opened.error();
  open_.push_front(std::make_shared<ConnectionStore>(std::move(*opened), bell_));
  if (open_.size() > kMaxOpen) open_.pop_back();
  return open_.front();
}

Result<std::shared_ptr<ConnectionStore>> TenantStores::Create(const store::TenantId& tenant) {
  if (auto made = vault_.CreateTenant(tenant); !made) return made.error();
  Forget(tenant);
  return Of(tenant);
}

Result<void> TenantStores::Shred(const store::TenantId& tenant) {
  Forget(tenant);
  auto shredded = vault_.ShredTenant(tenant);
  if (shredded) bell_->Ring();
  return shredded;
}

void TenantStores::Forget(const store::TenantId& tenant) {
  const std::lock_guard lock(mutex_);
  open_.remove_if([&](const auto& store) { return store->tenant() == tenant; });
}

}  // namespace warder::connections
