// How a cell ends that could not be set up; each is below 128, where signals begin.
#pragma once

namespace warder::zygote {

// It has written to the failure pipe which layer could not be set up.
inline constexpr int kSetupFailedExitStatus = 125;
// It could not, because the pipe was closed already: its filter could not be installed, the last step of all.
inline constexpr int kSetupUnreportedExitStatus = 126;

}  // namespace warder::zygote
