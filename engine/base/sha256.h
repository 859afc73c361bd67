// SHA-256 (FIPS 180-4) in pieces, through OpenSSL.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace warder {

class Sha256 {
 public:
  Sha256();
  void Update(std::string_view bytes);
  // The digest's 32 bytes. Call once, last.
  std::string Digest();
  // The same in lower-case hexadecimal.
  std::string Hex();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace warder
