// Scopes: sets of tokens (RFC 6749 section 3.3).
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "sandbox/base/result.h"

namespace warder::oauth {

using ScopeSet = std::set<std::string, std::less<>>;

inline constexpr std::size_t kMaxScopes = 128;
inline constexpr std::size_t kMaxScopeBytes = 4096;  // of the whole text

// "read write": visible ASCII without `"` and `\`, one blank between two. Empty text: the empty set.
Result<ScopeSet> ParseScope(std::string_view text);
std::string ToString(const ScopeSet& scope);

}  // namespace warder::oauth
