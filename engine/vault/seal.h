// How bytes are sealed for the disk: one byte that says how (1), a random nonce, the ciphertext, the tag.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/secret.h"

namespace warder::vault {

inline constexpr char kSealFormat = 1;
inline constexpr std::size_t kSealOverhead = 1 + 24 + 16;

// What sealed bytes are bound to. Every part is written with its length before it, so that no two lists of parts give
// the same bytes.
class SealContext {
 public:
  // `purpose` is a text of the program, different for every kind of thing that is sealed.
  explicit SealContext(std::string_view purpose) { Add(purpose); }
  SealContext& Add(std::string_view part);
  SealContext& Add(std::uint64_t number);
  std::string_view bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

std::string Seal(const Secret& key, const SealContext& context, std::string_view plaintext);
// Nothing where `sealed` was not made by Seal with this key and this context.
std::optional<Secret> Unseal(const Secret& key, const SealContext& context, std::string_view sealed);

}  // namespace warder::vault
