// What a script may put into a request besides its URL and body.
//
// The broker owns the framing of every message and what names the peer or the proxy: a script that could set these
// would speak to the upstream in the broker's name (request smuggling, RFC 9112 section 11.2). Names and values are
// checked byte by byte, because libcurl sends what it is given.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/base/result.h"

namespace warder::broker {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

inline constexpr std::size_t kMaxRequestHeaders = 128;
inline constexpr std::size_t kMaxRequestHeaderBytes = std::size_t{32} << 10;  // names and values together

struct HeaderRule {
  std::string_view name;  // lower-case; a trailing "*" matches every name that begins so
  std::string_view reason;
};

// The headers that a script cannot set. `warder policy` prints it.
std::span<const HeaderRule> RefusedHeaders();

// The rule that refuses `name`, in any case; nullptr: none does.
const HeaderRule* FindRefusal(std::string_view name);

// The methods that a script can use, exactly so spelled.
std::span<const std::string_view> AllowedMethods();

// RFC 9110 section 5.6.2.
bool IsToken(std::string_view text);
// RFC 9110 section 5.5, without obs-fold: visible characters, spaces, tabs and bytes from 0x80, no blank at either end.
bool IsFieldValue(std::string_view text);

// Whether `method` and `headers` keep to all of the above; the error names the rule and the header, never a value.
Result<void> CheckMethod(std::string_view method);
Result<void> CheckRequestHeaders(const HeaderList& headers);

}  // namespace warder::broker
