// A probe is one thing that a hostile cell tries, and what must come of it: unjailed, behind the filter alone, in the
// whole jail, in the whole jail without its filter, and behind each single layer that is said to stop it.
//
// An attempt is a function of the world outside (world.h). It is compiled into the runner, which calls it in children,
// and into the program of the hostile image, which calls it in cells; so it uses system calls by Call() and nothing
// that the filter would stop by itself.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/jail/layers.h"
#include "tests/hostile/world.h"

namespace warder::hostile {

// What the attempt gained (>= 0), or the negative errno that stopped it.
using Attempt = std::function<long(const World&)>;

// "Errno" of a call that succeeds and gains nothing: the working directory is "/", the file it could read is its own.
inline constexpr int kNothing = 4096;
// "Errno" of an attempt that ended at a limit which kills.
inline constexpr int kKilled = 4097;

// Where the attempt starts from when no jail is around it.
enum class Base {
  kAsStarted,      // as the user of the suite
  kStranger,       // under root as the uid of the jail: what binds every user but root
  kOwnNamespaces,  // in a user namespace of its own, with every capability: what an ordinary user can get
  kSharedMounts,   // the same, in a second mount namespace whose mounts propagate to the first
  kTerminal,       // with a terminal as standard input and as controlling terminal
};

// The attempt does not return.
enum class Death {
  kNone,
  kCore,  // crashes: a core file is what it gains
  kCpu,   // loops for two seconds of CPU time: reaching the end is what it gains
  kExec,  // becomes another program, which exits with 0
};

// One layer that must stop the attempt alone, with one of these errors.
struct Alone {
  std::string_view layer;
  std::vector<int> errors;
};

// What happens in the whole jail without its filter: one of these errors, or nothing stops it, and why that is so.
struct WithoutFilter {
  std::vector<int> errors;
  std::string_view filter_only;
};
inline WithoutFilter FilterOnly(std::string_view reason) { return {{}, reason}; }

struct Probe {
  std::string_view name;
  Attempt attempt;
  Base base = Base::kAsStarted;
  // Errors that prove, unjailed, that the kernel took the call: EFAULT for a bad pointer. None: it must succeed.
  std::vector<int> reached = {};
  // Why the filter lets it through; empty: the filter stops it alone.
  std::string_view filter_allows = {};
  WithoutFilter without_filter;
  std::vector<Alone> alone = {};
  // The reason, when only root can show that it works unjailed.
  std::string_view needs_root = {};
  // Why it cannot be tried on this machine; called in the runner.
  std::function<std::string(const World&)> missing = {};
  Death death = Death::kNone;
  bool sends_descriptor = false;  // the runner sends one byte with a descriptor
  bool granted_by_jit = false;    // in cells of the profile jit nothing stops it, which is what the grant is
};

// The probes of one row (or neighbouring rows) of the list of threats.
struct Group {
  std::string_view threat;
  std::vector<Probe> probes;
};

Group DescriptorProbes();
Group FileProbes();
Group MountProbes();
Group TerminalProbes();
Group NamespaceProbes();
Group KernelSurfaceProbes();
Group PrivilegeProbes();
Group TraceProbes();
Group AbiProbes();
Group ExecutableMemoryProbes();
Group CodeRangeProbes();
Group PassingProbes();
Group SocketProbes();
Group IpcProbes();
Group CoreProbes();
Group ProcessProbes();
Group SignalProbes();
Group MemoryProbes();
Group TimeProbes();

inline std::vector<Group> AllGroups() {
  return {DescriptorProbes(),    FileProbes(),      MountProbes(),  TerminalProbes(), NamespaceProbes(),
          KernelSurfaceProbes(), PrivilegeProbes(), TraceProbes(),  AbiProbes(),      ExecutableMemoryProbes(),
          CodeRangeProbes(),     PassingProbes(),   SocketProbes(), IpcProbes(),      CoreProbes(),
          ProcessProbes(),       SignalProbes(),    MemoryProbes(), TimeProbes()};
}

}  // namespace warder::hostile
