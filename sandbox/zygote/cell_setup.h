// The way of a freshly forked process to a cell: from the clone in the zygote to the strict filter.
#pragma once

#include <cstdint>
#include <optional>

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/layers.h"
#include "sandbox/zygote/exit_status.h"
#include "sandbox/zygote/fork_server.h"

namespace warder::zygote {

struct CellRequest {
  std::uint64_t id = 0;
  std::uint64_t data_bytes = 0;
  std::uint64_t cpu_seconds = 0;
  UniqueFd socket;
};

// What the seal found out once, for every cell.
struct CellTemplate {
  std::optional<int> landlock_abi;  // nothing: permitted to be missing
};

// Runs in the child and never returns to the zygote's loop: sets the cell up, calls the hook and exits. A step that
// fails is written to the failure pipe (see FailureRecord) and ends the process.
[[noreturn]] void BecomeCell(CellRequest& request, const CellTemplate& shape, const ZygoteHooks& hooks,
                             std::uint64_t fork_started_ns);

// What a cell that could not be set up writes to kFailureWriteFd; one write, so it is never torn.
struct FailureRecord {
  std::uint64_t id = 0;
  std::int32_t error_number = 0;
  std::int32_t layer_index = 0;  // in jail::Layers()
};

// CLOCK_MONOTONIC, nanoseconds.
std::uint64_t NowNs();

}  // namespace warder::zygote
