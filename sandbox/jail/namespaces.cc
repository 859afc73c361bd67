#include "sandbox/jail/namespaces.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <ctime>
#include <string>
#include <utility>

namespace warder::jail {

namespace {

constexpr std::array<NamespaceKind, 8> kKinds = {{
    {layer::kUser, "user", CLONE_NEWUSER},
    {layer::kMount, "mnt", CLONE_NEWNS},
    {layer::kPid, "pid", CLONE_NEWPID},
    {layer::kNetwork, "net", CLONE_NEWNET},
    {layer::kIpc, "ipc", CLONE_NEWIPC},
    {layer::kUts, "uts", CLONE_NEWUTS},
    {layer::kCgroup, "cgroup", CLONE_NEWCGROUP},
    {layer::kTime, "time", CLONE_NEWTIME},
}};

constexpr std::string_view kName = "jail";

// One namespace after the other, so that a failure can name its layer.
std::string_view Remedy(const NamespaceKind& kind) {
  if (kind.flag != CLONE_NEWUSER)
    return "The limits are in /proc/sys/user; a kernel built without this namespace will not do.";
  return "Let this user make user namespaces: raise /proc/sys/user/max_user_namespaces, set "
         "kernel.unprivileged_userns_clone=1 where the host has it, allow it in AppArmor or in the container's policy, "
         "and do "
         "not run under chroot.";
}

SetupResult<> WriteProcSelf(const char* path, const std::string& text) {
  const UniqueFd file(open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file || write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return SystemError(
        layer::kUser, std::string("writing ") + path, errno,
        "/proc must be mounted, and no security module may take the rights inside a user namespace away.");
  }
  return {};
}

std::string SingleMapping(std::uint32_t outer) {
  return std::to_string(kInnerId) + " " + std::to_string(outer) + " 1\n";
}

}  // namespace

std::array<NamespaceKind, 8> const& NamespaceKinds() { return kKinds; }

SetupResult<> EnterNamespaces(LayerLog& log) {
  // Read before: inside of the namespace they have no mapping yet.
  const std::uint32_t uid = geteuid();
  const std::uint32_t gid = getegid();
  for (const NamespaceKind& kind : kKinds) {
    if (kind.flag == CLONE_NEWPID) continue;  // by clone: unshare would give it to the next child only
    if (unshare(static_cast<int>(kind.flag)) != 0) {
      const SetupError error = SystemError(kind.layer, std::string("unshare(") + kind.file + ")", errno, Remedy(kind));
      if (SetupResult<> missing = log.Missing(error); !missing) return missing;
      continue;
    }
    if (kind.flag == CLONE_NEWTIME) {
      if (SetupResult<> done = StartClocksAnew(); !done) return done;
    }
    log.Enforced(kind.layer, "");
    if (kind.flag != CLONE_NEWUSER) continue;
    // setgroups first: without a helper the kernel takes a gid map only once groups can no longer be dropped.
    if (SetupResult<> done = WriteProcSelf("/proc/self/setgroups", "deny"); !done) return done;
    if (SetupResult<> done = WriteProcSelf("/proc/self/uid_map", SingleMapping(uid)); !done) return done;
    if (SetupResult<> done = WriteProcSelf("/proc/self/gid_map", SingleMapping(gid)); !done) return done;
  }
  if (sethostname(kName.data(), kName.size()) != 0 || setdomainname(kName.data(), kName.size()) != 0) {
    return SystemError(layer::kUts, "sethostname", errno);
  }
  return {};
}

// time_namespaces(7).
SetupResult<> StartClocksAnew() {
  std::string offsets;
  for (const auto& [name, id] : {std::pair{"monotonic", CLOCK_MONOTONIC}, std::pair{"boottime", CLOCK_BOOTTIME}}) {
    timespec now{};
    if (clock_gettime(id, &now) != 0) return SystemError(layer::kTime, "clock_gettime", errno);
    offsets += std::string(name) + " -" + std::to_string(now.tv_sec) + " 0\n";
  }
  const UniqueFd file(open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file || write(file.get(), offsets.data(), offsets.size()) != static_cast<ssize_t>(offsets.size())) {
    return SystemError(layer::kTime, "writing /proc/self/timens_offsets", errno, "/proc must be mounted.");
  }
  return {};
}

SetupResult<pid_t> ForkIntoPidNamespace() {
  const long pid = syscall(SYS_clone, CLONE_NEWPID | CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid < 0)
    return SystemError(layer::kPid, "clone(CLONE_NEWPID)", errno, "The limit is /proc/sys/user/max_pid_namespaces.");
  return static_cast<pid_t>(pid);
}

SetupResult<ForkedCell> ForkCell() {
  int pidfd = -1;
  const long pid = syscall(SYS_clone, kCellCloneFlags, nullptr, &pidfd, nullptr, nullptr);
  if (pid < 0) {
    return SystemError(layer::kUser, "clone of a cell", errno,
                       "ENOSPC: a limit in /proc/sys/user is reached; EAGAIN: a limit on processes.");
  }
  ForkedCell cell;
  cell.pid = static_cast<pid_t>(pid);
  if (pid > 0) cell.pidfd.reset(pidfd);
  return cell;
}

}  // namespace warder::jail
