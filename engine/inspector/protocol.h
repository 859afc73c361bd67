// What of the inspector protocol (Chrome DevTools Protocol, as V8 speaks it) passes through the engine.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "warder/engine.h"

namespace warder::inspector {

// What a debugger is answered instead of its message being handed on to the cell; nothing: it is handed on. That is
// what V8 can do in a cell: it has no thread for a sampling profiler, and a script that is terminated leaves no result.
std::optional<std::string> RefusalOf(std::string_view message);

// A message of V8's with the source map of the script that it tells of, where that stands in the bundle: a debugger has
// no other way to it.
std::string WithSourceMap(std::string message, const Bundle& bundle);

}  // namespace warder::inspector
