// Time: using it up, waiting for ever, changing it for others.
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <string>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

long Loop(const World& world) {
  Spin(world.loop_rounds);
  return 0;
}

// How long the machine has been up identifies it, and is shared by all who ask.
long FindUptime(const World& world) {
  timespec now{};
  if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) return -errno;
  return now.tv_sec >= world.uptime ? 0 : -kNothing;
}

std::string WhyNoTimeNamespace(const World&) {
  return access("/proc/self/ns/time", F_OK) == 0 ? "" : "this kernel has no time namespaces";
}

}  // namespace

Group TimeProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  constexpr std::string_view kEnginesClocks = "the engine's clocks end a cell that waits";
  constexpr std::string_view kOnlyRoot = "the kernel asks for the capability before it looks at anything";
  const auto waiting = [&](std::string_view name, Attempt attempt, std::vector<int> reached = {}) {
    return Probe{.name = name,
                 .attempt = std::move(attempt),
                 .reached = std::move(reached),
                 .without_filter = FilterOnly(kEnginesClocks)};
  };
  return {"time",
          {
              {.name = "use up the CPU",
               .attempt = Loop,
               .filter_allows = "computing is no call",
               .without_filter = {{kKilled}},
               .alone = {{kRlimits, {kKilled}}},
               .death = Death::kCpu},
              {.name = "how long the machine has been up",
               .attempt = FindUptime,
               .filter_allows = "the kernel's vDSO answers without a call",
               .without_filter = {{kNothing}},
               .alone = {{kTime, {kNothing}}},
               .missing = WhyNoTimeNamespace},
              waiting("nanosleep", [](const World&) { return Call(SYS_nanosleep, Scratch(), 0); }),
              waiting("clock_nanosleep", [](const World&) { return Call(SYS_clock_nanosleep, 1, 0, Scratch(), 0); }),
              waiting("poll", Raw(SYS_poll, 0, 0, 0)),
              waiting("ppoll", [](const World&) { return Call(SYS_ppoll, 0, 0, Scratch(), 0, 8); }),
              waiting("select", [](const World&) { return Call(SYS_select, 0, 0, 0, 0, Scratch()); }),
              waiting("epoll_wait", Raw(SYS_epoll_wait, -1, kBadPointer, 1, 0), {EBADF, EFAULT}),
              waiting("setitimer", [](const World&) { return Call(SYS_setitimer, ITIMER_REAL, Scratch(), 0); }),
              waiting("alarm", Raw(SYS_alarm, 0)),
              waiting("timer_create", [](const World&) { return Call(SYS_timer_create, 1, 0, Scratch()); }),
              waiting("its usage", [](const World&) { return Call(SYS_getrusage, 0, Scratch()); }),
              waiting("which processor it is on", [](const World&) { return Call(SYS_getcpu, Scratch(), 0, 0); }),
              waiting("a clock behind a descriptor",
                      [](const World&) { return Call(SYS_clock_gettime, (~3L << 3) | 3, Scratch()); }, {EINVAL}),
              waiting("set the time, bad pointer", Raw(SYS_clock_settime, CLOCK_REALTIME, kBadPointer), {EFAULT}),
              waiting("adjust the time, bad pointer", Raw(SYS_adjtimex, kBadPointer), {EFAULT}),
              {.name = "set the time",
               // Not a time of day: it cannot change anything even where it is allowed.
               .attempt =
                   [](const World&) {
                     const timeval never{0, -1};
                     const long result = Call(SYS_settimeofday, &never, 0);
                     return result;
                   },
               .reached = {EINVAL},
               .without_filter = FilterOnly("the kernel refuses the time before it asks for the capability")},
              {.name = "another priority for input and output",
               .attempt = Raw(SYS_ioprio_set, 1, 0, 1 << 13),
               .without_filter = {{EPERM}},
               .alone = {{kCapabilities, {EPERM}}, {kUser, {EPERM}}, {kUid, {EPERM}}},
               .needs_root = kOnlyRoot},
          }};
}

}  // namespace warder::hostile
