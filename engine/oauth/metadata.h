// What an authorization server says about itself (RFC 8414), read strictly.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/oauth/exchange.h"
#include "engine/oauth/failure.h"

namespace warder::oauth {

// What Warder uses of it. Where a server publishes nothing, whoever configures the connection fills this in and has it
// checked (CheckMetadata).
struct ServerMetadata {
  std::string issuer;
  std::string authorization_endpoint;  // empty: none; likewise below
  std::string token_endpoint;
  std::string revocation_endpoint;            // RFC 7009
  std::string device_authorization_endpoint;  // RFC 8628
  // Empty: it does not say.
  std::set<std::string, std::less<>> code_challenge_methods;
  std::set<std::string, std::less<>> token_auth_methods;
  std::set<std::string, std::less<>> grant_types;
  enum class Iss { kNotPromised, kPromised } iss = Iss::kNotPromised;  // in authorization answers: RFC 9207
};

// Every endpoint passes ParseEndpoint, the issuer ParseIssuer; PKCE with S256 is not excluded; there is a token
// endpoint.
Result<void> CheckMetadata(const ServerMetadata& metadata);

// Reads a metadata document for `issuer`, which must be exactly the one that it names (section 3.3). The error
// completes "the metadata of ISSUER ...".
Result<ServerMetadata> ReadMetadata(std::string_view issuer, const boost::json::object& document);

// Where to ask, in this order: RFC 8414 section 3.1 (the well-known part goes between host and path), then OpenID
// Connect Discovery 1.0 section 4 (it goes behind the path).
Result<std::vector<std::string>> MetadataUrls(std::string_view issuer);

// Asks at the first URL, and at the second where the first has no such document (404, or another 4xx).
[[nodiscard]] Ticket Discover(Exchange& exchange, std::string issuer,
                              std::function<void(Outcome<ServerMetadata>)> done);

}  // namespace warder::oauth
