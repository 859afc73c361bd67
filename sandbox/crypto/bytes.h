// Bytes in and out of the functions of this folder.
#pragma once

#include <optional>
#include <span>

#include "sandbox/base/wiped.h"

namespace warder::crypto {

using Bytes = std::span<const unsigned char>;
// May be a secret, so it is overwritten when it goes.
using Buffer = WipedVector<unsigned char>;

// Takes the same time whatever the bytes are.
inline bool Equal(Bytes a, Bytes b) {
  return a.size() == b.size() && (a.empty() || CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0);
}

// Leaves the first `bits`, the rest of the last byte zero; false: there are not so many.
inline bool CutToBits(Buffer& bytes, std::size_t bits) {
  if (bits > bytes.size() * 8) return false;
  bytes.resize((bits + 7) / 8);
  if (bits % 8 != 0) bytes.back() &= static_cast<unsigned char>(0xFFU << (8 - bits % 8));
  return true;
}

}  // namespace warder::crypto
