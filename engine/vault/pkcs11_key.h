// A key-encryption key in a PKCS#11 token (an HSM): an RSA key pair whose private half never leaves it.
//
// A data key is encrypted with the public half (RSA-OAEP, SHA-256, the context as label), which everybody who has the
// public half can do; so a MAC stands beside it, under a key that only the token gives: the SHA-256 of its PKCS #1 v1.5
// signature of a fixed text, which is the same every time and never leaves this process. Each Unwrap is one operation
// of the token, Wrap is none, opening is one.
//
// The token needs CKM_RSA_X_509 (the padding is taken off here, in constant time, since few tokens do OAEP with
// SHA-256) and CKM_RSA_PKCS, and the private key CKA_DECRYPT and CKA_SIGN.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "engine/vault/key_encryption.h"

namespace warder::vault {

struct Pkcs11Options {
  std::filesystem::path module;  // "/usr/lib/softhsm/libsofthsm2.so"
  std::string token;             // the token's label
  std::string key;               // the key pair's label; 2048 bits or more
  Secret pin;                    // of the user, not of the security officer
};

// Errors are one sentence that says what is missing: the module, the token, the key, or that the PIN is wrong (which is
// tried once: tokens lock after a few). kUnenforceable ("vault-pkcs11") where this build has no PKCS#11.
Result<std::unique_ptr<KeyEncryption>> OpenPkcs11Key(const Pkcs11Options& options);

}  // namespace warder::vault
