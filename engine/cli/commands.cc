#include "engine/cli/command.h"

namespace warder::cli {

std::vector<Command> Commands() { return {RunCommand(), DoctorCommand(), PolicyCommand(), CompletionCommand()}; }

}  // namespace warder::cli
