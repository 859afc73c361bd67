// The places in a JavaScript stack: "at f (index.js:3:7)", "at async index.js:3:7", one frame a line.
//
// A script can write any stack it likes. Whatever is in it, this reads text and writes text.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/source_map/source_map.h"

namespace warder::source_map {

// Where a place of a module comes from; nothing where that is not known.
using Locate = std::function<std::optional<SourceMap::Place>(std::string_view module, Position generated)>;

// The stack with the original place in each frame that `locate` knows.
std::string MapPlaces(std::string_view stack, const Locate& locate);

// The same for a sentence that begins with a place of `module`: "index.js:3:7: …".
std::string MapLeadingPlace(std::string_view sentence, std::string_view module, const Locate& locate);

}  // namespace warder::source_map
