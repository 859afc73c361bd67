#include "engine/cli/command.h"

namespace warder::cli {

std::vector<Command> Commands() {
  return {RunCommand(), DoctorCommand(), PolicyCommand(), AuditCommand(), CompletionCommand()};
}

}  // namespace warder::cli
