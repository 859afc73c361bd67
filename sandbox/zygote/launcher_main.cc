// warder-launcher: turns itself into a jail and executes the zygote in it.
//
//   warder-launcher ENGINE-PID JAIL-UID START-MODE PROFILE [LAYER-THAT-MAY-BE-MISSING...]
//
// Descriptor 3 is the jail's end of the control socket, 4 the image's folder; nothing else is open, the environment is
// empty. Each step below either holds or ends everything: the engine gets SetupFailed with the layer and what to do.
// Started by root or by an ordinary user, the way is the same from LeaveRoot on.
//
// Nothing outlives the engine: the launcher and the zygote each ask for SIGKILL at its death, and because it may have
// died just before, the launcher looks at its parent once more after each request, the zygote's included, before the
// zygote may go on. From its exec on, the zygote also ends when the control socket does.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/capabilities.h"
#include "sandbox/jail/descriptors.h"
#include "sandbox/jail/identity.h"
#include "sandbox/jail/keyring.h"
#include "sandbox/jail/layers.h"
#include "sandbox/jail/namespaces.h"
#include "sandbox/jail/process.h"
#include "sandbox/jail/rlimits.h"
#include "sandbox/jail/root.h"
#include "sandbox/zygote/launch_report.h"
#include "sandbox/zygote/setup_failure.h"

namespace warder::zygote {
namespace {

namespace layer = jail::layer;
using jail::SetupError;
using jail::SetupResult;

struct Arguments {
  pid_t engine = -1;
  std::uint32_t jail_uid = 0;
  StartMode start_mode = StartMode::kFresh;
  CellProfile profile = CellProfile::kJitless;
  std::vector<std::string> permitted;
};

template <typename Number>
bool Parse(std::string_view text, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc{} && end == text.data() + text.size();
}

SetupResult<Arguments> ParseArguments(int argc, char** argv) {
  Arguments arguments;
  const std::optional<StartMode> mode = argc < 5 ? std::nullopt : FindStartMode(argv[3]);
  const std::optional<CellProfile> profile = argc < 5 ? std::nullopt : FindCellProfile(argv[4]);
  if (!mode || !profile || !Parse(argv[1], &arguments.engine) || !Parse(argv[2], &arguments.jail_uid)) {
    return SetupError{layer::kZygote, EINVAL, "The launcher is not for use by hand: the engine starts it."};
  }
  arguments.start_mode = *mode;
  arguments.profile = *profile;
  arguments.permitted.assign(argv + 5, argv + argc);
  return arguments;
}

// To be called after each DieWithParent.
SetupResult<> CheckParent(pid_t engine) {
  if (getppid() != engine) return SetupError{layer::kParentDeath, ESRCH, "The engine is gone."};
  return {};
}

SetupResult<> FollowParent(pid_t engine) {
  if (SetupResult<> done = jail::DieWithParent(); !done) return done;
  return CheckParent(engine);
}

// Steps into the image and lets go of its descriptor: the working directory is what unshare carries into the new
// namespace.
SetupResult<> EnterImage() {
  struct stat status {};
  if (fstat(jail::kImageFd, &status) != 0 || !S_ISDIR(status.st_mode)) {
    return SetupError{layer::kRoot, ENOTDIR, "The image is not a folder."};
  }
  if ((status.st_mode & S_IWOTH) != 0) {
    return SetupError{layer::kRoot, EPERM, "Anybody may write to the image. Take the right away: chmod o-w."};
  }
  if (fchdir(jail::kImageFd) != 0) {
    return jail::SystemError(layer::kRoot, "entering the image", errno, "The engine's user must be able to read it.");
  }
  return jail::CloseRange(jail::kImageFd);
}

SetupResult<> SetUp(const Arguments& arguments, jail::LayerLog& log) {
  if (SetupResult<> done = FollowParent(arguments.engine); !done) return done;
  // No terminal, and a process group of its own by which the engine can end it.
  if (setsid() < 0) return jail::SystemError(layer::kZygote, "setsid", errno);
  umask(077);
  if (SetupResult<> done = jail::ResetSignals(); !done) return done;
  if (SetupResult<> done = jail::ResetPersonality(); !done) return done;
  if (SetupResult<> done = jail::CloseRange(0, jail::kSocketFd - 1); !done) return done;
  if (SetupResult<> done = jail::CloseRange(jail::kImageFd + 1); !done) return done;
  if (SetupResult<> done = jail::ForbidNewPrivileges(); !done) return done;
  log.Enforced(layer::kNoNewPrivs, "");
  if (SetupResult<> done = EnterImage(); !done) return done;
  if (SetupResult<> done = jail::LeaveRoot(arguments.jail_uid); !done) return done;
  log.Enforced(layer::kUid, "host uid " + std::to_string(getuid()));
  if (SetupResult<> done = jail::LeaveSessionKeyring(); !done) return done;
  if (SetupResult<> done = FollowParent(arguments.engine); !done) return done;
  // /proc/self, where the id maps are written, belongs to root as long as the process is not dumpable.
  if (SetupResult<> done = jail::SetDumpable(jail::Dumpable::kYes); !done) return done;
  if (SetupResult<> done = jail::ResetScheduling(); !done) return done;
  if (SetupResult<> done = jail::EnterNamespaces(log); !done) return done;
  if (SetupResult<> done = jail::CutPropagation(); !done) return done;
  if (SetupResult<> done = jail::PivotIntoCurrentDirectory(); !done) return done;
  if (SetupResult<> done = jail::KeepSealCapabilities(); !done) return done;
  return FollowParent(arguments.engine);
}

// Lets the zygote wait until its parent was looked at after it had asked to die with it.
class Gate {
 public:
  static SetupResult<Gate> Make() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      return jail::SystemError(layer::kZygote, "socketpair", errno);
    }
    return Gate(UniqueFd(ends[0]), UniqueFd(ends[1]));
  }

  // In the zygote: knocks, and waits to be let through. False: the launcher has died.
  bool Pass() {
    launcher_.reset();
    return Tell(zygote_) && Hear(zygote_);
  }
  // In the launcher.
  bool AwaitKnock() {
    zygote_.reset();
    return Hear(launcher_);
  }
  bool Open() { return Tell(launcher_); }

 private:
  Gate(UniqueFd launcher, UniqueFd zygote) : launcher_(std::move(launcher)), zygote_(std::move(zygote)) {}
  static bool Tell(const UniqueFd& end) { return send(end.get(), "!", 1, MSG_NOSIGNAL) == 1; }
  static bool Hear(const UniqueFd& end) {
    char byte = 0;
    return recv(end.get(), &byte, 1, 0) == 1;
  }

  UniqueFd launcher_;
  UniqueFd zygote_;
};

// In the child: returns only if it fails.
SetupError BecomeZygote(Gate& gate, LaunchReport& launched) {
  if (SetupResult<> done = jail::DieWithParent(); !done) return done.error();
  if (!gate.Pass()) return {layer::kParentDeath, ESRCH, "The engine is gone."};
  launched.log.Enforced(layer::kPid, "");
  if (SetupResult<> done = jail::ApplyLimits(jail::LauncherLimits()); !done) return done.error();
  SetupResult<UniqueFd> report = WriteLaunchReport(launched);
  if (!report) return report.error();
  if (SetupResult<> done = jail::MoveDescriptor(report->release(), jail::kReportFd); !done) return done.error();
  if (SetupResult<> done = jail::CloseRange(0, jail::kSocketFd - 1); !done) return done.error();
  if (SetupResult<> done = jail::CloseRange(jail::kReportFd + 1); !done) return done.error();
  std::string name = "zygote";
  const std::array<char*, 2> arguments = {name.data(), nullptr};
  const std::array<char*, 1> no_environment = {nullptr};
  execve("/zygote", arguments.data(), no_environment.data());
  return jail::SystemError(
      layer::kZygote, "executing /zygote in the image", errno,
      "The image is incomplete, or its user may not read it: its folders need mode 0755, its files 0644 "
      "and the zygote 0755. Build it again.");
}

SetupResult<> Run(int argc, char** argv) {
  SetupResult<Arguments> arguments = ParseArguments(argc, argv);
  if (!arguments) return arguments.error();
  LaunchReport launched{arguments->start_mode, arguments->profile, jail::LayerLog(std::move(arguments->permitted))};
  if (SetupResult<> done = SetUp(*arguments, launched.log); !done) return done;
  SetupResult<Gate> gate = Gate::Make();
  if (!gate) return gate.error();
  const SetupResult<pid_t> zygote = jail::ForkIntoPidNamespace();
  if (!zygote) return zygote.error();
  if (*zygote == 0) return BecomeZygote(*gate, launched);
  // The child reports its own failures. If the engine died before the child asked to die with it, the gate stays shut.
  if (!gate->AwaitKnock()) return {};
  if (SetupResult<> done = CheckParent(arguments->engine); !done) return done;
  static_cast<void>(gate->Open());
  return {};
}

}  // namespace
}  // namespace warder::zygote

int main(int argc, char** argv) {
  const warder::jail::SetupResult<> result = warder::zygote::Run(argc, argv);
  if (result) return 0;
  warder::zygote::ReportSetupFailure(result.error());
  return 1;
}
