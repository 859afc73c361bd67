#include "engine/broker/origin.h"

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
    return InvalidInput("not an origin: it has a wildcard; name each host, as in https://api.example.com");
  }
  auto url = CanonicalizeUrl(text);
  if (!url) return InvalidInput("not an origin such as https://api.example.com: " + url.error().message);
  if (url->target != "/") {
    return InvalidInput("not an origin: it has a path or a query; write " + url->origin.ToString());
  }
  return std::move(url->origin);
}

}  // namespace warder::broker
