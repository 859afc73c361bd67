// A key: the bytes of a secret, or an OpenSSL key of one family with or without its private part.
//
// A key owns its material and overwrites it when it goes. Nothing but the functions of this folder looks inside.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>

#include "sandbox/crypto/bytes.h"
#include "sandbox/crypto/openssl.h"

namespace warder::crypto {

// What an asymmetric key can be; the runtime has the same numbers.
enum class Family : std::uint8_t { kRsa, kP256, kP384, kP521, kEd25519, kX25519 };
inline constexpr std::size_t kFamilies = 6;
enum class Part : std::uint8_t { kPublic, kPrivate };

constexpr bool IsCurve(Family family) {
  return family == Family::kP256 || family == Family::kP384 || family == Family::kP521;
}
// The name that OpenSSL gives the type of such keys, and for an elliptic curve its group.
const char* TypeName(Family family);
const char* GroupName(Family family);
// Of a coordinate, of a scalar, of a raw Ed25519 or X25519 key.
std::size_t FieldBytes(Family family);

class Key {
 public:
  explicit Key(Buffer secret) : material_(std::move(secret)) {}
  Key(Family family, Part part, Pkey pkey) : material_(std::move(pkey)), family_(family), part_(part) {}

  // Null for a key of another kind.
  const Buffer* secret() const { return std::get_if<Buffer>(&material_); }
  EVP_PKEY* pkey() const;
  bool Is(Family family) const { return pkey() != nullptr && family_ == family; }
  bool HasPrivatePart() const { return part_ == Part::kPrivate; }
  Family family() const { return family_; }

  // About what it takes of memory, OpenSSL's objects included.
  std::size_t Weight() const;

 private:
  std::variant<Buffer, Pkey> material_;
  Family family_ = Family::kRsa;
  Part part_ = Part::kPrivate;
};

struct KeyPair {
  Key public_key;
  Key private_key;
};

// The public part alone.
std::optional<Key> PublicOf(const Key& key);

// Nothing: there is no source of randomness.
std::optional<Key> GenerateSecret(std::size_t bytes);
// `stop` is asked now and then; where it says so, generating ends without a key.
std::optional<KeyPair> GenerateRsa(unsigned int bits, Bytes exponent, bool (*stop)());
std::optional<KeyPair> GeneratePair(Family family);

}  // namespace warder::crypto
