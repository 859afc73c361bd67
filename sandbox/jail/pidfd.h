// Questions about the process behind a pidfd, pidfd_open(2).
#pragma once

#include <sys/types.h>

namespace warder::jail {

// Its pid in the caller's pid namespace; -1 when it is gone.
pid_t PidOf(int pidfd);

// Whether it has not ended yet, asked now.
bool IsAlive(int pidfd);

}  // namespace warder::jail
