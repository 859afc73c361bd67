// What stands below `warder policy`: commands for policy files.
#pragma once

#include <utility>
#include <vector>

#include "engine/cli/command.h"

namespace warder::cli {

// Declares them below `app`; each with what it does.
std::vector<std::pair<CLI::App*, Action>> DeclarePolicyFileCommands(CLI::App& app);

}  // namespace warder::cli
