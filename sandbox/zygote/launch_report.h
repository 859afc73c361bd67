// What the launcher tells the zygote across the exec: which layers it has set up, and which may be missing. It travels
// in a pipe, so that arguments and environment stay empty. Both sides are ours and of one build.
#pragma once

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/layers.h"

namespace warder::zygote {

// The read end of a pipe that holds the whole report; its write end is closed.
jail::SetupResult<UniqueFd> WriteLaunchReport(const jail::LayerLog& log);

// Takes `fd`.
jail::SetupResult<jail::LayerLog> ReadLaunchReport(UniqueFd fd);

}  // namespace warder::zygote
