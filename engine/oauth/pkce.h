// Proof Key for Code Exchange (RFC 7636): who redeems a code is who asked for it. Only S256 (RFC 9700 section 2.1.1).
#pragma once

#include <string>
#include <string_view>

#include "engine/base/secret.h"

namespace warder::oauth {

inline constexpr std::size_t kRandomSecretBytes = 32;

// 256 random bits, as 43 characters of base64url: a verifier (section 4.1), or a state (RFC 6749 section 10.10).
Secret NewRandomSecret();

// BASE64URL(SHA256(ASCII(verifier))) (section 4.2).
std::string ChallengeOf(const Secret& verifier);

}  // namespace warder::oauth
