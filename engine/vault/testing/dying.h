// Kills the process at a chosen step of its writing, as a power cut or kill -9 would: SQLite's calls that change a file
// are counted.
#pragma once

namespace warder::vault {

enum class Death {
  kBefore,  // nothing of the step is done
  kWithin,  // a write is done by half
};

// From now on the call number `step` (from 1) to write, truncate or delete a file through SQLite is the last thing that
// this process does. Once in a process.
void DieAtStep(int step, Death death);

}  // namespace warder::vault
