#include "sandbox/zygote/cell_setup.h"

#include <sys/random.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "sandbox/jail/capabilities.h"
#include "sandbox/jail/descriptors.h"
#include "sandbox/jail/landlock.h"
#include "sandbox/jail/process.h"
#include "sandbox/jail/rlimits.h"
#include "sandbox/jail/syscall_filter.h"
#include "sandbox/jail/violation.h"

namespace warder::zygote {

namespace {

using jail::SetupResult;

class Stopwatch {
 public:
  Stopwatch(std::uint64_t start, std::vector<SetupStep>& steps) : last_(start), steps_(steps) {}
  void Lap(const char* name) {
    const std::uint64_t now = NowNs();
    steps_.push_back({name, now - last_});
    last_ = now;
  }

 private:
  std::uint64_t last_;
  std::vector<SetupStep>& steps_;
};

[[noreturn]] void GiveUp(std::uint64_t id, const jail::SetupError& error) {
  FailureRecord record{id, error.error_number, 0};
  for (const jail::LayerInfo& layer : jail::Layers()) {
    if (layer.name == error.layer) break;
    ++record.layer_index;
  }
  const ssize_t written = write(jail::kFailureWriteFd, &record, sizeof record);
  _exit(written == sizeof record ? kSetupFailedExitStatus : kSetupUnreportedExitStatus);
}

// A group of its own: kill(0) reaches a process group across pid namespaces, the zygote and all cells otherwise.
SetupResult<> LeaveZygotesSession() {
  if (setsid() < 0) return jail::SystemError(jail::layer::kPid, "setsid", errno);
  // The zygote is PID 1 of the namespace around, so its death already ends every cell, without a race; this is the
  // second.
  return jail::DieWithParent();
}

SetupResult<> ReadEntropy(CellContext& context) {
  const ssize_t got = getrandom(context.entropy.data(), context.entropy.size(), 0);
  if (got != static_cast<ssize_t>(context.entropy.size()))
    return jail::SystemError(jail::layer::kZygote, "getrandom", errno);
  return {};
}

}  // namespace

std::uint64_t NowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(now.tv_nsec);
}

void BecomeCell(CellRequest& request, const CellTemplate& shape, const ZygoteHooks& hooks,
                std::uint64_t fork_started_ns) {
  CellContext context;
  context.steps.reserve(16);
  Stopwatch watch(fork_started_ns, context.steps);
  const auto require = [&](const SetupResult<>& result) {
    if (!result) GiveUp(request.id, result.error());
  };

  watch.Lap("fork");
  require(LeaveZygotesSession());
  // Takes the place of the control socket, which no cell may hold.
  require(jail::MoveDescriptor(request.socket.release(), jail::kSocketFd));
  require(jail::CloseRange(0, jail::kSocketFd - 1));
  watch.Lap("descriptors");
  if (shape.landlock_abi) require(jail::DenyByLandlock(*shape.landlock_abi));
  watch.Lap("landlock");
  require(jail::DropAllCapabilities());
  watch.Lap("capabilities");
  require(jail::ApplyLimits(jail::CellLimits()));
  require(jail::ApplyLimits(jail::MemoryAndCpuLimits(request.data_bytes, request.cpu_seconds)));
  watch.Lap("limits");
  require(ReadEntropy(context));
  require(jail::InstallSignalHandlers({hooks.on_soft_limit, hooks.on_violation}));
  require(jail::CloseRange(jail::kSocketFd + 1));
  require(jail::InstallFilter(jail::Profile::kCell));
  watch.Lap("filter");
  _exit(hooks.run_cell(context));
}

}  // namespace warder::zygote
