// The keys that receipts are signed with: Ed25519 (RFC 8032), through OpenSSL.
//
// A private key lives in OpenSSL's own structure, which is zeroed when it goes; its text exists only while it is read
// or written, in memory that is zeroed too. It is never part of a message. Copies share the key. Thread-safe: constant
// after it was made.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

#include "sandbox/base/result.h"

namespace warder::audit {

class PublicKey {
 public:
  // SubjectPublicKeyInfo in PEM (RFC 7468). The error is one sentence.
  static Result<PublicKey> FromPem(std::string_view pem);

  std::string Pem() const;
  // SHA-256 of the DER of its SubjectPublicKeyInfo, in hexadecimal.
  const std::string& id() const { return id_; }
  bool Verify(std::string_view message, std::string_view signature) const;

 private:
  friend class SigningKey;
  explicit PublicKey(std::shared_ptr<EVP_PKEY> key);

  std::shared_ptr<EVP_PKEY> key_;
  std::string id_;
};

class SigningKey {
 public:
  static SigningKey Generate();
  // PKCS#8 in PEM, not encrypted.
  static Result<SigningKey> FromPem(std::string_view pem);

  // Writes it to a file as FromPem reads it; 0 or the errno of the write that failed.
  int WritePem(int fd) const;
  const PublicKey& public_key() const { return public_key_; }
  // 64 bytes.
  std::string Sign(std::string_view message) const;

 private:
  explicit SigningKey(std::shared_ptr<EVP_PKEY> key);

  std::shared_ptr<EVP_PKEY> key_;
  PublicKey public_key_;
};

}  // namespace warder::audit
