// OpenSSL as a cell has it: no configuration, no files, no system calls, and no randomness but the execution's (see
// seed_provider.h).
#pragma once

#include <openssl/evp.h>

#include <cstddef>
#include <cstdint>

namespace warder::crypto {

// Web Cryptography's hashes; the runtime has the same numbers.
enum class Hash : std::uint8_t { kSha1, kSha256, kSha384, kSha512 };
inline constexpr std::size_t kHashes = 4;

// What is looked up once, before a cell is forked: fetching costs more than most operations.
struct Algorithms {
  EVP_MD* hashes[kHashes] = {};
  EVP_MAC* hmac = nullptr;
  EVP_KDF* hkdf = nullptr;
  EVP_KDF* pbkdf2 = nullptr;
};

// Once in a process, before it forks. Throws std::runtime_error where OpenSSL does not come up as described.
void StartOpenSsl();
const Algorithms& Fetched();
// The name that OpenSSL knows the hash by.
const char* HashName(Hash hash);

}  // namespace warder::crypto
