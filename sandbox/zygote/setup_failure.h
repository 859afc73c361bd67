// The last packet of a jail that could not be set up.
#pragma once

#include "sandbox/jail/layers.h"

namespace warder::zygote {

// Tells the engine on the control socket; best effort, since the engine also sees the end of the socket.
void ReportSetupFailure(const jail::SetupError& error);

}  // namespace warder::zygote
