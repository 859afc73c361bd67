#include "sandbox/jail/process.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <string_view>

#include "sandbox/base/unique_fd.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN (1UL << 0)
#define PR_GET_MDWE 66
#endif

namespace warder::jail {

SetupResult<> DieWithParent() {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0) {
    return SystemError(layer::kParentDeath, "prctl(PR_SET_PDEATHSIG)", errno);
  }
  return {};
}

SetupResult<> ForbidNewPrivileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) {
    return SystemError(layer::kNoNewPrivs, "prctl(PR_SET_NO_NEW_PRIVS)", errno);
  }
  return {};
}

SetupResult<> SetDumpable(Dumpable dumpable) {
  if (prctl(PR_SET_DUMPABLE, static_cast<unsigned long>(dumpable), 0, 0, 0) != 0 ||
      prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != static_cast<int>(dumpable)) {
    return SystemError(layer::kNotDumpable, "prctl(PR_SET_DUMPABLE)", errno);
  }
  return {};
}

SetupResult<> RefuseExecGain() {
  if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0 ||
      (prctl(PR_GET_MDWE, 0, 0, 0, 0) & static_cast<int>(PR_MDWE_REFUSE_EXEC_GAIN)) == 0) {
    return SystemError(layer::kMdwe, "prctl(PR_SET_MDWE)", errno,
                       "It needs Linux 6.3; until then the filter alone forbids executable memory.");
  }
  return {};
}

SetupResult<std::string> RestrictSpeculation() {
  struct Control {
    unsigned long which;
    unsigned long setting;
    std::string_view name;
  };
  static constexpr std::array<Control, 3> kControls = {{
      {PR_SPEC_STORE_BYPASS, PR_SPEC_FORCE_DISABLE, "store bypass"},
      {PR_SPEC_INDIRECT_BRANCH, PR_SPEC_FORCE_DISABLE, "indirect branch"},
      {PR_SPEC_L1D_FLUSH, PR_SPEC_ENABLE, "L1D flush"},
  }};
  std::string detail;
  bool restricted = false;
  for (const Control& control : kControls) {
    const int before = prctl(PR_GET_SPECULATION_CTRL, control.which, 0, 0, 0);
    std::string_view state = "not offered";
    if (before == PR_SPEC_NOT_AFFECTED) {
      state = "not affected";
    } else if (before >= 0 && prctl(PR_SET_SPECULATION_CTRL, control.which, control.setting, 0, 0) == 0) {
      state = control.setting == PR_SPEC_ENABLE ? "on" : "off";
      restricted = true;
    } else if (before >= 0 && (static_cast<unsigned>(before) & (PR_SPEC_DISABLE | PR_SPEC_FORCE_DISABLE)) != 0) {
      state = "off for the whole machine";
    }
    if (!detail.empty()) detail += ", ";
    detail += std::string(control.name) + ": " + std::string(state);
  }
  if (!restricted) {
    return SetupError{layer::kSpeculation, ENXIO,
                      "This machine lets no process restrict speculation (" + detail + ")."};
  }
  return detail;
}

SetupResult<> ResetSignals() {
  // The kernel's own structure and mask: handler SIG_DFL, no flags, no restorer, empty mask.
  constexpr std::array<unsigned long, 4> kDefault{};
  constexpr std::size_t kMaskBytes = 8;
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    if (syscall(SYS_rt_sigaction, signal, kDefault.data(), nullptr, kMaskBytes) != 0) {
      return SystemError(layer::kZygote, "rt_sigaction", errno);
    }
  }
  if (syscall(SYS_rt_sigprocmask, SIG_SETMASK, kDefault.data(), nullptr, kMaskBytes) != 0) {
    return SystemError(layer::kZygote, "rt_sigprocmask", errno);
  }
  return {};
}

SetupResult<> ResetPersonality() {
  constexpr unsigned long kQuery = 0xffffffff;
  if (personality(PER_LINUX) < 0 || personality(kQuery) != PER_LINUX) {
    return SystemError(layer::kZygote, "personality", errno);
  }
  return {};
}

SetupResult<> ResetScheduling() {
  const sched_param none{};
  if (sched_getscheduler(0) != SCHED_OTHER && sched_setscheduler(0, SCHED_OTHER, &none) != 0) {
    return SystemError(layer::kZygote, "sched_setscheduler", errno);
  }
  errno = 0;
  if (getpriority(PRIO_PROCESS, 0) < 0 && (errno != 0 || setpriority(PRIO_PROCESS, 0, 0) != 0)) {
    return SystemError(layer::kZygote, "setpriority", errno);
  }
  constexpr std::string_view kFirst = "1000";
  const UniqueFd score(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!score || write(score.get(), kFirst.data(), kFirst.size()) != static_cast<ssize_t>(kFirst.size())) {
    return SystemError(layer::kZygote, "writing /proc/self/oom_score_adj", errno, "/proc must be mounted.");
  }
  return {};
}

bool IsSingleThreaded() {
  // The kernel grants this no-op only to a process with one thread, and asks for no privilege: unshare(2).
  return unshare(CLONE_THREAD) == 0;
}

}  // namespace warder::jail
