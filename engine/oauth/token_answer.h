// What a token endpoint answers (RFC 6749 section 5), read strictly.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/secret.h"
#include "engine/oauth/exchange.h"
#include "engine/oauth/failure.h"
#include "engine/oauth/scope.h"

namespace warder::oauth {

inline constexpr std::size_t kMaxTokenBytes = std::size_t{16} << 10;
inline constexpr std::chrono::seconds kMaxTokenLifetime{std::int64_t{10} * 366 * 24 * 3600};

struct TokenSet {
  Secret access_token;
  std::optional<Secret> refresh_token;           // nothing: the server gave none; on a refresh the old one stays valid
  std::optional<std::chrono::seconds> lifetime;  // from the moment the answer came; nothing: it does not say
  ScopeSet scope;                                // what was granted: what was asked for where the server does not say
};

// `where` is "the token endpoint of https://as.example". An error answer becomes a Failure; so does everything that is
// not exactly a bearer token's answer. The fate of a success that cannot be read is kUnknown: the server has acted.
Outcome<TokenSet> ReadTokenAnswer(const std::string& where, Answer answer, const ScopeSet& requested);

// What an answer other than 200 says, at any endpoint: RFC 6749 section 5.2, or else its status.
Failure ReadErrorAnswer(const std::string& where, const Answer& answer);

// The error code as it may be shown: of at most 64 characters of [a-z0-9_.-]; others are not repeated.
std::string ShownErrorCode(std::string_view code);

}  // namespace warder::oauth
