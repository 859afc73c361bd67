// Asymmetric keys from and to what Web Cryptography calls their formats: SubjectPublicKeyInfo (RFC 5280, section
// 4.1.2.7), PrivateKeyInfo (RFC 5208), raw public keys (SEC 1, section 2.3.3; RFC 8032; RFC 7748), and the numbers of a
// JSON Web Key (RFC 7518, section 6; RFC 8037).
//
// Nothing that is not a whole valid key of exactly the wanted family is imported: no trailing bytes, no other curve, no
// explicit curve parameters, no point off its curve, no private part that does not belong to the public one.
#pragma once

#include <optional>
#include <vector>

#include "sandbox/crypto/bytes.h"
#include "sandbox/crypto/key.h"

namespace warder::crypto {

inline constexpr int kMaxModulusBits = 16384;  // OpenSSL refuses to work with more

std::optional<Key> ImportDer(Family family, Part part, Bytes der);
std::optional<Buffer> ExportDer(const Key& key, Part part);

// A public point of a curve, compressed or not; a public key of Ed25519 or X25519.
std::optional<Key> ImportRawPublic(Family family, Bytes raw);
// Ed25519 and X25519 only.
std::optional<Key> ImportRawPrivate(Family family, Bytes raw);
// The public part; a point is not compressed.
std::optional<Buffer> ExportRaw(const Key& key);

// Big-endian numbers, or strings of FieldBytes: RSA n, e, d, p, q, dp, dq, qi; curves x, y, d; others x, d. A public
// key has the first two, of the others the first; a private key has all.
std::optional<Key> ImportParts(Family family, const std::vector<Bytes>& parts);
std::optional<std::vector<Buffer>> ExportParts(const Key& key, Part part);

}  // namespace warder::crypto
