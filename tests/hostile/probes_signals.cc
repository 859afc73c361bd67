// Signals to the engine, the zygote and siblings, and what else names a process.
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

// Any process but itself that can be named by number.
long FindProcess(const World& world) {
  const long self = Call(SYS_getpid);
  for (long pid = 1; pid < 4096; ++pid) {
    if (pid == self) continue;
    const long found = Call(SYS_kill, pid, 0);
    if (found == 0 || found == -EPERM) return pid;
  }
  return Call(SYS_kill, world.runner, 0);
}

long FindParent(const World&) {
  const long parent = Call(SYS_getppid);
  return parent == 0 ? -kNothing : parent;
}

long QueueSignal(const World& world) {
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  std::memcpy(Scratch(), &info, sizeof info);
  return Call(SYS_rt_sigqueueinfo, world.victim, 0, Scratch());
}

}  // namespace

Group SignalProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const std::vector<Alone> both = {{kPid, {ESRCH}}, {kLandlock, {EPERM}}};
  const std::vector<Alone> pid_only = {{kPid, {ESRCH}}};
  constexpr std::string_view kItself = "it reaches only itself, in a session and a process group of its own";
  return {
      "signals",
      {
          {.name = "signal the engine",
           .attempt = [](const World& world) { return Call(SYS_kill, world.runner, 0); },
           .without_filter = {{ESRCH}},
           .alone = {{kPid, {ESRCH}}, {kLandlock, {EPERM}}, {kUid, {EPERM}}}},
          {.name = "signal another process of the same user",
           .attempt = [](const World& world) { return Call(SYS_kill, world.victim, 0); },
           .base = Base::kStranger,
           .without_filter = {{ESRCH}},
           .alone = both},
          {.name = "signal everybody",
           .attempt = Raw(SYS_kill, -1, 0),
           .base = Base::kStranger,
           .without_filter = {{ESRCH}},
           .alone = {{kPid, {ESRCH}}}},
          {.name = "signal its group", .attempt = Raw(SYS_kill, 0, 0), .without_filter = FilterOnly(kItself)},
          {.name = "find a process by number",
           .attempt = FindProcess,
           .without_filter = {{ESRCH}},
           .alone = {{kPid, {ESRCH}}}},
          {.name = "its parent", .attempt = FindParent, .without_filter = {{kNothing}}, .alone = {{kPid, {kNothing}}}},
          {.name = "signal a thread",
           .attempt = [](const World& world) { return Call(SYS_tgkill, world.victim, world.victim, 0); },
           .base = Base::kStranger,
           .without_filter = {{ESRCH}},
           .alone = both},
          {.name = "signal a thread the old way",
           .attempt = [](const World& world) { return Call(SYS_tkill, world.victim, 0); },
           .base = Base::kStranger,
           .without_filter = {{ESRCH}},
           .alone = both},
          {.name = "tgkill itself with another signal",
           .attempt = [](const World&) { return Call(SYS_tgkill, getpid(), getpid(), 0); },
           .without_filter = FilterOnly(kItself)},
          {.name = "queue a signal",
           .attempt = QueueSignal,
           .base = Base::kStranger,
           .without_filter = {{ESRCH}},
           .alone = both},
          {.name = "signal by a handle",
           .attempt =
               [](const World& world) {
                 const long process = Call(SYS_pidfd_open, world.victim, 0);
                 return process < 0 ? process : Call(SYS_pidfd_send_signal, process, 0, 0, 0);
               },
           .base = Base::kStranger,
           .without_filter = {{ESRCH}},
           .alone = {{kPid, {ESRCH}}, {kLandlock, {EPERM}}, {kRlimits, {EMFILE}}}},
          {.name = "signal by a bad handle",
           .attempt = Raw(SYS_pidfd_send_signal, -1, 0, kBadPointer, 0),
           .reached = {EBADF},
           .without_filter = FilterOnly("it has no handle of a process")},
          {.name = "the group of a process",
           .attempt = [](const World& world) { return Call(SYS_getpgid, world.victim); },
           .without_filter = {{ESRCH}},
           .alone = pid_only},
          {.name = "the session of a process",
           .attempt = [](const World& world) { return Call(SYS_getsid, world.victim); },
           .without_filter = {{ESRCH}},
           .alone = pid_only},
          {.name = "the priority of a process",
           .attempt = [](const World& world) { return Call(SYS_getpriority, 0, world.victim); },
           .without_filter = {{ESRCH}},
           .alone = pid_only},
          {.name = "wait for a process",
           .attempt = Raw(SYS_wait4, -1, 0, 1, 0),
           .reached = {ECHILD},
           .without_filter = FilterOnly("it has no children")},
          {.name = "sleep until a signal",
           .attempt = [](const World&) { return Call(SYS_rt_sigtimedwait, Scratch(), 0, Scratch(), 8); },
           .reached = {EAGAIN},
           .without_filter = FilterOnly(kItself)},
      }};
}

}  // namespace warder::hostile
