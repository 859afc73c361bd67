// The kernel surface behind user namespaces (CVE-2022-0185, CVE-2024-1086): making and entering namespaces.
#include <sched.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

Group NamespaceProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const std::vector<Alone> unmapped = {{kUser, {EPERM}}};
  const std::vector<Alone> capabilities = {{kCapabilities, {EPERM}}};
  const auto unshare_of = [](unsigned long flag) { return Raw(SYS_unshare, flag); };
  return {
      "namespaces",
      {
          {.name = "a user namespace",
           .attempt = unshare_of(CLONE_NEWUSER),
           .without_filter = {{EPERM}},
           .alone = unmapped},
          {.name = "a user namespace by clone",
           .attempt = [](const World&) { return CloneThenExit(CLONE_NEWUSER | SIGCHLD, nullptr); },
           .without_filter = {{EPERM, EAGAIN}},
           .alone = unmapped},
          {.name = "a user and a network namespace",
           .attempt = unshare_of(CLONE_NEWUSER | CLONE_NEWNET),
           .without_filter = {{EPERM}},
           .alone = unmapped},
          {.name = "a mount namespace",
           .attempt = unshare_of(CLONE_NEWNS),
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = capabilities},
          {.name = "a network namespace",
           .attempt = unshare_of(CLONE_NEWNET),
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = capabilities},
          {.name = "a pid namespace",
           .attempt = unshare_of(CLONE_NEWPID),
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = capabilities},
          {.name = "an IPC namespace",
           .attempt = unshare_of(CLONE_NEWIPC),
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = capabilities},
          {.name = "a cgroup namespace",
           .attempt = unshare_of(CLONE_NEWCGROUP),
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = capabilities},
          {.name = "a time namespace",
           .attempt = unshare_of(CLONE_NEWTIME),
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = capabilities},
          {.name = "a table of descriptors of its own",
           .attempt = unshare_of(CLONE_FILES),
           .without_filter = FilterOnly("it has no other task to share it with")},
          {.name = "clone3",
           .attempt = Raw(SYS_clone3, kBadPointer, 64),
           .reached = {EFAULT},
           .without_filter = FilterOnly("its flags are behind a pointer, which is why the filter refuses it whole")},
          {.name = "the namespaces of another process",
           .attempt =
               [](const World& world) {
                 const long process = Call(SYS_pidfd_open, world.victim, 0);
                 return process < 0 ? process : Call(SYS_setns, process, CLONE_NEWNET);
               },
           .reached = {EPERM},  // an ordinary user's right ends here
           .without_filter = {{ESRCH}},
           .alone = {{kPid, {ESRCH}}, {kRlimits, {EMFILE}}}},
          {.name = "setns with the socket",
           .attempt = Raw(SYS_setns, 3, 0),
           .reached = {EINVAL},
           .without_filter = FilterOnly("it has no descriptor of a namespace")},
          {.name = "the host's name",
           .attempt =
               [](const World& world) {
                 const long result = Call(SYS_uname, Scratch());
                 const char* node_name = Scratch() + 65;
                 return result == 0 && std::string_view(node_name) != world.host_name.data() ? -kNothing : result;
               },
           .without_filter = {{kNothing}},
           .alone = {{kUts, {kNothing}}},
           .missing =
               [](const World& world) {
                 return std::string(std::string_view(world.host_name.data()) == "jail" ? "the host is named like a jail"
                                                                                       : "");
               }},
          {.name = "another name for the host",
           .attempt = Raw(SYS_sethostname, "jail", 4),
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = capabilities},
      }};
}

}  // namespace warder::hostile
