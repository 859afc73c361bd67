// An engine without a jail, for tests of the command: implements warder/engine.h at link time.
//
// The first line of a bundle says how its executions go: "// succeed", "// echo" (returns the event), "// chatty", "//
// throw",
// "// limit", "// violation", "// reject", "// hang" (until cancelled), "// stuck" (also then), "// fault". Everything
// else behaves as the header says.
#pragma once

#include <string>
#include <vector>

#include "warder/engine.h"

namespace warder::fake {

// What the last Open and Start were given.
const EngineOptions& LastOptions();
const ExecutionRequest& LastRequest();

// Layers that Open refuses to do without.
void SetMissingLayers(std::vector<std::string> layers);

}  // namespace warder::fake
