// The live view: one line on standard error for each thing that happens in a running execution.
#pragma once

#include <string>

#include "engine/cli/output.h"
#include "warder/engine.h"

namespace warder::cli {

// "   12 ms  info   loaded {"id":42}" and a line break; empty for events that nobody needs to see.
std::string EventText(const Event& event, const Output& output);

}  // namespace warder::cli
