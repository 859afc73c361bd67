// libFuzzer: source maps and the stacks that they are used on. An input is a map; behind its first NUL byte, if there
// is one, a stack.
//
// What is checked beyond "does not crash": an error says something; whatever a map and a stack hold, a stack keeps its
// lines, and no place in it brings a character that is not what it looks like.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "engine/source_map/stack_places.h"
#include "sandbox/base/treacherous.h"
#include "sandbox/base/utf8.h"

namespace {

using namespace warder::source_map;  // NOLINT(google-build-using-namespace): what this program is about

void Require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::cerr << what << ":\n" << text << "\n";
  std::abort();
}

void RequireHarmless(std::string_view source) {
  Require(!source.empty() && source.size() <= kMaxShownSourceBytes + 3, "no name to show", source);
  for (std::size_t at = 0; at < source.size();) {
    const warder::Character character = warder::FirstCharacter(source.substr(at));
    Require(character.valid && !warder::IsTreacherous(character.code), "a treacherous name", source);
    at += character.bytes;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\0'));
  const std::string_view stack = input.substr(std::min(text.size() + 1, input.size()));
  const auto map = SourceMap::Parse(text);
  if (!map) Require(!map.error().message.empty(), "no message", text);

  std::size_t found = 0;
  const Locate locate = [&](std::string_view module, Position at) -> std::optional<SourceMap::Place> {
    Require(!module.empty() && module.find('\n') == std::string_view::npos, "no module", module);
    auto place = map ? map->Find(at) : SourceMap::Place{"a.ts", at};
    if (place) RequireHarmless(place->source);
    found += place ? 1 : 0;
    return place;
  };
  const std::string mapped = MapPlaces(stack, locate);
  Require(std::count(mapped.begin(), mapped.end(), '\n') == std::count(stack.begin(), stack.end(), '\n'),
          "other lines than before", mapped);
  Require(found > 0 || mapped == stack, "changed for nothing", mapped);
  (void)MapLeadingPlace(stack, "index.js", locate);
  return 0;
}
