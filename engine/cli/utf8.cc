#include "engine/cli/utf8.h"

#include <array>
#include <cstdio>

namespace warder::cli {
namespace {

std::string Escape16(unsigned unit) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", unit);
  return text.data();
}

}  // namespace

std::string JsonEscape(char32_t code) {
  if (code <= 0xFFFF) return Escape16(code);
  const char32_t offset = code - 0x10000;
  return Escape16(0xD800 + (offset >> 10)) + Escape16(0xDC00 + (offset & 0x3FF));
}

}  // namespace warder::cli
