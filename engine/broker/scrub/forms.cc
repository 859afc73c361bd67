#include "engine/broker/scrub/forms.h"

#include <algorithm>
#include <optional>

namespace warder::broker {
namespace {

// Enough characters that what is spotted by chance is rare; few, so that the Spotter's table is small.
constexpr std::uint32_t kSpottedCharacters = 4;
constexpr std::uint32_t kSpottedHexDigits = 6;

struct CodePoint {
  char32_t value;
  std::size_t bytes;
};

// The character above 127 that `text` begins with: the shortest form, no surrogates (RFC 3629).
std::optional<CodePoint> ReadUtf8(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < bytes) return std::nullopt;
  char32_t value = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return std::nullopt;
    value = value << 6 | (next & 0x3F);
  }
  constexpr char32_t kLeast[] = {0x80, 0x800, 0x10000};
  if (value < kLeast[bytes - 2] || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) return std::nullopt;
  return CodePoint{value, bytes};
}

}  // namespace

void Forms::AddSecret(std::string_view secret) {
  AddRaw(secret);
  AddHex(secret);
  for (const std::size_t bytes_before : {0, 1, 2}) AddBase64(secret, bytes_before);
}

std::size_t Forms::Longest(std::uint32_t first, std::uint32_t end) const {
  std::size_t bytes = 0;
  for (; first < end; ++first) bytes += spellings_[characters_[first]].longest();
  return bytes;
}

void Forms::AddRaw(std::string_view secret) {
  while (!secret.empty()) {
    std::size_t bytes = 1;
    if (secret.starts_with("\r\n")) {
      secret.remove_prefix(1);  // a line feed is met with and without
      continue;
    }
    if (const auto code_point = ReadUtf8(secret)) {
      bytes = code_point->bytes;
      AddCharacter(Kind::kCodePoint, static_cast<std::uint32_t>(code_point->value), secret.substr(0, bytes));
    } else {
      AddCharacter(Kind::kByte, static_cast<unsigned char>(secret[0]));
    }
    secret.remove_prefix(bytes);
  }
  EndForm(kSpottedCharacters);
}

void Forms::AddHex(std::string_view secret) {
  for (const char c : secret) {
    AddCharacter(Kind::kHexDigit, static_cast<unsigned char>(c) >> 4);
    AddCharacter(Kind::kHexDigit, static_cast<unsigned char>(c) & 15);
  }
  EndForm(kSpottedHexDigits);
}

void Forms::AddBase64(std::string_view secret, std::size_t bytes_before) {
  const std::size_t first_digit = (bytes_before * 8 + 5) / 6;
  const std::size_t end_digit = (bytes_before + secret.size()) * 8 / 6;
  for (std::size_t digit = first_digit; digit < end_digit; ++digit) {
    // The digit's six bits are in one byte or in two.
    const std::size_t bit = digit * 6 - bytes_before * 8;
    const auto high = static_cast<unsigned char>(secret[bit / 8]);
    const unsigned low = bit / 8 + 1 < secret.size() ? static_cast<unsigned char>(secret[bit / 8 + 1]) : 0;
    const unsigned value = ((high << 8 | low) >> (10 - bit % 8)) & 63;
    // Encoders end lines behind whole groups of four only.
    const bool group = digit % 4 == 0 && digit != first_digit;
    AddCharacter(group ? Kind::kBase64DigitBehindLineBreak : Kind::kBase64Digit, value);
  }
  EndForm(kSpottedCharacters);
}

void Forms::AddCharacter(Kind kind, std::uint32_t value, std::string_view utf8) {
  const std::uint32_t key = static_cast<std::uint32_t>(kind) << 24 | value;
  const auto found = std::find(keys_.begin(), keys_.end(), key);
  characters_.push_back(static_cast<std::uint16_t>(found - keys_.begin()));
  if (found != keys_.end()) return;
  keys_.push_back(key);
  spellings_.push_back([&] {
    switch (kind) {
      case Kind::kCodePoint:
        return Spelling::OfCodePoint(value, utf8);
      case Kind::kHexDigit:
        return Spelling::OfHexDigit(static_cast<int>(value));
      case Kind::kBase64Digit:
        return Spelling::OfBase64Digit(static_cast<int>(value), false);
      case Kind::kBase64DigitBehindLineBreak:
        return Spelling::OfBase64Digit(static_cast<int>(value), true);
      case Kind::kByte:
        break;
    }
    return Spelling::OfByte(static_cast<unsigned char>(value));
  }());
}

void Forms::EndForm(std::uint32_t spotted) {
  const std::uint32_t first = forms_.empty() ? 0 : forms_.back().end + 1;
  const auto end = static_cast<std::uint32_t>(characters_.size());
  characters_.push_back(kEnd);
  forms_.push_back({first, std::min(first + spotted, end - 1), end});
  spotted_.resize(forms_.back().spotted, false);
  spotted_.resize(characters_.size(), true);
}

}  // namespace warder::broker
