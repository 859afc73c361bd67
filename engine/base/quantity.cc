#include "engine/base/quantity.h"

#include <array>
#include <charconv>
#include <limits>
#include <span>

namespace warder {
namespace {

constexpr std::uint64_t kKiB = 1ull << 10;
constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::uint64_t kGiB = 1ull << 30;

struct Suffix {
  std::string_view text;
  std::uint64_t factor;
};
// Largest first: FormatLimit takes the first that divides the value.
constexpr std::array kTimeSuffixes = {Suffix{"m", 60'000}, Suffix{"s", 1'000}, Suffix{"ms", 1}};
constexpr std::array kSizeSuffixes = {Suffix{"GB", kGiB}, Suffix{"MB", kMiB}, Suffix{"KB", kKiB}, Suffix{"B", 1}};

std::span<const Suffix> SuffixesOf(LimitUnit unit) {
  switch (unit) {
    case LimitUnit::kMilliseconds:
      return kTimeSuffixes;
    case LimitUnit::kBytes:
      return kSizeSuffixes;
    case LimitUnit::kCount:
      break;
  }
  return {};
}

}  // namespace

std::optional<std::uint64_t> ParseQuantity(LimitUnit unit, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (rest.empty()) return number;
  for (const Suffix& suffix : SuffixesOf(unit)) {
    if (rest != suffix.text) continue;
    if (number > std::numeric_limits<std::uint64_t>::max() / suffix.factor) return std::nullopt;
    return number * suffix.factor;
  }
  return std::nullopt;
}

std::string FormatLimit(LimitUnit unit, std::uint64_t value) {
  if (value != 0) {
    for (const Suffix& suffix : SuffixesOf(unit)) {
      if (value % suffix.factor == 0) return std::to_string(value / suffix.factor) + std::string(suffix.text);
    }
  }
  const auto suffixes = SuffixesOf(unit);
  return std::to_string(value) + (suffixes.empty() ? "" : std::string(suffixes.back().text));
}

}  // namespace warder
