// The zygote's fork server: the part of the jail that runs inside the image.
//
// RunZygote is the whole life of a zygote. It hardens the process, calls `initialise` (V8 comes up, the snapshot is
// mapped), then seals: the root becomes an empty read-only mount, every capability goes, Landlock denies everything,
// the zygote's own filter is installed. In start mode `warm` it then makes what every cell gets a copy of. From then on
// it forks one cell per Spawn, each into fresh namespaces and behind the strict filter, and calls `run_cell` in it. It
// returns when the engine is gone, and takes every cell along: they live in its pid namespace.
//
// Duties of the hooks:
// - `initialise` runs before the seal: it is the last code that sees a file. It must leave the process with one thread
// and
//   no descriptor but 3 (RunZygote checks both and refuses to seal otherwise).
// - `warm_up` runs once, in one thread and without files, behind the zygote's filter, which allows no other; under the
//   profile `jit` before the seal. It knows nothing of any tenant, so what it makes may be in all cells.
// - `run_cell` runs behind the cell's filter (see `warder policy`): read and write on fd 3, memory without PROT_EXEC,
// the
//   clock, nothing else. A call outside the table writes a Violation frame and ends the cell.
// - the process must leave through the return value of `run_cell` or _exit: no destructor of the zygote runs in a cell.
#pragma once

#include <array>
#include <csignal>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sandbox/zygote/cell_profile.h"

namespace warder::zygote {

// What one step of making a cell cost; goes into the cell's Ready frame.
struct SetupStep {
  std::string name;
  std::uint64_t nanoseconds = 0;
};

// What a cell starts with.
struct CellContext {
  int socket = 3;                           // SOCK_STREAM, the only descriptor there is
  std::array<unsigned char, 64> entropy{};  // read from the kernel before the filter: hash seed and the like
  std::vector<SetupStep> steps;             // append your own ("isolate", ...), then send them
};

struct ZygoteHooks {
  // Called once, before the hardening, while the process may still put code elsewhere; null: nothing. May throw.
  std::function<void()> arrange_code;
  // Called once, after the hardening and before the seal; returns V8's version. May throw: the message becomes
  // SetupFailed.
  std::function<std::string(CellProfile)> initialise;
  // Called once in start mode `warm`, after the seal and before the first fork; under `jit` before MDWE and the seal:
  // it makes memory executable, and nothing does after it. Null: nothing. May throw.
  std::function<void()> warm_up;
  // Called in each cell, behind the filter; its value is the cell's exit status.
  std::function<int(CellContext&)> run_cell;
  // SIGUSR1 in a cell ("time is up"); null: ignored. Installed with SA_RESTART off, so that a blocked read returns
  // EINTR, and on the thread's own stack.
  void (*on_soft_limit)(int signal) = nullptr;
  // See jail::SignalHooks; null: nothing.
  void (*on_violation)() = nullptr;
};

// Returns the process's exit status: 0 when the engine closed the control socket (fd 3), 1 after SetupFailed was sent.
int RunZygote(const ZygoteHooks& hooks);

}  // namespace warder::zygote
