// The one place where a URL becomes an origin and a request target.
//
// Whatever a script, a redirect or a grant names goes through CanonicalizeUrl; the policy, the resolver and the
// transfer see only its result. Two independent parsers (Boost.URL and libcurl's) must agree on every part of it: what
// they read in two ways is refused, not repaired.
#pragma once

#include <string>
#include <string_view>

#include "engine/broker/host_form.h"
#include "engine/broker/origin.h"
#include "sandbox/base/result.h"

namespace warder::broker {

inline constexpr std::size_t kMaxUrlBytes = std::size_t{16} << 10;

struct CanonicalUrl {
  Origin origin;
  HostKind host_kind = HostKind::kName;
  std::string target;  // path and query as they go on the wire; begins with "/", RFC 3986 characters only

  std::string ToString() const { return origin.ToString() + target; }
};

// Reads an absolute http or https URL; a host beyond ASCII becomes A-labels (idna.h). Refused: user information,
// fragments, control characters, spaces, backslashes, characters beyond ASCII elsewhere, other schemes, ports other
// than 1..65535 in plain decimal, hosts that ParseHost refuses, malformed percent-encoding, and dot segments in any
// spelling (also percent-encoded, repeatedly, or behind ';'). The few characters that WHATWG URLs leave bare and RFC
// 3986 does not allow ([ ] { } | ^ `) are percent-encoded. Errors never repeat the path or the query: they may hold
// what must not be printed.
Result<CanonicalUrl> CanonicalizeUrl(std::string_view text);

// Reads a Location header relative to `base` (RFC 3986 section 5.2); its fragment is dropped.
Result<CanonicalUrl> ResolveLocation(const CanonicalUrl& base, std::string_view location);

}  // namespace warder::broker
