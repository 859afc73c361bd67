#include "engine/broker/origin_health.h"

#include <algorithm>

namespace warder::broker {

std::chrono::milliseconds OriginHealth::Admit(Clock::time_point now) {
  if (failures_ < kFailuresToOpen) return {};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(open_until_ - now);
  if (left.count() > 0) return left;
  if (probing_) return std::chrono::ceil<std::chrono::milliseconds>(kOpenFor);
  probing_ = true;
  return {};
}

void OriginHealth::Succeeded() {
  failures_ = 0;
  probing_ = false;
  tokens_ = std::min(tokens_ + kTokensPerSuccess, kMaxTokens);
}

void OriginHealth::Failed(Clock::time_point now) {
  failures_ = std::min(failures_ + 1, kFailuresToOpen);
  probing_ = false;
  tokens_ = std::max(tokens_ - kTokensPerFailure, 0);
  if (failures_ == kFailuresToOpen) open_until_ = now + kOpenFor;
}

void OriginHealth::Throttled() { tokens_ = std::max(tokens_ - kTokensPerFailure, 0); }

void OriginHealth::Abandoned() { probing_ = false; }

OriginHealth& OriginHealths::Of(std::string_view tenant, std::string_view origin, Clock::time_point now) {
  auto found = healths_.find(Name(tenant, origin));
  if (found == healths_.end()) {
    if (healths_.size() >= sweep_at_) {
      std::erase_if(healths_, [now](const auto& each) {
        return each.second.health.Unremarkable() || now - each.second.asked >= kKept;
      });
      sweep_at_ = std::max<std::size_t>(256, 2 * healths_.size());
    }
    found = healths_.try_emplace({std::string(tenant), std::string(origin)}).first;
  }
  found->second.asked = now;
  return found->second.health;
}

}  // namespace warder::broker
