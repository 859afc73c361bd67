// In which start mode and profile the test program makes its cells; main is told.
#pragma once

#include "sandbox/zygote/cell_profile.h"
#include "sandbox/zygote/start_mode.h"

namespace warder::cell {

zygote::StartMode ModeOfProgram();
zygote::CellProfile ProfileOfProgram();

}  // namespace warder::cell
