// The kernel surface behind user namespaces (CVE-2022-0185, CVE-2024-1086): making and entering namespaces.
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <string>
#include <string_view>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

// A line is "4:memory:/path".
bool NamesFolder(std::string_view line) { return line.substr(line.rfind(':') + 1) != "/"; }

long FindCgroup(const World&) {
  const long fd = Call(SYS_openat, AT_FDCWD, "/proc/self/cgroup", O_RDONLY);
  if (fd < 0) return fd;
  const ssize_t size = read(static_cast<int>(fd), Scratch(), kScratchBytes);
  std::string_view rest(Scratch(), size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    if (NamesFolder(rest.substr(0, end))) return 0;
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return -kNothing;
}

std::string WhyNoCgroup(const World&) {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (NamesFolder(line)) return "";
  }
  return "the suite runs in the root of every cgroup hierarchy";
}

}  // namespace

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
          {.name = "the host's cgroup",
           .attempt = FindCgroup,
           .without_filter = {{EMFILE}},
           .alone = {{kCgroup, {kNothing}}, {kLandlock, {EACCES}}, {kRoot, {ENOENT}}, {kRlimits, {EMFILE}}},
           .missing = WhyNoCgroup},
          {.name = "another name for the host",
           .attempt = Raw(SYS_sethostname, "jail", 4),
           .base = Base::kOwnNamespaces,
           .without_filter = {{EPERM}},
           .alone = capabilities},
      }};
}

}  // namespace warder::hostile
