// ECMA-426, "Source map format": a bundle's source map, read on the trusted side to show people their own places.
//
// The map is as hostile as the bundle that it belongs to. Of its JSON only `version`, `mappings`, `sources` and
// `sourceRoot` are kept, each bounded; nothing is fetched, opened or evaluated for it, and what it calls a source is
// text to show and no more. An index map (`sections`) is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/source_map/mappings.h"
#include "sandbox/base/result.h"

namespace warder::source_map {

inline constexpr std::size_t kMaxMapBytes = std::size_t{32} << 20;
inline constexpr std::size_t kMaxSources = 65'536;
inline constexpr std::size_t kMaxSourceBytes = 1'024;     // a longer name makes the map invalid
inline constexpr std::size_t kMaxShownSourceBytes = 200;  // of a longer one the end is shown

class SourceMap {
 public:
  // The error is one sentence that says what is wrong, without what the text holds.
  static Result<SourceMap> Parse(std::string_view json);

  struct Place {
    std::string source;  // as ShownSource
    Position position;
  };
  std::optional<Place> Find(Position generated) const;
  const Mappings& mappings() const { return mappings_; }
  // As the map has them, with its root, relative to where it is: for showing only, as SafeName. Empty where one has no
  // name.
  const std::vector<std::string>& paths() const { return paths_; }

 private:
  SourceMap(Mappings mappings, std::vector<std::string> sources, std::vector<std::string> paths)
      : mappings_(std::move(mappings)), sources_(std::move(sources)), paths_(std::move(paths)) {}

  Mappings mappings_;
  std::vector<std::string> sources_;
  std::vector<std::string> paths_;
};

// A name with a "?" for each character that is not what it looks like.
std::string SafeName(std::string_view name);

// A source's name for one line of text: "../src/./a.ts" is "src/a.ts", and a character that is not what it looks like
// is "?". Empty where there is nothing to show.
std::string ShownSource(std::string_view root, std::string_view source);

}  // namespace warder::source_map
