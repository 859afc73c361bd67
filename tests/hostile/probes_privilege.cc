// Getting rights back: ids, capabilities, limits, and the properties that the jail has set on the process.
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/prctl.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tests/hostile/attempt.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif

namespace warder::hostile {

namespace {

long SetLimit(int resource, rlim_t value) {
  const rlimit limit{value, value};
  return Call(SYS_prlimit64, 0, resource, &limit, 0);
}

long TakeAllCapabilities(const World&) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct all{~0U, ~0U, 0};
  // The upper word holds fewer than 32: the kernel ignores the rest.
  const __user_cap_data_struct data[2] = {all, {0x1ff, 0x1ff, 0}};
  return Call(SYS_capset, &header, data);
}

std::string WhyNoSpeculationControl(const World&) {
  const int state = prctl(PR_GET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, 0, 0, 0);
  return state >= 0 && (state & PR_SPEC_PRCTL) != 0 ? ""
                                                    : "this processor offers no control of store bypass to a process";
}

std::string WhyNoMdwe(const World&) {
  return prctl(PR_GET_MDWE, 0, 0, 0, 0) >= 0 ? "" : "this kernel has no MDWE (6.3)";
}

}  // namespace

Group PrivilegeProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  constexpr std::string_view kRootsIds = "only root may take root's ids";
  const std::vector<Alone> ids = {{kUser, {EINVAL}}, {kUid, {EPERM}}};
  return {
      "getting rights back",
      {
          {.name = "root's user id",
           .attempt = Raw(SYS_setuid, 0),
           .without_filter = {{EINVAL}},
           .alone = ids,
           .needs_root = kRootsIds},
          {.name = "all of root's user ids",
           .attempt = Raw(SYS_setresuid, 0, 0, 0),
           .without_filter = {{EINVAL}},
           .alone = ids,
           .needs_root = kRootsIds},
          {.name = "root's group id",
           .attempt = Raw(SYS_setgid, 0),
           .without_filter = {{EINVAL}},
           .alone = ids,
           .needs_root = kRootsIds},
          {.name = "other groups",
           .attempt = Raw(SYS_setgroups, 0, 0),
           .without_filter = {{EPERM}},
           .alone = {{kUser, {EPERM}}, {kUid, {EPERM}}, {kCapabilities, {EPERM}}},
           .needs_root = kRootsIds},
          {.name = "a program with the set-user-ID bit",
           .attempt =
               [](const World& world) {
                 static const char* const arguments[] = {"test", "-w", "/etc/shadow", nullptr};
                 return Call(SYS_execve, world.setuid_program.data(), arguments, 0);
               },
           .base = Base::kStranger,
           .without_filter = {{ENOENT}},
           .alone = {{kNoNewPrivs, {kNothing}}, {kLandlock, {EACCES}}, {kRoot, {ENOENT}}},
           .needs_root = "only root can make such a program",
           .missing =
               [](const World& world) {
                 return std::string(world.setuid_works || geteuid() != 0
                                        ? ""
                                        : "set-user-ID programs do not work in the temporary folder");
               },
           .death = Death::kExec},
          {.name = "every capability",
           .attempt = TakeAllCapabilities,
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = {{kCapabilities, {EPERM}}}},
          {.name = "other secure bits",
           .attempt = Raw(SYS_prctl, PR_SET_SECUREBITS, 0, 0, 0, 0),
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = {{kCapabilities, {EPERM}}}},
          {.name = "a capability back into the bounding set",
           .attempt = Raw(SYS_prctl, PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0),
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = {{kCapabilities, {EPERM}}}},
          {.name = "more descriptors",
           .attempt = [](const World&) { return SetLimit(RLIMIT_NOFILE, 64); },
           .base = Base::kStranger,
           .without_filter = {{EPERM}},
           .alone = {{kRlimits, {EPERM}}}},
          {.name = "more memory",
           .attempt = [](const World&) { return SetLimit(RLIMIT_DATA, rlim_t{1} << 40); },
           .base = Base::kStranger,
           .without_filter = {{EPERM}},
           .alone = {{kRlimits, {EPERM}}}},
          {.name = "more processes",
           .attempt = [](const World&) { return SetLimit(RLIMIT_NPROC, 64); },
           .base = Base::kStranger,
           .without_filter = {{EPERM}},
           .alone = {{kRlimits, {EPERM}}}},
          {.name = "the engine's limits",
           .attempt = [](const World& world) { return Call(SYS_prlimit64, world.runner, RLIMIT_CORE, 0, Scratch()); },
           .without_filter = {{ESRCH}},
           .alone = {{kPid, {ESRCH}}}},
          {.name = "dumpable again",
           .attempt = Raw(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0),
           .without_filter = FilterOnly("no other process can name it, and RLIMIT_CORE stays what it is")},
          {.name = "speculation again",
           .attempt = Raw(SYS_prctl, PR_SET_SPECULATION_CTRL, PR_SPEC_STORE_BYPASS, PR_SPEC_ENABLE, 0, 0),
           .without_filter = {{EPERM}},
           .alone = {{kSpeculation, {EPERM}}},
           .missing = WhyNoSpeculationControl},
          {.name = "no MDWE",
           .attempt = Raw(SYS_prctl, PR_SET_MDWE, 0, 0, 0, 0),
           .without_filter = {{EPERM}},
           .alone = {{kMdwe, {EPERM}}},
           .missing = WhyNoMdwe},
          {.name = "outlive its parent",
           .attempt = Raw(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0),
           .without_filter = FilterOnly("the end of the zygote's pid namespace takes it along")},
          {.name = "a filter of its own",
           .attempt = Raw(SYS_prctl, PR_SET_SECCOMP, 2, kBadPointer, 0, 0),
           .reached = {EFAULT},
           .without_filter = FilterOnly("a further filter can only take away")},
          {.name = "rename itself",
           .attempt = Raw(SYS_prctl, PR_SET_NAME, "systemd", 0, 0, 0),
           .without_filter = FilterOnly("a name is only a name")},
          {.name = "name its memory",
           .attempt = Raw(SYS_prctl, 0x53564d41, 0, 0, 0, "x"),
           .reached = {EINVAL, EBADF, ENOMEM},
           .without_filter = FilterOnly("a name is only a name")},
          {.name = "a higher priority",
           .attempt = Raw(SYS_setpriority, 0, 0, -20),
           .without_filter = {{EACCES}},
           .alone = {{kCapabilities, {EACCES}}, {kUser, {EACCES}}, {kUid, {EACCES}}},
           .needs_root = "only root may"},
          {.name = "real-time scheduling",
           .attempt =
               [](const World&) {
                 *reinterpret_cast<int*>(Scratch()) = 1;
                 return Call(SYS_sched_setscheduler, 0, 1, Scratch());
               },
           .without_filter = {{EPERM}},
           .alone = {{kCapabilities, {EPERM}}, {kUser, {EPERM}}, {kUid, {EPERM}}},
           .needs_root = "only root may"},
      }};
}

}  // namespace warder::hostile
