// The processes behind a Zygote: the launcher, and the zygote it makes. Both are children of the engine and in one
// process group, whose id is the launcher's pid; the group is how they are killed and waited for together, whatever the
// launcher had got to.
#pragma once

#include <sys/types.h>

#include <string>

#include "sandbox/base/result.h"
#include "sandbox/base/unique_fd.h"
#include "sandbox/zygote/launcher.h"

namespace warder::zygote {

class LauncherProcess {
 public:
  // Spawns the launcher with exactly these two descriptors, no environment and default signals.
  static Result<LauncherProcess> Start(const LaunchOptions& options, const UniqueFd& jail_end, const UniqueFd& image);

  LauncherProcess(LauncherProcess&& other) noexcept;
  LauncherProcess& operator=(LauncherProcess&& other) noexcept;
  LauncherProcess(const LauncherProcess&) = delete;
  LauncherProcess& operator=(const LauncherProcess&) = delete;
  // Kills and reaps what is left.
  ~LauncherProcess();

  // The zygote has spoken as `pid`: keeps a pidfd of it, if it is a child of ours in the launcher's group.
  Result<void> AdoptZygote(pid_t pid);

  // The launcher leaves at once after it has let the zygote go. True: it has been waited for.
  bool ReapLauncher();

  // -1: it has been waited for.
  int launcher_pidfd() const { return launcher_pidfd_.get(); }
  int zygote_pidfd() const { return zygote_pidfd_.get(); }
  pid_t zygote_pid() const { return zygote_pid_; }

  // Kills what is left, waits until every process of the group is gone, and says how the last one ended ("exited with
  // status 0"). The zygote's death includes that of all cells: it is the first process of their pid namespace.
  // Idempotent.
  std::string Finish();

 private:
  LauncherProcess() = default;

  pid_t group_ = -1;  // the launcher's pid; -1: everything is reaped
  UniqueFd launcher_pidfd_;
  UniqueFd zygote_pidfd_;
  pid_t zygote_pid_ = -1;
};

}  // namespace warder::zygote
