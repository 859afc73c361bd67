// Namespaces: what the jail cannot see. See namespaces(7), user_namespaces(7).
//
// The zygote gets a full set from the launcher, each cell gets a fresh set inside of that by clone(2), where the new
// user namespace gives the cell the rights it needs to be set up, and maps nobody. Time namespaces are the exception:
// clone(2) cannot name them and clone3(2) hides its flags from the filter, so that cells share the zygote's, whose
// offsets are frozen.
#pragma once

#include <sched.h>
#include <sys/types.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <string_view>

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/layers.h"

namespace warder::jail {

// The flags of the one clone(2) that the zygote's filter allows: every namespace, a pidfd, SIGCHLD.
inline constexpr std::uint64_t kCellCloneFlags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET |
                                                 CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PIDFD | SIGCHLD;

struct NamespaceKind {
  std::string_view layer;
  const char* file;    // under /proc/PID/ns
  std::uint64_t flag;  // CLONE_NEW*
};
std::array<NamespaceKind, 8> const& NamespaceKinds();

// The id that the jail sees as its own; not 0, so that nothing inside is taken for root.
inline constexpr std::uint32_t kInnerId = 65534;

// Leaves every namespace of the host but the pid namespace, maps the one uid and gid, forbids setgroups, and hides the
// host's name. The caller must be single-threaded. `log` hears of a kernel without time namespaces.
SetupResult<> EnterNamespaces(LayerLog& log);

// In a new time namespace: its clocks that count from the machine's start count from now on in what is forked next.
SetupResult<> StartClocksAnew();

// Forks PID 1 of a new pid namespace, as a sibling: the caller's parent is its parent, and waits for it. Returns 0 in
// the child.
SetupResult<pid_t> ForkIntoPidNamespace();

struct ForkedCell {
  pid_t pid = -1;  // in the zygote's pid namespace; 0 in the child
  UniqueFd pidfd;  // in the parent
};
// Forks a cell. Bypasses glibc's fork: no atfork handlers run, and none may be needed; the thread id that glibc caches
// stays right because the zygote and the cell are both 1 in their own pid namespaces.
SetupResult<ForkedCell> ForkCell();

}  // namespace warder::jail
