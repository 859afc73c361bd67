#include "engine/broker/egress_policy.h"

#include <algorithm>
#include <utility>

#include "engine/broker/canonical_url.h"

namespace warder::broker {

std::string Origin::ToString() const {
  std::string text = scheme + "://";
  text += host.find(':') == std::string::npos ? host : "[" + host + "]";
  const std::uint16_t default_port = scheme == "https" ? 443 : 80;
  if (port != default_port) text += ":" + std::to_string(port);
  return text;
}

Result<Origin> ParseOrigin(std::string_view text) {
  if (text.find('*') != std::string_view::npos) {
    return InvalidInput("an origin has no wildcards: name each host, as in https://api.example.com");
  }
  auto url = CanonicalizeUrl(text);
  if (!url) return InvalidInput("not an origin: " + url.error().message + " (expected https://api.example.com[:port])");
  if (url->target != "/") {
    return InvalidInput("an origin has no path and no query: write " + url->origin.ToString());
  }
  return std::move(url->origin);
}

namespace {
constexpr std::size_t kMaxShownBytes = 200;
}

Result<EgressPolicy> EgressPolicy::FromOrigins(const std::vector<std::string>& origins) {
  if (origins.size() > kMaxOrigins) {
    return InvalidInput("a policy names at most " + std::to_string(kMaxOrigins) + " origins");
  }
  EgressPolicy policy;
  for (const std::string& text : origins) {
    auto origin = ParseOrigin(text);
    if (!origin) return InvalidInput("\"" + text.substr(0, kMaxShownBytes) + "\" is " + origin.error().message);
    if (!policy.Allows(*origin)) policy.origins_.push_back(std::move(*origin));
  }
  return policy;
}

bool EgressPolicy::Allows(const Origin& origin) const {
  return std::find(origins_.begin(), origins_.end(), origin) != origins_.end();
}

}  // namespace warder::broker
