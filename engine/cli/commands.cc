#include "engine/cli/command.h"

namespace warder::cli {

std::vector<Command> Commands() {
  return {InitCommand(),     RunCommand(),     TestCommand(),       ReplayCommand(),
          DescribeCommand(), ConnectCommand(), ConnectionCommand(), TenantCommand(),
          DoctorCommand(),   PolicyCommand(),  AuditCommand(),      CompletionCommand()};
}

}  // namespace warder::cli
