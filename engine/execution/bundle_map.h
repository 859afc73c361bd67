// Finds the source map of a module: a file beside it, and no other.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "warder/engine.h"

namespace warder::execution {

// The file that the last line of a module names, where that is a plain name ("x.js.map"): no path, no URL.
// ECMA-426, "Linking generated code to source maps", narrowed.
std::optional<std::string> LinkedMapOf(std::string_view source);

// Reads it from the folder `at`, without following a link. Nothing where the module names none, or there is no such
// file, as where a bundle was deployed without it.
std::optional<Bundle::SourceMap> ReadMapOf(const Bundle::File& module, int at);

}  // namespace warder::execution
