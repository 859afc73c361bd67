#include "engine/oauth/endpoint.h"

namespace warder::oauth {
namespace {

// The exact spellings: what else leads there (127.0.0.2, ::ffff:127.0.0.1) is not meant to.
bool IsLoopback(const broker::Origin& origin) {
  return origin.host == "127.0.0.1" || origin.host == "::1" || origin.host == "localhost";
}

}  // namespace

Result<broker::CanonicalUrl> ParseEndpoint(std::string_view url) {
  if (url.empty() || url.size() > kMaxEndpointBytes) {
    return InvalidInput("is not a URL of 1 to " + std::to_string(kMaxEndpointBytes) + " bytes");
  }
  auto parsed = broker::CanonicalizeUrl(url);
  if (!parsed) return InvalidInput("is no URL to talk to: " + parsed.error().message);
  if (parsed->origin.scheme != "https" && !IsLoopback(parsed->origin)) {
    return Refused("is at " + parsed->origin.ToString() +
                   ", where everybody on the way could read what is sent; only https is used, and http to 127.0.0.1, "
                   "[::1] and localhost");
  }
  return parsed;
}

Result<broker::CanonicalUrl> ParseIssuer(std::string_view issuer) {
  auto parsed = ParseEndpoint(issuer);
  if (parsed && parsed->target.find('?') != std::string::npos) {
    return InvalidInput("has a query, which an issuer must not have (RFC 8414 section 2)");
  }
  return parsed;
}

}  // namespace warder::oauth
