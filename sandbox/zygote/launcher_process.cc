#include "sandbox/zygote/launcher_process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <utility>
#include <vector>

#include "sandbox/jail/descriptors.h"
#include "sandbox/jail/identity.h"

namespace warder::zygote {

namespace {

using Clock = std::chrono::steady_clock;

// A process that has been sent SIGKILL is gone within milliseconds; this is for a machine in trouble.
constexpr std::chrono::seconds kReapDeadline(5);

std::string Reason(int error_number) {
  return std::strerror(error_number);
}  // NOLINT(concurrency-mt-unsafe): glibc's is safe

int PidfdOpen(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }
void PidfdKill(const UniqueFd& pidfd) {
  if (pidfd) syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

// posix_spawn's two structures, released with the scope.
class SpawnActions {
 public:
  SpawnActions() {
    posix_spawn_file_actions_init(&actions_);
    posix_spawnattr_init(&attributes_);
  }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  // Exactly these two descriptors; the host program's own may lack close-on-exec.
  bool Descriptors(int socket, int image) {
    return posix_spawn_file_actions_adddup2(&actions_, socket, jail::kSocketFd) == 0 &&
           posix_spawn_file_actions_adddup2(&actions_, image, jail::kImageFd) == 0 &&
           posix_spawn_file_actions_addclosefrom_np(&actions_, jail::kImageFd + 1) == 0 &&
           posix_spawn_file_actions_addclose(&actions_, 0) == 0 &&
           posix_spawn_file_actions_addclose(&actions_, 1) == 0 && posix_spawn_file_actions_addclose(&actions_, 2) == 0;
  }
  bool DefaultSignals() {
    sigset_t all;
    sigset_t none;
    sigfillset(&all);
    sigemptyset(&none);
    return posix_spawnattr_setsigdefault(&attributes_, &all) == 0 &&
           posix_spawnattr_setsigmask(&attributes_, &none) == 0 &&
           posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) == 0;
  }
  int Run(const std::string& program, std::vector<char*>& arguments, pid_t* pid) {
    char* no_environment = nullptr;
    return posix_spawn(pid, program.c_str(), &actions_, &attributes_, arguments.data(), &no_environment);
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

// Above the numbers that dup2 in the child writes to.
UniqueFd Duplicate(const UniqueFd& fd) { return UniqueFd(fcntl(fd.get(), F_DUPFD_CLOEXEC, jail::kImageFd + 1)); }

std::string Describe(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return "exited with status " + std::to_string(info.si_status);
  return "was killed by signal " + std::to_string(info.si_status);
}

// Waits until `pidfd` says that its process has ended, or the time is up.
void AwaitEnd(const UniqueFd& pidfd, std::chrono::milliseconds time) {
  pollfd ended{pidfd.get(), POLLIN, 0};
  while (poll(&ended, 1, static_cast<int>(time.count())) < 0 && errno == EINTR) {
  }
}

}  // namespace

Result<LauncherProcess> LauncherProcess::Start(const LaunchOptions& options, const UniqueFd& jail_end,
                                               const UniqueFd& image) {
  const UniqueFd socket = Duplicate(jail_end);
  const UniqueFd folder = Duplicate(image);
  if (!socket || !folder) return Internal("fcntl: " + Reason(errno));
  const std::uint32_t uid = options.jail_uid != 0 ? options.jail_uid : jail::JailUidFor(getpid());
  std::vector<std::string> words = {"warder-launcher", std::to_string(getpid()), std::to_string(uid),
                                    std::string(StartModeName(options.start_mode)),
                                    std::string(CellProfileName(options.profile))};
  words.insert(words.end(), options.permit_degraded.begin(), options.permit_degraded.end());
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  SpawnActions actions;
  if (!actions.Descriptors(socket.get(), folder.get()) || !actions.DefaultSignals()) {
    return Internal("posix_spawn could not be prepared: out of memory.");
  }
  LauncherProcess process;
  if (const int error = actions.Run(options.launcher_path, arguments, &process.group_); error != 0) {
    process.group_ = -1;
    return Internal("The launcher " + options.launcher_path + " could not be started: " + Reason(error) +
                    ". It is a part of Warder: build or install it again, or say where it is.");
  }
  process.launcher_pidfd_.reset(PidfdOpen(process.group_));
  if (!process.launcher_pidfd_) return Internal("pidfd_open: " + Reason(errno) + ". It needs Linux 5.3.");
  return process;
}

LauncherProcess::LauncherProcess(LauncherProcess&& other) noexcept
    : group_(std::exchange(other.group_, -1)),
      launcher_pidfd_(std::move(other.launcher_pidfd_)),
      zygote_pidfd_(std::move(other.zygote_pidfd_)),
      zygote_pid_(std::exchange(other.zygote_pid_, -1)) {}

LauncherProcess& LauncherProcess::operator=(LauncherProcess&& other) noexcept {
  if (this == &other) return *this;
  Finish();
  group_ = std::exchange(other.group_, -1);
  launcher_pidfd_ = std::move(other.launcher_pidfd_);
  zygote_pidfd_ = std::move(other.zygote_pidfd_);
  zygote_pid_ = std::exchange(other.zygote_pid_, -1);
  return *this;
}

LauncherProcess::~LauncherProcess() { Finish(); }

Result<void> LauncherProcess::AdoptZygote(pid_t pid) {
  if (group_ < 0 || getpgid(pid) != group_) return Internal("The zygote's first word came from another process.");
  UniqueFd pidfd(PidfdOpen(pid));
  if (!pidfd) return Internal("The zygote's pidfd cannot be opened: " + Reason(errno) + ".");
  siginfo_t info{};
  // Only a child of ours can be waited for, and one that has not been waited for keeps its pid.
  if (waitid(P_PIDFD, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
    return Internal(
        "The zygote is not a child of this process any more; the host program must not reap children it does "
        "not know.");
  }
  zygote_pidfd_ = std::move(pidfd);
  zygote_pid_ = pid;
  return {};
}

bool LauncherProcess::ReapLauncher() {
  siginfo_t info{};
  // The group keeps its id reserved.
  if (launcher_pidfd_ && waitid(P_PID, static_cast<id_t>(group_), &info, WEXITED | WNOHANG) == 0 &&
      info.si_pid == group_) {
    launcher_pidfd_.reset();
  }
  return !launcher_pidfd_;
}

std::string LauncherProcess::Finish() {
  if (group_ < 0) return "has ended";
  std::string last = "has ended";
  const auto reap = [&](idtype_t type, int options) {
    siginfo_t info{};
    const int result = waitid(type, static_cast<id_t>(group_), &info, WEXITED | options);
    if (result == 0 && info.si_pid != 0 && info.si_pid != group_) last = Describe(info);
    if (result == 0 && info.si_pid == group_ && info.si_status != 0) last = "'s launcher " + Describe(info);
    return result == 0 ? info.si_pid : -1;
  };
  // First the launcher, so that no zygote is born after the group was killed; what it has forked is in the group by
  // then.
  PidfdKill(launcher_pidfd_);
  PidfdKill(zygote_pidfd_);
  if (!zygote_pidfd_) kill(-group_, SIGKILL);
  if (launcher_pidfd_) reap(P_PID, 0);
  const auto deadline = Clock::now() + kReapDeadline;
  pid_t reaped = 0;
  while ((reaped = reap(P_PGID, WNOHANG)) >= 0 && Clock::now() < deadline) {
    if (reaped > 0) continue;
    if (zygote_pidfd_) {
      AwaitEnd(zygote_pidfd_, std::chrono::duration_cast<std::chrono::milliseconds>(kReapDeadline));
    } else {
      poll(nullptr, 0, 1);
    }
  }
  group_ = -1;
  zygote_pid_ = -1;
  launcher_pidfd_.reset();
  zygote_pidfd_.reset();
  return last;
}

}  // namespace warder::zygote
