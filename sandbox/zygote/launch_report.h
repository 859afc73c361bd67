// What the launcher tells the zygote across the exec: what it is to have ready, which layers are set up, and which may
// be missing. It travels in a pipe, so that arguments and environment stay empty. Both sides are ours and of one build.
#pragma once

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/layers.h"
#include "sandbox/zygote/cell_profile.h"
#include "sandbox/zygote/start_mode.h"

namespace warder::zygote {

struct LaunchReport {
  StartMode start_mode;
  CellProfile profile;
  jail::LayerLog log;
};

// The read end of a pipe that holds the whole report; its write end is closed.
jail::SetupResult<UniqueFd> WriteLaunchReport(const LaunchReport& report);

// Takes `fd`.
jail::SetupResult<LaunchReport> ReadLaunchReport(UniqueFd fd);

}  // namespace warder::zygote
