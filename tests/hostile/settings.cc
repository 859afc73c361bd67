#include "tests/hostile/settings.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <pty.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <stdexcept>

#include "sandbox/jail/capabilities.h"
#include "sandbox/jail/descriptors.h"
#include "sandbox/jail/identity.h"
#include "sandbox/jail/landlock.h"
#include "sandbox/jail/namespaces.h"
#include "sandbox/jail/process.h"
#include "sandbox/jail/rlimits.h"
#include "sandbox/jail/root.h"
#include "sandbox/jail/syscall_filter.h"
#include "sandbox/jail/syscall_table.h"
#include "sandbox/jail/testing/bpf_evaluator.h"
#include "sandbox/jail/testing/child.h"
#include "sandbox/jail/violation.h"
#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"
#include "tests/hostile/order.h"

namespace warder::hostile {

namespace {

namespace layer = jail::layer;
using jail::SetupResult;

// A child that hangs ends by SIGALRM, which is no way for an attempt to end.
constexpr unsigned kChildSeconds = 20;
// Said by a child that could not make its setting.
constexpr std::string_view kNoSetting = "no setting: ";

Outcome Open(std::vector<long> calls) { return {Outcome::Kind::kOpen, 0, "", std::move(calls)}; }
Outcome Filtered(std::string how) { return {Outcome::Kind::kFilter, 0, std::move(how), {}}; }
Outcome Kernel(int error, std::vector<long> calls) { return {Outcome::Kind::kKernel, error, "", std::move(calls)}; }
Outcome Untried(std::string why) { return {Outcome::Kind::kUntried, 0, std::move(why), {}}; }
Outcome Broken(std::string what) { return {Outcome::Kind::kBroken, 0, std::move(what), {}}; }

// What the cell's filter says to the call that decided.
bool FilterAnswers(const Report& report) {
  seccomp_data data{};
  data.nr = static_cast<int>(report.number);
  data.arch = AUDIT_ARCH_X86_64;
  std::copy(report.words.begin(), report.words.end(), data.args);
  const auto answer = jail::testing::Evaluate(jail::Filter(jail::Profile::kCell), data);
  return answer && *answer == (SECCOMP_RET_ERRNO | (static_cast<std::uint32_t>(-report.result) & SECCOMP_RET_DATA));
}

Outcome JudgeReport(const Probe& probe, const std::string& said, bool filter_is_on) {
  const auto report = ParseReport(said);
  if (!report) return Broken("said: " + said);
  if (report->result < 0 && filter_is_on && FilterAnswers(*report)) {
    return Filtered(DescribeError(static_cast<int>(-report->result)));
  }
  const int error = static_cast<int>(-report->result);
  const bool reached = std::find(probe.reached.begin(), probe.reached.end(), error) != probe.reached.end();
  if (report->result >= 0 || reached) {
    Outcome open = Open(report->calls);
    open.error = report->result >= 0 ? 0 : error;
    return open;
  }
  return Kernel(error, report->calls);
}

Outcome JudgeViolation(const std::string& said, const std::vector<long>& calls) {
  proto::FrameReader reader;
  proto::FromCell message;
  const auto payload = reader.Feed(said) ? reader.Next() : std::nullopt;
  if (!payload || !message.ParseFromArray(payload->data(), static_cast<int>(payload->size())) ||
      !message.has_violation()) {
    return Broken("ended as by a violation, without the frame");
  }
  const auto number = static_cast<long>(message.violation().syscall());
  if (std::find(calls.begin(), calls.end(), number) == calls.end()) {
    return Broken("the filter stopped another call: " + jail::SyscallName(number));
  }
  return Filtered("kill");
}

// `calls`: those the attempt makes unjailed.
Outcome Judge(const Probe& probe, const std::string& said, int status, bool filter_is_on,
              const std::vector<long>& calls) {
  if (said.starts_with(kNoSetting)) return Broken(said);
  if (WIFEXITED(status) && filter_is_on && WEXITSTATUS(status) == jail::kViolationExitStatus) {
    return JudgeViolation(said, calls);
  }
  if (WIFSIGNALED(status) && filter_is_on && WTERMSIG(status) == SIGSYS) return Filtered("kill at once");
  if (!said.empty()) return JudgeReport(probe, said, filter_is_on);
  switch (probe.death) {
    case Death::kCore:
      if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV) {
        return WCOREDUMP(status) ? Open({SYS_prctl}) : Kernel(kNothing, {});
      }
      break;
    case Death::kCpu:
      if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return Kernel(kKilled, {});
      break;
    case Death::kExec:
      // What came before is not told; the calls that can.
      if (WIFEXITED(status)) {
        return WEXITSTATUS(status) == 0 ? Open({SYS_execve, SYS_execveat, SYS_memfd_create}) : Kernel(kNothing, {});
      }
      break;
    case Death::kNone:
      break;
  }
  return Broken("ended with status " + std::to_string(status) + " and said nothing");
}

// ---- In the child

void Plant(const char* path, int flags, int target) {
  const int file = open(path, flags);
  if (file == target) return;
  dup2(file, target);
  close(file);
}

std::string Why(const SetupResult<>& result) { return result ? "" : result.error().message; }

std::string BecomeStranger(const World& world) {
  if (const auto done = jail::LeaveRoot(jail::JailUidFor(world.runner)); !done) return done.error().message;
  return Why(jail::SetDumpable(jail::Dumpable::kYes));
}

std::string EnterOwnNamespaces() {
  jail::LayerLog log({});
  return Why(jail::EnterNamespaces(log));
}

// Mount namespace A, whose list of mounts stays open; then B, of the same peer group.
std::string ShareMounts() {
  if (std::string why = EnterOwnNamespaces(); !why.empty()) return why;
  if (mount(nullptr, "/", nullptr, MS_REC | MS_SHARED, nullptr) != 0) return "mount: shared";
  Plant("/proc/self/mountinfo", O_RDONLY, kOuterMounts);
  return unshare(CLONE_NEWNS) == 0 ? "" : "unshare";
}

std::string TakeTerminal() {
  int leader = -1;
  int terminal = -1;
  if (openpty(&leader, &terminal, nullptr, nullptr, nullptr) != 0) return "openpty";
  // The hangup when it is closed.
  signal(SIGHUP, SIG_IGN);
  if (dup2(terminal, 0) != 0 || ioctl(0, TIOCSCTTY, 0) != 0) return "TIOCSCTTY";
  return "";
}

std::string PrepareBase(const Probe& probe, const World& world) {
  alarm(kChildSeconds);
  // Alone in a session, so that signalling its group or losing its terminal reaches nobody else.
  if (setsid() < 0 || chdir(world.folder.data()) != 0) return "setsid, chdir";
  Plant("/", O_RDONLY | O_DIRECTORY, kPlantedFolder);
  Plant("/dev/null", O_RDWR, kPlantedFile);
  Plant("/", O_RDONLY | O_DIRECTORY, kPlantedHigh);
  rlimit core{};
  getrlimit(RLIMIT_CORE, &core);
  core.rlim_cur = probe.death == Death::kCore ? core.rlim_max : 0;
  setrlimit(RLIMIT_CORE, &core);
  switch (probe.base) {
    case Base::kAsStarted:
      return "";
    case Base::kStranger:
      return BecomeStranger(world);
    case Base::kOwnNamespaces:
      return EnterOwnNamespaces();
    case Base::kSharedMounts:
      return ShareMounts();
    case Base::kTerminal:
      return TakeTerminal();
  }
  return "no such base";
}

// One kind of namespace; for an ordinary user, in a user namespace, which is the only way to it.
std::string Unshare(unsigned long flag) {
  const unsigned long user = geteuid() == 0 || flag == CLONE_NEWUSER ? 0 : CLONE_NEWUSER;
  return unshare(static_cast<int>(flag | user)) == 0 ? "" : std::string("unshare: ") + std::strerror(errno);
}

std::string RootAlone() {
  if (std::string why = Unshare(CLONE_NEWNS); !why.empty()) return why;
  if (const auto done = jail::CutPropagation(); !done) return done.error().message;
  return Why(jail::PivotIntoNothing());
}

std::string LandlockAlone() {
  const auto abi = jail::LandlockAbi();
  if (!abi) return abi.error().message;
  if (const auto done = jail::ForbidNewPrivileges(); !done) return done.error().message;
  return Why(jail::DenyByLandlock(*abi));
}

std::string FilterAlone() {
  if (const auto done = jail::ForbidNewPrivileges(); !done) return done.error().message;
  // Not a layer: it makes the filter's kill tell which call it was.
  if (const auto done = jail::InstallSignalHandlers({}); !done) return done.error().message;
  return Why(jail::InstallFilter(jail::Profile::kCell));
}

std::string LimitsAlone() {
  if (const auto done = jail::ApplyLimits(jail::CellLimits()); !done) return done.error().message;
  return Why(jail::ApplyLimits(jail::MemoryAndCpuLimits(kDataBytes, kCpuSeconds)));
}

std::string UtsAlone() {
  if (std::string why = Unshare(CLONE_NEWUTS); !why.empty()) return why;
  return sethostname("jail", 4) == 0 ? "" : "sethostname";
}

std::string SpeculationAlone() {
  const auto done = jail::RestrictSpeculation();
  return done ? "" : done.error().message;
}

std::string CloseAll() {
  if (const auto done = jail::CloseRange(0, jail::kSocketFd - 1); !done) return done.error().message;
  return Why(jail::CloseRange(jail::kSocketFd + 1));
}

// The pid and time namespaces are not among them: they are the next process's.
std::string Enter(std::string_view name, const World& world) {
  if (name == layer::kSeccomp) return FilterAlone();
  if (name == layer::kLandlock) return LandlockAlone();
  if (name == layer::kUser) return Unshare(CLONE_NEWUSER);
  if (name == layer::kNetwork) return Unshare(CLONE_NEWNET);
  if (name == layer::kIpc) return Unshare(CLONE_NEWIPC);
  if (name == layer::kCgroup) return Unshare(CLONE_NEWCGROUP);
  if (name == layer::kUts) return UtsAlone();
  if (name == layer::kMount) return Why(jail::CutPropagation());
  if (name == layer::kRoot) return RootAlone();
  if (name == layer::kNoNewPrivs) return Why(jail::ForbidNewPrivileges());
  if (name == layer::kCapabilities) return Why(jail::DropAllCapabilities());
  if (name == layer::kMdwe) return Why(jail::RefuseExecGain());
  if (name == layer::kRlimits) return LimitsAlone();
  if (name == layer::kDescriptors) return CloseAll();
  if (name == layer::kUid) return BecomeStranger(world);
  if (name == layer::kNotDumpable) return Why(jail::SetDumpable(jail::Dumpable::kNo));
  if (name == layer::kSpeculation) return SpeculationAlone();
  return "there is no way to have this layer alone";
}

// Hands the end of a further process on.
[[noreturn]] void EndLike(int status) {
  if (WIFSIGNALED(status)) {
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

bool IsOfTheNextProcess(std::string_view name) { return name == layer::kPid || name == layer::kTime; }

std::string EnterForTheNext(std::string_view name) {
  if (name == layer::kPid) return Unshare(CLONE_NEWPID);
  if (std::string why = Unshare(CLONE_NEWTIME); !why.empty()) return why;
  return Why(jail::StartClocksAnew());
}

std::string InNextProcess(std::string_view name, const Probe& probe, const World& world) {
  if (std::string why = EnterForTheNext(name); !why.empty()) return std::string(kNoSetting) + why;
  const pid_t child = fork();
  if (child < 0) return std::string(kNoSetting) + "fork";
  if (child == 0) return RunAttempt(probe, world);
  int status = 0;
  waitpid(child, &status, 0);
  EndLike(status);
}

std::string TryInChild(const Probe& probe, const World& world, std::string_view name) {
  std::string why = PrepareBase(probe, world);
  if (why.empty() && IsOfTheNextProcess(name)) return InNextProcess(name, probe, world);
  if (why.empty() && !name.empty()) why = Enter(name, world);
  return why.empty() ? RunAttempt(probe, world) : std::string(kNoSetting) + why;
}

void SendDescriptor(int socket) {
  char byte = 'd';
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* rights = CMSG_FIRSTHDR(&message);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  const int fd = kPlantedHigh;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
  if (sendmsg(socket, &message, MSG_NOSIGNAL) != 1) throw std::runtime_error("sendmsg");
}

Outcome RunChild(const Fixture& fixture, const Probe& probe, std::string_view name, const std::vector<long>& calls) {
  const World world = name == layer::kNotDumpable ? fixture.world_with_hidden_victim() : fixture.world();
  const auto before = [&](int socket) {
    if (probe.sends_descriptor) SendDescriptor(socket);
  };
  const auto end = jail::testing::InChild([&] { return TryInChild(probe, world, name); }, before);
  return Judge(probe, end.said, end.status, name == layer::kSeccomp, calls);
}

}  // namespace

std::string DescribeError(int error) {
  if (error == kNothing) return "nothing gained";
  if (error == kKilled) return "SIGKILL";
  return jail::ErrnoName(error);
}

std::string Describe(const Outcome& outcome) {
  switch (outcome.kind) {
    case Outcome::Kind::kOpen:
      return outcome.error == 0 ? "open" : "reached(" + DescribeError(outcome.error) + ")";
    case Outcome::Kind::kFilter:
      return "FILTER(" + outcome.text + ")";
    case Outcome::Kind::kKernel:
      return "KERNEL(" + DescribeError(outcome.error) + ")";
    case Outcome::Kind::kUntried:
      return "NOT_EXERCISABLE(" + outcome.text + ")";
    case Outcome::Kind::kBroken:
      break;
  }
  return "BROKEN(" + outcome.text + ")";
}

Outcome TryUnjailed(const Fixture& fixture, const Probe& probe) {
  Outcome outcome = RunChild(fixture, probe, "", {});
  const bool refused = outcome.kind == Outcome::Kind::kKernel;
  if (refused && !probe.needs_root.empty() && geteuid() != 0) {
    Outcome untried = Untried(std::string(probe.needs_root));
    untried.calls = outcome.calls;
    return untried;
  }
  return outcome;
}

Outcome TryAlone(const Fixture& fixture, const Probe& probe, std::string_view name, const std::vector<long>& calls) {
  if (name != layer::kSeccomp && geteuid() != 0) {
    if (!probe.needs_root.empty()) return Untried(std::string(probe.needs_root));
    if (name == layer::kUid) return Untried("an ordinary user's jail keeps the user's own id");
  }
  return RunChild(fixture, probe, name, calls);
}

Outcome TryInCell(const Fixture& fixture, const Probe& probe, Place place, testcases::TestEngine& engine,
                  WithFilter with_filter, const std::vector<long>& calls) {
  const bool jit = engine.ready().profile == zygote::CellProfile::kJit;
  testcases::Cell cell = engine.Spawn({kDataBytes + (jit ? zygote::kCodeRangeBytes : 0), kCpuSeconds});
  const Order order{place.group, place.probe, fixture.world()};
  if (send(cell.socket.get(), &order, sizeof order, MSG_NOSIGNAL) != sizeof order) return Broken("the cell is gone");
  if (probe.sends_descriptor) SendDescriptor(cell.socket.get());
  const std::string said = cell.ReadRest();
  return Judge(probe, said, engine.AwaitReaped(cell.id).wait_status, with_filter == WithFilter::kYes, calls);
}

}  // namespace warder::hostile
