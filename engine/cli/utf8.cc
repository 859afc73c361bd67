#include "engine/cli/utf8.h"

#include <array>
#include <cstdint>
#include <cstdio>

namespace warder::cli {
namespace {

struct Range {
  char32_t first, last;
};

// Unicode 15: Cc, the separators Zl and Zp, Bidi_Control, interlinear annotation, the byte order mark, tags.
constexpr std::array kTreacherous = {
    Range{0x0000, 0x001F}, Range{0x007F, 0x009F}, Range{0x061C, 0x061C}, Range{0x200E, 0x200F},   Range{0x2028, 0x202E},
    Range{0x2066, 0x2069}, Range{0xFEFF, 0xFEFF}, Range{0xFFF9, 0xFFFB}, Range{0xE0000, 0xE007F},
};

std::string Escape16(unsigned unit) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "\\u%04x", unit);
  return text.data();
}

}  // namespace

bool IsTreacherous(char32_t code) {
  for (const Range& range : kTreacherous) {
    if (code >= range.first && code <= range.last) return true;
  }
  return false;
}

std::string JsonEscape(char32_t code) {
  if (code <= 0xFFFF) return Escape16(code);
  const char32_t offset = code - 0x10000;
  return Escape16(0xD800 + (offset >> 10)) + Escape16(0xDC00 + (offset & 0x3FF));
}

}  // namespace warder::cli
