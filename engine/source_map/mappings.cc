#include "engine/source_map/mappings.h"

#include <algorithm>
#include <array>

#include "engine/source_map/vlq.h"

namespace warder::source_map {
namespace {

// The Decode Mapping State Record; a field that leaves 0 to 2^31 is an error, also where the standard would let it
// pass.
class Field {
 public:
  [[nodiscard]] bool Add(std::int64_t delta) {
    value_ += delta;
    return value_ >= 0 && value_ <= INT32_MAX;
  }
  void Reset() { value_ = 0; }
  std::uint32_t value() const { return static_cast<std::uint32_t>(value_); }

 private:
  std::int64_t value_ = 0;
};

bool IsSeparator(char c) { return c == ',' || c == ';'; }

// The numbers of one mapping: 1, 4 or 5. Nothing where it is none.
constexpr std::size_t kMaxNumbers = 5;
struct Numbers {
  std::array<std::int64_t, kMaxNumbers> values{};
  std::size_t count = 0;
};
std::optional<Numbers> TakeNumbers(std::string_view* text) {
  Numbers numbers;
  while (!text->empty() && !IsSeparator(text->front())) {
    const auto value = TakeVlq(text);
    if (!value || numbers.count == kMaxNumbers) return std::nullopt;
    numbers.values[numbers.count++] = *value;
  }
  if (numbers.count != 1 && numbers.count != 4 && numbers.count != kMaxNumbers) return std::nullopt;
  return numbers;
}

}  // namespace

Result<Mappings> Mappings::Decode(std::string_view field, std::size_t sources) {
  const Error too_many = InvalidInput("it has more than " + std::to_string(kMaxMappings) + " mappings");
  const auto separators = static_cast<std::size_t>(std::count_if(field.begin(), field.end(), IsSeparator));
  const auto commas = static_cast<std::size_t>(std::count(field.begin(), field.end(), ','));
  const std::size_t lines = separators - commas + 1;
  if (commas > kMaxMappings || lines > static_cast<std::size_t>(INT32_MAX)) {
    return too_many;
  }
  Mappings result;
  result.mappings_.reserve(std::min(separators + 1, kMaxMappings));

  std::uint32_t line = 0;
  Field column;
  Field source;
  Field original_line;
  Field original_column;
  const std::string_view all = field;
  const auto malformed = [&] {
    return InvalidInput("its mappings are malformed at character " + std::to_string(all.size() - field.size() + 1));
  };
  bool after_comma = false;  // where only a mapping can stand
  for (;;) {
    const bool mapped = !field.empty() && !IsSeparator(field.front());
    if (mapped) {
      std::string_view rest = field;
      const auto numbers = TakeNumbers(&rest);
      bool fits = numbers && column.Add(numbers->values[0]);
      Mapping mapping{{line, column.value()}, {kUnmapped, {}}};
      if (fits && numbers->count > 1) {
        fits = source.Add(numbers->values[1]) && source.value() < sources && original_line.Add(numbers->values[2]) &&
               original_column.Add(numbers->values[3]);
        mapping.original = {source.value(), {original_line.value(), original_column.value()}};
      }
      if (!fits) return malformed();
      if (result.mappings_.size() == kMaxMappings) return too_many;
      result.mappings_.push_back(mapping);
      field = rest;
    } else if (after_comma) {
      return malformed();
    }
    if (field.empty()) break;
    after_comma = field.front() == ',';
    if (after_comma && !mapped) return malformed();
    if (!after_comma) {
      ++line;
      column.Reset();
    }
    field.remove_prefix(1);
  }
  std::stable_sort(result.mappings_.begin(), result.mappings_.end(),
                   [](const Mapping& a, const Mapping& b) { return a.generated < b.generated; });
  return result;
}

std::optional<Original> Mappings::Find(Position generated) const {
  const auto after = std::upper_bound(mappings_.begin(), mappings_.end(), generated,
                                      [](const Position& at, const Mapping& each) { return at < each.generated; });
  if (after == mappings_.begin()) return std::nullopt;
  const Mapping& found = *std::prev(after);
  if (found.generated.line != generated.line || found.original.source == kUnmapped) return std::nullopt;
  return found.original;
}

}  // namespace warder::source_map
