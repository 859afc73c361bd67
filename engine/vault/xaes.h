// XAES-256-GCM, the extended-nonce AEAD of https://c2sp.org/XAES-256-GCM: a key for AES-256-GCM is derived from the key
// and the first half of a nonce of 192 bits (NIST SP 800-108r1, counter mode, AES-256-CMAC). A nonce may be drawn at
// random for 2^80 messages, so nobody has to count.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/secret.h"
#include "sandbox/base/result.h"

namespace warder::vault {

inline constexpr std::size_t kXaesKeyBytes = 32;
inline constexpr std::size_t kXaesNonceBytes = 24;
inline constexpr std::size_t kXaesTagBytes = 16;

// The ciphertext with its tag behind it. `key` and `nonce` have the sizes above; the nonce must never have been used
// with this key: draw it at random.
std::string XaesEncrypt(const Secret& key, std::string_view nonce, std::string_view plaintext, std::string_view aad);

// Nothing where key, nonce, ciphertext and additional data do not belong together; nothing of the plaintext is shown
// before that is known.
std::optional<Secret> XaesDecrypt(const Secret& key, std::string_view nonce, std::string_view ciphertext,
                                  std::string_view aad);

}  // namespace warder::vault
