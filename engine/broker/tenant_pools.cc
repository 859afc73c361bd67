#include "engine/broker/tenant_pools.h"

#include <algorithm>
#include <vector>

namespace warder::broker {

TenantPools::TenantPools(boost::asio::io_context& loop, const BrokerOptions& options)
    : loop_(loop), options_(options), sweep_(loop, [this] {
        sweeping_ = false;
        DropIdle();
      }) {}

std::shared_ptr<CurlPool> TenantPools::Use(const std::string& tenant) {
  const auto now = std::chrono::steady_clock::now();
  if (const auto found = pools_.find(tenant); found != pools_.end()) {
    found->second.last_used = now;
    return found->second.pool;
  }
  auto pool = std::make_shared<CurlPool>(loop_, options_, open_connections_);
  pools_.emplace(tenant, Pool{pool, now});
  DropIdle();  // there are more idle ones than before only where there is a new one
  return pool;
}

void TenantPools::DropIdle() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<std::map<std::string, Pool>::iterator> idle;
  for (auto entry = pools_.begin(); entry != pools_.end(); ++entry) {
    if (entry->second.pool.use_count() == 1) {
      idle.push_back(entry);
    } else {
      entry->second.last_used = now;
    }
  }
  std::sort(idle.begin(), idle.end(),
            [](const auto& a, const auto& b) { return a->second.last_used < b->second.last_used; });
  const std::size_t surplus = idle.size() > options_.max_idle_pools ? idle.size() - options_.max_idle_pools : 0;
  for (std::size_t i = 0; i < idle.size(); ++i) {
    if (i < surplus || now - idle[i]->second.last_used >= options_.pool_idle_timeout) pools_.erase(idle[i]);
  }
  if (sweeping_ || pools_.empty()) return;
  sweeping_ = true;
  sweep_.Start(options_.pool_idle_timeout);
}

}  // namespace warder::broker
