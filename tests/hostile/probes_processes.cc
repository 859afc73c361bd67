// Fork bombs, thread bombs.
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

long Fork(const World&) {
  const long child = Call(SYS_fork);
  if (child == 0) _exit(0);
  return child;
}

// glibc's, because a raw one would return into a frame that the child has left.
long Vfork(const World&) {
  Note(SYS_vfork);
  const pid_t child = vfork();  // NOLINT(clang-analyzer-security.insecureAPI.vfork): it is what is tried
  if (child == 0) _exit(0);
  return child < 0 ? -static_cast<long>(errno) : child;
}

long Bomb(const World&) {
  for (int i = 0; i < 16; ++i) {
    if (const long child = CloneThenExit(SIGCHLD, nullptr); child < 0) return child;
  }
  return 0;
}

}  // namespace

Group ProcessProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const std::vector<Alone> limit = {{kRlimits, {EAGAIN}}};
  const auto clone = [](unsigned long flags) {
    return [flags](const World&) { return CloneThenExit(flags, Scratch() + kScratchBytes); };
  };
  const auto probe = [&](std::string_view name, Attempt attempt) {
    return Probe{.name = name,
                 .attempt = std::move(attempt),
                 .base = Base::kStranger,
                 .without_filter = {{EAGAIN}},
                 .alone = limit};
  };
  return {"fork bombs, thread bombs",
          {
              probe("fork", Fork),
              probe("vfork", Vfork),
              probe("clone of a process", clone(SIGCHLD)),
              probe("clone that shares memory", clone(CLONE_VM | SIGCHLD)),
              probe("clone of a sibling", clone(CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD)),
              probe("clone of a thread", clone(CLONE_VM | CLONE_SIGHAND | CLONE_THREAD)),
              probe("a bomb of processes", Bomb),
          }};
}

}  // namespace warder::hostile
