// Signatures, RSA-OAEP and key agreement. Nothing: the key is of another kind, or the input is invalid.
#pragma once

#include <cstdint>
#include <optional>

#include "sandbox/crypto/bytes.h"
#include "sandbox/crypto/key.h"
#include "sandbox/crypto/start.h"
#include "sandbox/crypto/symmetric.h"

namespace warder::crypto {

// The runtime has the same numbers.
enum class Scheme : std::uint8_t { kPkcs1, kPss, kEcdsa, kEddsa };

struct SignatureScheme {
  Scheme scheme = Scheme::kPkcs1;
  Hash hash = Hash::kSha1;       // not for EdDSA
  std::uint32_t salt_bytes = 0;  // PSS only
};

// RFC 8017, sections 8.1 and 8.2; FIPS 186-5, with r and s side by side instead of in DER; RFC 8032.
std::optional<Buffer> Sign(const Key& key, const SignatureScheme& scheme, Bytes data);
bool Verify(const Key& key, const SignatureScheme& scheme, Bytes signature, Bytes data);

// RFC 8017, section 7.1, with MGF1 on the same hash.
std::optional<Buffer> Oaep(const Key& key, Direction direction, Hash hash, Bytes label, Bytes data);

// ECDH (SP 800-56A, the x coordinate) and X25519 (RFC 7748, a shared secret of all zeros is refused).
std::optional<Buffer> Agree(const Key& private_key, const Key& public_key);

}  // namespace warder::crypto
