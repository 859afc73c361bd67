#include "engine/source_map/vlq.h"

#include <array>

namespace warder::source_map {
namespace {

constexpr std::uint8_t kNoDigit = 0xff;
constexpr unsigned kDigitBits = 5;
constexpr unsigned kContinuation = 1U << kDigitBits;

constexpr std::array<std::uint8_t, 256> MakeDigits() {
  std::array<std::uint8_t, 256> digits{};
  for (auto& each : digits) each = kNoDigit;
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}
constexpr auto kDigits = MakeDigits();

}  // namespace

std::optional<std::int64_t> TakeVlq(std::string_view* text) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; !text->empty(); shift += kDigitBits) {
    const std::uint8_t digit = kDigits[static_cast<unsigned char>(text->front())];
    if (digit == kNoDigit) return std::nullopt;
    text->remove_prefix(1);
    // Digits that add nothing would let one number be of any length.
    if (shift > 30) return std::nullopt;
    value |= static_cast<std::uint64_t>(digit & (kContinuation - 1)) << shift;
    if ((digit & kContinuation) != 0) continue;
    if (value > UINT32_MAX) return std::nullopt;
    const auto magnitude = static_cast<std::int64_t>(value >> 1U);
    if ((value & 1U) == 0) return magnitude;
    return magnitude == 0 ? -(std::int64_t{1} << 31U) : -magnitude;
  }
  return std::nullopt;
}

}  // namespace warder::source_map
