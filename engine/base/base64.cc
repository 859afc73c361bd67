#include "engine/base/base64.h"

#include <array>
#include <cstdint>

namespace warder {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 64;

constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}();

std::uint32_t Byte(std::string_view bytes, std::size_t at) {
  return at < bytes.size() ? static_cast<unsigned char>(bytes[at]) : 0u;
}

// Room for the padding, so that a secret is not left behind in a buffer that became too small.
std::string Encode(std::string_view bytes, std::string_view alphabet) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::uint32_t group = Byte(bytes, at) << 16 | Byte(bytes, at + 1) << 8 | Byte(bytes, at + 2);
    text += alphabet[group >> 18];
    text += alphabet[group >> 12 & 63];
    if (at + 1 < bytes.size()) text += alphabet[group >> 6 & 63];
    if (at + 2 < bytes.size()) text += alphabet[group & 63];
  }
  return text;
}

}  // namespace

std::string Base64Of(std::string_view bytes) {
  std::string text = Encode(bytes, kAlphabet);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

std::string Base64UrlOf(std::string_view bytes) { return Encode(bytes, kUrlAlphabet); }

std::optional<std::string> FromBase64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  for (std::size_t at = 0; at < text.size(); at += 4) {
    const std::size_t padded = at + 4 == text.size() ? padding : 0;
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 4; ++i) {
      const bool is_padding = i >= 4 - padded;
      const std::uint8_t digit = is_padding ? std::uint8_t{0} : kDigits[static_cast<unsigned char>(text[at + i])];
      if (digit == kNoDigit) return std::nullopt;
      group = group << 6 | digit;
    }
    // The bits that padding leaves over must be zero, or two texts would stand for the same bytes.
    if ((padded == 1 && (group & 0xff) != 0) || (padded == 2 && (group & 0xffff) != 0)) return std::nullopt;
    bytes += static_cast<char>(group >> 16);
    if (padded < 2) bytes += static_cast<char>(group >> 8 & 0xff);
    if (padded < 1) bytes += static_cast<char>(group & 0xff);
  }
  return bytes;
}

}  // namespace warder
