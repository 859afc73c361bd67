// What one execution may reach: a list of exact origins, nothing by default.
//
// An origin is scheme, host and port. Public origins still have to resolve to public addresses; an address that is
// private, loopback or otherwise special is reached only where the policy names that very address or "localhost" as its
// host.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/result.h"

namespace warder::broker {

struct Origin {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower-case; an IPv6 address without brackets
  std::uint16_t port = 0;

  // "https://api.example.com", the default port left out; IPv6 in brackets.
  std::string ToString() const;
  bool operator==(const Origin&) const = default;
};

// Reads "https://api.example.com[:port]": no path beyond "/", no query, no user information, no wildcard.
Result<Origin> ParseOrigin(std::string_view text);

class EgressPolicy {
 public:
  static constexpr std::size_t kMaxOrigins = 1024;

  // Fails with the first origin that is not one.
  static Result<EgressPolicy> FromOrigins(const std::vector<std::string>& origins);

  bool Allows(const Origin& origin) const;
  const std::vector<Origin>& origins() const { return origins_; }

 private:
  std::vector<Origin> origins_;
};

}  // namespace warder::broker
