// Looking into other processes: ptrace and everything that asks for the same right. The victim has the jail's uid.
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

// The victim is a fork of the runner: its scratch page lies where the runner's does.
long CopyMemory(long number, const World& world) {
  const iovec here{Scratch(), 16};
  const iovec there{Scratch() + 64, 16};
  return Call(number, world.victim, &here, 1, &there, 1, 0);
}

}  // namespace

Group TraceProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const std::vector<Alone> tracing = {{kPid, {ESRCH}}, {kLandlock, {EPERM}}, {kNotDumpable, {EPERM}}};
  const auto on_victim = [](long number, auto... more) {
    return [=](const World& world) { return Call(number, world.victim, more...); };
  };
  return {"ptrace, process_vm_*, pidfd_getfd",
          {
              {.name = "trace a process",
               .attempt = [](const World& world) { return Call(SYS_ptrace, PTRACE_SEIZE, world.victim, 0, 0); },
               .base = Base::kStranger,
               .without_filter = {{ESRCH}},
               .alone = tracing},
              {.name = "be traced by its parent",
               .attempt = Raw(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0),
               .without_filter = FilterOnly("its parent is the zygote, which traces nobody")},
              {.name = "read a process's memory",
               .attempt = [](const World& world) { return CopyMemory(SYS_process_vm_readv, world); },
               .base = Base::kStranger,
               .without_filter = {{ESRCH}},
               .alone = tracing},
              {.name = "write a process's memory",
               .attempt = [](const World& world) { return CopyMemory(SYS_process_vm_writev, world); },
               .base = Base::kStranger,
               .without_filter = {{ESRCH}},
               .alone = tracing},
              {.name = "a handle of a process",
               .attempt = on_victim(SYS_pidfd_open, 0),
               .base = Base::kStranger,
               .without_filter = {{ESRCH}},
               .alone = {{kPid, {ESRCH}}, {kRlimits, {EMFILE}}}},
              {.name = "a process's descriptor",
               .attempt =
                   [](const World& world) {
                     const long process = Call(SYS_pidfd_open, world.victim, 0);
                     return process < 0 ? process : Call(SYS_pidfd_getfd, process, 0, 0);
                   },
               .base = Base::kStranger,
               .without_filter = {{ESRCH}},
               .alone = {{kPid, {ESRCH}}, {kLandlock, {EPERM}}, {kNotDumpable, {EPERM}}, {kRlimits, {EMFILE}}}},
              {.name = "compare itself with a process",
               .attempt = [](const World& world) { return Call(SYS_kcmp, world.victim, world.victim, 0, 0, 0); },
               .base = Base::kStranger,
               .without_filter = {{ESRCH}},
               .alone = tracing},
              {.name = "the locks of a process",
               .attempt =
                   [](const World& world) { return Call(SYS_get_robust_list, world.victim, Scratch(), Scratch() + 8); },
               .base = Base::kStranger,
               .without_filter = {{ESRCH}},
               .alone = tracing},
              {.name = "where a process may run",
               .attempt = [](const World& world) { return Call(SYS_sched_getaffinity, world.victim, 128, Scratch()); },
               .base = Base::kStranger,
               .without_filter = {{ESRCH}},
               .alone = {{kPid, {ESRCH}}}},
              {.name = "pin a process",
               .attempt =
                   [](const World& world) {
                     Scratch()[0] = '\xff';
                     return Call(SYS_sched_setaffinity, world.victim, 8, Scratch());
                   },
               .base = Base::kStranger,
               .without_filter = {{ESRCH}},
               .alone = {{kPid, {ESRCH}}}},
              {.name = "the CPU time of a process",
               .attempt =
                   [](const World& world) {
                     return Call(SYS_clock_gettime, (~static_cast<long>(world.victim) << 3) | 2, Scratch());
                   },
               .base = Base::kStranger,
               .without_filter = {{EINVAL}},
               .alone = {{kPid, {EINVAL}}}},
              {.name = "trace with a bad pointer",
               .attempt = Raw(SYS_ptrace, PTRACE_GETREGS, 1 << 22, 0, kBadPointer),
               .reached = {ESRCH},
               .without_filter = FilterOnly("there is no such process anywhere")},
          }};
}

}  // namespace warder::hostile
