#include "engine/oauth/metadata.h"

#include <boost/asio/ip/address.hpp>

#include "engine/broker/address_class.h"
#include "engine/oauth/endpoint.h"
#include "engine/oauth/members.h"

namespace warder::oauth {
namespace {

struct NamedEndpoint {
  std::string_view name;
  std::string ServerMetadata::*url;
};

constexpr std::array kEndpoints = {
    NamedEndpoint{"authorization_endpoint", &ServerMetadata::authorization_endpoint},
    NamedEndpoint{"token_endpoint", &ServerMetadata::token_endpoint},
    NamedEndpoint{"revocation_endpoint", &ServerMetadata::revocation_endpoint},
    NamedEndpoint{"device_authorization_endpoint", &ServerMetadata::device_authorization_endpoint},
};

bool IsSpecialAddress(const broker::CanonicalUrl& url) {
  if (url.origin.host == "localhost") return true;
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(url.origin.host, not_an_address);
  return !not_an_address && broker::FindSpecialRange(address) != nullptr;
}

// The broker takes an address at its word: whoever configures an issuer may name any. A document may not lead there.
Result<void> CheckEndpoint(std::string_view name, const std::string& url, const broker::CanonicalUrl& issuer) {
  const auto parsed = ParseEndpoint(url);
  if (!parsed) return Error{parsed.error().kind, std::string(name) + " " + parsed.error().message, {}};
  if (IsSpecialAddress(*parsed) && parsed->origin.host != issuer.origin.host) {
    return Refused(std::string(name) + " is at " + parsed->origin.ToString() +
                   ", an address that is not public and not the issuer's own host");
  }
  return {};
}

}  // namespace

Result<void> CheckMetadata(const ServerMetadata& metadata) {
  const auto issuer = ParseIssuer(metadata.issuer);
  if (!issuer) return Error{issuer.error().kind, "the issuer " + issuer.error().message, {}};
  const std::string of = " of " + issuer->origin.ToString();
  if (metadata.token_endpoint.empty()) return InvalidInput("the metadata" + of + " names no token_endpoint");
  for (const NamedEndpoint& endpoint : kEndpoints) {
    const std::string& url = metadata.*endpoint.url;
    if (url.empty()) continue;
    if (const auto checked = CheckEndpoint(endpoint.name, url, *issuer); !checked) {
      return Error{checked.error().kind, "in the metadata" + of + " the " + checked.error().message, {}};
    }
  }
  if (!metadata.code_challenge_methods.empty() && metadata.code_challenge_methods.count("S256") == 0) {
    return Refused("the metadata" + of +
                   " does not have S256 among its code_challenge_methods_supported, and without PKCE a stolen code is "
                   "as good as the person's own (RFC 9700 section 2.1.1)");
  }
  return {};
}

Result<ServerMetadata> ReadMetadata(std::string_view issuer, const boost::json::object& document) {
  const auto named = VisibleMember(document, "issuer", kMaxEndpointBytes);
  if (!named) return named.error();
  if (!*named || **named != issuer) {
    return Refused(
        "does not name exactly that issuer (RFC 8414 section 3.3): use the issuer that the server itself names");
  }
  ServerMetadata metadata;
  metadata.issuer = issuer;
  for (const NamedEndpoint& endpoint : kEndpoints) {
    const auto url = VisibleMember(document, endpoint.name, kMaxEndpointBytes);
    if (!url) return url.error();
    if (*url) metadata.*endpoint.url = **url;
  }
  for (const auto& [name, list] : {
           std::pair("code_challenge_methods_supported", &ServerMetadata::code_challenge_methods),
           std::pair("token_endpoint_auth_methods_supported", &ServerMetadata::token_auth_methods),
           std::pair("grant_types_supported", &ServerMetadata::grant_types),
       }) {
    auto listed = ListMember(document, name);
    if (!listed) return listed.error();
    metadata.*list = std::move(*listed);
  }
  const auto iss = FlagMember(document, "authorization_response_iss_parameter_supported");
  if (!iss) return iss.error();
  if (*iss) metadata.iss = ServerMetadata::Iss::kPromised;
  if (const auto checked = CheckMetadata(metadata); !checked) {
    return Error{checked.error().kind, "cannot be used: " + checked.error().message, {}};
  }
  return metadata;
}

Result<std::vector<std::string>> MetadataUrls(std::string_view issuer) {
  const auto parsed = ParseIssuer(issuer);
  if (!parsed) return Error{parsed.error().kind, "the issuer " + parsed.error().message, {}};
  const std::string origin = parsed->origin.ToString();
  std::string path = parsed->target;
  if (path.ends_with('/')) path.pop_back();
  return std::vector<std::string>{origin + "/.well-known/oauth-authorization-server" + path,
                                  origin + path + "/.well-known/openid-configuration"};
}

}  // namespace warder::oauth
