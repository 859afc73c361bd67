// Lengths as V8 counts them.
#pragma once

#include <cstdint>
#include <string_view>

namespace warder::coverage {

// The UTF-16 code units of UTF-8 text.
inline std::uint32_t Utf16Length(std::string_view text) {
  std::uint32_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    units += (byte & 0xC0U) == 0x80U ? 0U : byte >= 0xF0U ? 2U : 1U;
  }
  return units;
}

}  // namespace warder::coverage
