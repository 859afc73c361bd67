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

Character FirstCharacter(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return {lead, 1, false};
  char32_t code = lead & (0xFFu >> (length + 1));
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte(at) & 0xC0) != 0x80) return {lead, 1, false};
    code = code << 6 | (byte(at) & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {lead, 1, false};
  return {code, length, true};
}

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
