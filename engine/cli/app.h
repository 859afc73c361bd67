// The `warder` command: reads the arguments, runs one command, turns errors into one sentence and an exit code.
#pragma once

#include <string>
#include <vector>

#include "engine/cli/command.h"

namespace warder::cli {

// `arguments` without the program's name. Never throws; whatever went wrong has been said on `environment.err`.
int Main(const std::vector<std::string>& arguments, Environment& environment);

}  // namespace warder::cli
