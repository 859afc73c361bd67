#include "engine/broker/inject/mac.h"

#include <openssl/evp.h>

#include <array>
#include <new>

namespace warder::broker {
namespace {

const char* NameOf(HmacInjection::Hash hash) {
  switch (hash) {
    case HmacInjection::Hash::kSha1:
      return "SHA1";
    case HmacInjection::Hash::kSha256:
      return "SHA256";
    case HmacInjection::Hash::kSha512:
      return "SHA512";
  }
  return nullptr;
}

}  // namespace

Secret Hmac(HmacInjection::Hash hash, std::string_view key, std::string_view message) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  std::size_t size = 0;
  // OpenSSL takes no key for an error, an empty one is a key.
  const void* key_bytes = key.empty() ? "" : key.data();
  if (EVP_Q_mac(nullptr, "HMAC", nullptr, NameOf(hash), nullptr, key_bytes, key.size(),
                reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest.data(), digest.size(),
                &size) == nullptr) {
    throw std::bad_alloc();  // there is no other way to fail
  }
  Secret result(std::string_view(reinterpret_cast<const char*>(digest.data()), size));
  OPENSSL_cleanse(digest.data(), digest.size());
  return result;
}

}  // namespace warder::broker
