// Signatures of JSON Web Tokens (RFC 7515, RFC 7518, RFC 8037), through OpenSSL.
#pragma once

#include <string>
#include <string_view>

#include "engine/broker/inject/injection.h"
#include "sandbox/base/result.h"

namespace warder::broker {

// "RS256", as in a token's header.
std::string_view NameOf(JwtInjection::Algorithm algorithm);

// Whether the algorithm's key is a private key in PEM, and not a shared secret.
bool HasPemKey(JwtInjection::Algorithm algorithm);

// The raw signature, as base64url makes the token's third part of it; of ES256 that is r and s, 32 bytes each (RFC 7518
// section 3.4). Refused are keys of another kind than the algorithm's, encrypted ones, RSA below 2048 bits and shared
// secrets below 32 bytes (RFC 7518 sections 3.2 and 3.3); the error says which it is and nothing of the key.
Result<std::string> JwsSignature(JwtInjection::Algorithm algorithm, std::string_view key, std::string_view input);

}  // namespace warder::broker
