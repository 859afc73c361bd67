// A cell as it is before anything of an execution has reached it: its isolate from the snapshot, the runtime prepared,
// the loop that will serve one execution.
//
// In start mode `fresh` a cell makes its own. In `warm` the zygote makes one, and each fork is a cell that has a copy
// on write of it; so nothing here may depend on which cell it is, draw randomness that a script could see, or hold
// memory that is mapped shared. What differs between cells comes after: the entropy of this cell (BecomeCell), the seed
// and all else with Start.
#pragma once

#include <v8-context.h>
#include <v8-isolate.h>

#include <optional>
#include <vector>

#include "sandbox/cell/buffer_budget.h"
#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/channel.h"
#include "sandbox/cell/execution.h"
#include "sandbox/cell/frozen_platform.h"
#include "sandbox/cell/runtime.h"
#include "sandbox/cell/startup.h"
#include "sandbox/zygote/fork_server.h"

namespace warder::cell {

class PristineCell {
 public:
  // Adds to the global object, before any script runs.
  using Extension = void (*)(v8::Local<v8::Context>);

  // What it starts from and the platform outlive it. `socket` is the number that the cell's socket will have.
  PristineCell(const Startup* startup, FrozenPlatform* platform, int socket, Extension extension);
  PristineCell(const PristineCell&) = delete;
  PristineCell& operator=(const PristineCell&) = delete;
  // The isolate stays: processes that have one end by _exit.
  ~PristineCell() = default;

  // Makes what comes into being when a script first names it (see scripts.h): in a zygote once, instead of in each
  // cell.
  void MakeLateGlobals();

  // Sends Ready with these steps and serves one execution. Leaves by _exit with an ExitStatus.
  [[noreturn]] void Serve(const std::vector<zygote::SetupStep>& steps);

 private:
  Channel channel_;
  BufferBudget buffers_;
  CellState state_;
  v8::Isolate* isolate_;
  std::optional<Runtime> runtime_;
  std::optional<Execution> execution_;
};

}  // namespace warder::cell
