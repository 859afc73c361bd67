// ECMA-426, "Mappings structure": which place of the original sources each stretch of generated code comes from.
//
// Whoever wrote the map may be hostile. What is decoded takes at most kMaxMappings mappings' memory; a number that runs
// out of its range makes the whole field invalid.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sandbox/base/result.h"

namespace warder::source_map {

inline constexpr std::size_t kMaxMappings = 4'000'000;  // 80 MB; a bundle of 5 MB has about one million

// Lines and columns count from 0; columns are UTF-16 code units.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  friend bool operator==(const Position&, const Position&) = default;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Original {
  std::uint32_t source = 0;  // index in the map's list of sources
  Position position;

  friend bool operator==(const Original&, const Original&) = default;
};

class Mappings {
 public:
  // DecodeMappings. `sources`: how many there are. The error is one sentence, without what the text holds.
  static Result<Mappings> Decode(std::string_view field, std::size_t sources);

  // The original of the mapping that covers `generated`: the last of its line that does not begin behind it.
  std::optional<Original> Find(Position generated) const;
  // Calls visit(generated, original) for each mapping that has an original, in the order of the generated code.
  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const Mapping& each : mappings_) {
      if (each.original.source != kUnmapped) visit(each.generated, each.original);
    }
  }

 private:
  static constexpr std::uint32_t kUnmapped = UINT32_MAX;
  struct Mapping {
    Position generated;
    Original original;  // of source kUnmapped where there is none
  };

  std::vector<Mapping> mappings_;  // sorted by `generated`
};

}  // namespace warder::source_map
