#include "sandbox/jail/pidfd.h"

#include <poll.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "sandbox/jail/proc_file.h"

namespace warder::jail {

pid_t PidOf(int pidfd) {
  const ProcFolder self(getpid());
  const std::string info = "\n" + self.Read(("fdinfo/" + std::to_string(pidfd)).c_str()).value_or("");
  const std::string pid = StatusValue(info, "Pid");
  return pid.empty() ? -1 : static_cast<pid_t>(std::strtol(pid.c_str(), nullptr, 10));
}

bool IsAlive(int pidfd) {
  pollfd ended{pidfd, POLLIN, 0};
  return poll(&ended, 1, 0) == 0;
}

}  // namespace warder::jail
