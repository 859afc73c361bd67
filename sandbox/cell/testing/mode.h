// In which start mode the test program makes its cells; main is told.
#pragma once

#include "sandbox/zygote/start_mode.h"

namespace warder::cell {

zygote::StartMode ModeOfProgram();

}  // namespace warder::cell
