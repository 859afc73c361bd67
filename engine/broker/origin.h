// An origin: scheme, host and port, which is what a policy names and a connection belongs to.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "sandbox/base/result.h"

namespace warder::broker {

struct Origin {
  std::string scheme;  // "http" or "https"
  std::string host;    // lower-case; an IPv6 address without brackets
  std::uint16_t port = 0;

  // "https://api.example.com", the default port left out; IPv6 in brackets.
  std::string ToString() const;
  auto operator<=>(const Origin&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 misreads it
};

// Reads "https://api.example.com[:port]": no path beyond "/", no query, no user information, no wildcard.
Result<Origin> ParseOrigin(std::string_view text);

}  // namespace warder::broker
