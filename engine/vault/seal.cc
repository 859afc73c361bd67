#include "engine/vault/seal.h"

#include "engine/base/text.h"
#include "engine/vault/xaes.h"

namespace warder::vault {

static_assert(kSealOverhead == 1 + kXaesNonceBytes + kXaesTagBytes);

SealContext& SealContext::Add(std::string_view part) {
  Add(static_cast<std::uint64_t>(part.size()));
  bytes_ += part;
  return *this;
}

SealContext& SealContext::Add(std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes_ += static_cast<char>(number >> shift);
  return *this;
}

std::string Seal(const Secret& key, const SealContext& context, std::string_view plaintext) {
  const std::string nonce = RandomBytes(kXaesNonceBytes);
  return kSealFormat + nonce + XaesEncrypt(key, nonce, plaintext, context.bytes());
}

std::optional<Secret> Unseal(const Secret& key, const SealContext& context, std::string_view sealed) {
  if (sealed.size() < kSealOverhead || sealed.front() != kSealFormat) return std::nullopt;
  return XaesDecrypt(key, sealed.substr(1, kXaesNonceBytes), sealed.substr(1 + kXaesNonceBytes), context.bytes());
}

}  // namespace warder::vault
