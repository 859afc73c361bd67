#include "sandbox/jail/rlimits.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include "sandbox/jail/descriptors.h"

namespace warder::jail {

namespace {

// A core holds what the jail holds. Where core_pattern names a program, that is given one whatever the limit, unless it
// is 1 (core(5)); and a file of one byte is none.
constexpr Limit kNoCore = {RLIMIT_CORE, "Max core file size", 1, "no core file, and no program that is given one"};

constexpr std::array kLauncher = {
    kNoCore,
    Limit{RLIMIT_NOFILE, "Max open files", kHighestDescriptor + 1, "bounds what the start of V8 may leave open"},
    Limit{RLIMIT_STACK, "Max stack size", rlim_t{8} << 20,
          "an unlimited stack would lay memory out without randomness"},
};

constexpr std::array kZygote = {
    kNoCore,
    Limit{RLIMIT_FSIZE, "Max file size", 0, "there is nothing to write to"},
    Limit{RLIMIT_MEMLOCK, "Max locked memory", 0, "no memory is ever pinned"},
    Limit{RLIMIT_MSGQUEUE, "Max msgqueue size", 0, "no message queue"},
    Limit{RLIMIT_NICE, "Max nice priority", 0, "no priority above the engine's"},
    Limit{RLIMIT_RTPRIO, "Max realtime priority", 0, "no real-time scheduling"},
};

constexpr std::array kCell = {
    kNoCore,
    Limit{RLIMIT_NOFILE, "Max open files", 0, "the socket stays open, nothing can be opened beside it"},
    Limit{RLIMIT_NPROC, "Max processes", 1, "no process and no thread but its own"},
    Limit{RLIMIT_FSIZE, "Max file size", 0, "there is nothing to write to"},
    Limit{RLIMIT_MEMLOCK, "Max locked memory", 0, "no memory is ever pinned"},
    Limit{RLIMIT_MSGQUEUE, "Max msgqueue size", 0, "no message queue"},
    Limit{RLIMIT_NICE, "Max nice priority", 0, "no priority above the engine's"},
    Limit{RLIMIT_RTPRIO, "Max realtime priority", 0, "no real-time scheduling"},
};

// What V8, its libraries, its snapshot and its reservations take in a cell beside its data: 0.5 GiB in a fresh one.
// Where it is short V8 fails in places that it does not expect, in the middle of a collection.
constexpr std::uint64_t kAddressSpaceBytes = std::uint64_t{1} << 30;

}  // namespace

std::span<const Limit> LauncherLimits() { return kLauncher; }
std::span<const Limit> ZygoteLimits() { return kZygote; }
std::span<const Limit> CellLimits() { return kCell; }

std::vector<Limit> MemoryAndCpuLimits(std::uint64_t data_bytes, std::uint64_t cpu_seconds) {
  return {
      Limit{RLIMIT_DATA, "Max data size", data_bytes, "private memory that is writable at the time"},
      Limit{RLIMIT_AS, "Max address space", kAddressSpaceBytes + data_bytes,
            "all memory: what was written to and then made read-only is not counted as data"},
      Limit{RLIMIT_CPU, "Max cpu time", cpu_seconds, "the last resort behind the engine's clock"},
  };
}

SetupResult<> ApplyLimits(std::span<const Limit> limits) {
  for (const Limit& limit : limits) {
    rlimit current{};
    if (getrlimit(limit.resource, &current) != 0) return SystemError(layer::kRlimits, "getrlimit", errno);
    const rlim_t value = std::min(limit.value, current.rlim_max);
    const rlimit wanted{value, value};
    if (setrlimit(limit.resource, &wanted) != 0 || getrlimit(limit.resource, &current) != 0 ||
        current.rlim_cur != value || current.rlim_max != value) {
      return SystemError(layer::kRlimits, "setrlimit(" + std::string(limit.name) + ")", errno);
    }
  }
  return {};
}

}  // namespace warder::jail
