// Which URLs of an authorization server are talked to at all.
//
// https, or http to this very machine named as 127.0.0.1, [::1] or localhost (RFC 8252 section 8.3; for tests and local
// servers). No user information, no fragment (RFC 6749 section 3.2). Whether the address may be reached is the broker's
// to judge (broker/destination.h).
#pragma once

#include <string>
#include <string_view>

#include "engine/broker/canonical_url.h"
#include "sandbox/base/result.h"

namespace warder::oauth {

inline constexpr std::size_t kMaxEndpointBytes = 2048;

// The error completes "the token endpoint of ...": it names the rule, and of the URL only its origin.
Result<broker::CanonicalUrl> ParseEndpoint(std::string_view url);

// RFC 8414 section 2: an endpoint without a query. Kept as it is written: issuers are compared byte by byte.
Result<broker::CanonicalUrl> ParseIssuer(std::string_view issuer);

}  // namespace warder::oauth
