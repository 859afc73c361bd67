// Digests, message authentication, AES and key derivation, one call each.
//
// Nothing: the inputs do not go together, a ciphertext is not authentic, or a padding is broken. The script learns no
// more than that.
#pragma once

#include <cstdint>
#include <optional>

#include "sandbox/crypto/bytes.h"
#include "sandbox/crypto/start.h"

namespace warder::crypto {

std::optional<Buffer> Digest(Hash hash, Bytes data);
std::optional<Buffer> Hmac(Bytes key, Hash hash, Bytes data);  // RFC 2104

// The runtime has the same numbers.
enum class AesMode : std::uint8_t { kCbc, kCtr, kGcm, kWrap };
enum class Direction : std::uint8_t { kDecrypt, kEncrypt };

struct AesCall {
  AesMode mode = AesMode::kCbc;
  Direction direction = Direction::kEncrypt;
  Bytes key;
  Bytes iv;             // the first counter block of CTR; not for key wrapping
  Bytes additional;     // GCM only
  unsigned number = 0;  // bytes of GCM's tag, bits of CTR's counter
  Bytes data;
};
// NIST SP 800-38A (CBC with PKCS #7 padding, CTR), SP 800-38D (the tag follows the ciphertext), RFC 3394.
std::optional<Buffer> Aes(const AesCall& call);

std::optional<Buffer> Hkdf(Bytes key, Hash hash, Bytes salt, Bytes info, std::size_t bytes);  // RFC 5869
std::optional<Buffer> Pbkdf2(Bytes password, Hash hash, Bytes salt, std::uint32_t iterations,
                             std::size_t bytes);  // RFC 8018

}  // namespace warder::crypto
