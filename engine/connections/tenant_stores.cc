#include "engine/connections/tenant_stores.h"

#include <algorithm>

namespace warder::connections {

Result<std::shared_ptr<TenantStores>> TenantStores::Open(std::filesystem::path state, vault::Vault vault) {
  auto bell = Bell::Open(state);
  if (!bell) return bell.error();
  return std::shared_ptr<TenantStores>(new TenantStores(std::move(state), std::move(vault), std::move(*bell)));
}

Result<std::shared_ptr<ConnectionStore>> TenantStores::Of(const store::TenantId& tenant) {
  std::uint64_t forgotten = 0;
  {
    const std::lock_guard lock(mutex_);
    if (auto found = Find(tenant)) return found;
    forgotten = forgotten_;
  }
  // Not under the lock: somebody may keep this tenant's file locked, and the others are not to wait for it.
  auto opened = vault_.OpenTenant(tenant);
  if (!opened) return opened.error();
  const std::lock_guard lock(mutex_);
  if (auto found = Find(tenant)) return found;  // somebody else was first
  auto store = std::make_shared<ConnectionStore>(std::move(*opened), bell_);
  // What was shredded meanwhile is not kept for the next one of its name.
  if (forgotten != forgotten_) return store;
  open_.push_front(store);
  if (open_.size() > kMaxOpen) open_.pop_back();
  return store;
}

std::shared_ptr<ConnectionStore> TenantStores::Find(const store::TenantId& tenant) {
  const auto found =
      std::find_if(open_.begin(), open_.end(), [&](const auto& store) { return store->tenant() == tenant; });
  if (found == open_.end()) return nullptr;
  open_.splice(open_.begin(), open_, found);
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
  Forget(tenant);
  if (shredded) bell_->Ring();
  return shredded;
}

void TenantStores::Forget(const store::TenantId& tenant) {
  const std::lock_guard lock(mutex_);
  ++forgotten_;
  open_.remove_if([&](const auto& store) { return store->tenant() == tenant; });
}

}  // namespace warder::connections
