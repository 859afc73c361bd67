// Core files: a crash must not write the cell's memory anywhere.
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

long Crash(const World&) {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;  // NOLINT(clang-analyzer-core.NullDereference): meant
  return 0;
}

std::string WhyNoCore(const World&) {
  std::ifstream file("/proc/sys/kernel/core_pattern");
  std::string pattern;
  std::getline(file, pattern);
  if (pattern.starts_with('|')) return "cores go to a program of the host's";
  if (pattern.find('/') != std::string::npos) return "cores go to a folder of the host's";
  rlimit limit{};
  getrlimit(RLIMIT_CORE, &limit);
  return limit.rlim_max == 0 ? "the suite was started without cores (ulimit -Hc)" : "";
}

}  // namespace

Group CoreProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const std::vector<Alone> both = {{kRlimits, {kNothing}}, {kNotDumpable, {kNothing}}};
  return {"core files",
          {
              {.name = "crash",
               .attempt = Crash,
               .filter_allows = "a crash is no call",
               .without_filter = {{kNothing}},
               .alone = both,
               .missing = WhyNoCore,
               .death = Death::kCore},
              {.name = "dumpable, then crash",
               .attempt =
                   [](const World& world) {
                     const long done = Call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
                     return done < 0 ? done : Crash(world);
                   },
               .without_filter = {{kNothing}},
               .alone = {{kRlimits, {kNothing}}},
               .missing = WhyNoCore,
               .death = Death::kCore},
              {.name = "a larger core",
               .attempt =
                   [](const World&) {
                     const rlimit limit{4096, 4096};
                     return Call(SYS_prlimit64, 0, RLIMIT_CORE, &limit, 0);
                   },
               .base = Base::kStranger,
               .without_filter = {{EPERM}},
               .alone = {{kRlimits, {EPERM}}},
               .missing = WhyNoCore},
              {.name = "crash where cores are piped to a program",
               .attempt = Crash,
               .filter_allows = "a crash is no call",
               .without_filter = {{kNothing}},
               .missing = [](const World&) { return std::string("core_pattern belongs to the whole machine"); },
               .death = Death::kCore},
          }};
}

}  // namespace warder::hostile
