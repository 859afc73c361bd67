// How an ordinary process in the image becomes a zygote: hardened before V8 starts, sealed after.
#pragma once

#include <string>

#include "sandbox/jail/layers.h"
#include "sandbox/zygote/cell_setup.h"
#include "sandbox/zygote/fork_server.h"
#include "sandbox/zygote/launch_report.h"

namespace warder::zygote {

// Reads the launch report, hardens the process, calls `initialise`, seals, and makes ready what the report asks for.
// Returns the report with every layer as it was set up. When it succeeds, no file can be opened any more and the
// zygote's filter is on.
jail::SetupResult<LaunchReport> PrepareAndSeal(const ZygoteHooks& hooks, std::string* v8_version, CellTemplate* shape);

}  // namespace warder::zygote
