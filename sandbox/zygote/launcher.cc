#include "sandbox/zygote/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "sandbox/jail/layers.h"
#include "sandbox/proto/control.pb.h"
#include "sandbox/proto/frame.h"
#include "sandbox/zygote/launcher_process.h"
#include "sandbox/zygote/packet.h"

namespace warder::zygote {

namespace {

using Clock = std::chrono::steady_clock;

Error Breach(std::string_view what) { return Internal("The zygote broke its protocol: " + std::string(what) + "."); }

std::string Reason(int error_number) {
  return std::strerror(error_number);
}  // NOLINT(concurrency-mt-unsafe): glibc's is safe

}  // namespace

class Zygote::Impl {
 public:
  Impl(UniqueFd control, LauncherProcess process, const LaunchOptions& options)
      : control_(std::move(control)),
        process_(std::move(process)),
        start_mode_(options.start_mode),
        profile_(options.profile) {}

  Result<Ready> WaitReady(std::chrono::milliseconds deadline);
  Result<void> Spawn(std::uint64_t id, const UniqueFd& cell_end, const CellLimits& limits);
  Result<std::vector<ZygoteEvent>> Receive();
  std::string Finish() { return process_.Finish(); }
  bool ReapLauncher() { return process_.ReapLauncher(); }

  int control_fd() const { return control_.get(); }
  int launcher_pidfd() const { return process_.launcher_pidfd(); }
  int pidfd() const { return process_.zygote_pidfd(); }
  pid_t pid() const { return process_.zygote_pid(); }

 private:
  enum class Phase { kLaunching, kReady, kFailed, kClosed };
  enum class CellPhase { kAsked, kSpawned };

  Result<ZygoteEvent> OnMessage(Packet packet);
  Result<ZygoteEvent> OnReady(const proto::ZygoteReady& message, const Packet& packet);
  Result<ZygoteEvent> OnSpawned(std::uint64_t id, UniqueFd pidfd);
  Result<ZygoteEvent> OnEnd(std::uint64_t id, CellPhase earliest, ZygoteEvent event);

  UniqueFd control_;
  LauncherProcess process_;
  const StartMode start_mode_;
  const CellProfile profile_;
  PacketReader reader_;
  Phase phase_ = Phase::kLaunching;
  std::unordered_map<std::uint64_t, CellPhase> cells_;
};

Result<Ready> Zygote::Impl::WaitReady(std::chrono::milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  for (;;) {
    Result<std::vector<ZygoteEvent>> events = Receive();
    if (!events) return events.error();
    for (ZygoteEvent& event : *events) {
      if (auto* ready = std::get_if<Ready>(&event)) {
        pollfd left{process_.launcher_pidfd(), POLLIN, 0};
        while (!process_.ReapLauncher() && poll(&left, 1, static_cast<int>(deadline.count())) != 0) {
        }
        return std::move(*ready);
      }
      if (auto* failed = std::get_if<SetupFailed>(&event)) return Unenforceable(failed->layer, failed->message);
      if (std::holds_alternative<Closed>(event)) {
        return Internal("The zygote " + Finish() +
                        " before it was ready: the image is incomplete or does not fit this build. Build it again.");
      }
    }
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return Internal("The zygote was not ready in time. The machine may be overloaded.");
    pollfd control{control_.get(), POLLIN, 0};
    if (poll(&control, 1, static_cast<int>(left)) < 0 && errno != EINTR) return Internal("poll: " + Reason(errno));
  }
}

Result<void> Zygote::Impl::Spawn(std::uint64_t id, const UniqueFd& cell_end, const CellLimits& limits) {
  if (phase_ != Phase::kReady) return Internal("The zygote is not ready to make cells.");
  if (!cell_end || limits.data_bytes == 0 || limits.cpu_seconds == 0) {
    return InvalidInput("A cell needs a socket, a limit on memory and one on CPU time.");
  }
  if (cells_.contains(id)) return InvalidInput("The id " + std::to_string(id) + " is in use already.");
  proto::ToZygote message;
  proto::Spawn* spawn = message.mutable_spawn();
  spawn->set_id(id);
  spawn->set_data_bytes(limits.data_bytes);
  spawn->set_cpu_seconds(limits.cpu_seconds);
  const int error = SendPacket(control_.get(), message, cell_end.get(), Wait::kNo);
  if (error == EAGAIN) return Refused("The zygote's queue is full; try again when one of its events has arrived.");
  if (error != 0) return Internal("The zygote is gone: " + Reason(error) + ".");
  cells_.emplace(id, CellPhase::kAsked);
  return {};
}

Result<std::vector<ZygoteEvent>> Zygote::Impl::Receive() {
  std::vector<ZygoteEvent> events;
  while (phase_ != Phase::kClosed) {
    Packet packet = reader_.Receive(control_.get(), Wait::kNo);
    switch (packet.kind) {
      case Packet::Kind::kNothing:
        return events;
      case Packet::Kind::kEnd:
        phase_ = Phase::kClosed;
        events.emplace_back(Closed{});
        return events;
      case Packet::Kind::kMalformed:
        return Breach("a packet that is too long, or with more than one descriptor");
      case Packet::Kind::kError:
        return Internal("The control socket failed: " + Reason(packet.error_number) + ".");
      case Packet::Kind::kMessage:
        break;
    }
    Result<ZygoteEvent> event = OnMessage(std::move(packet));
    if (!event) return event.error();
    events.push_back(std::move(*event));
  }
  return events;
}

Result<ZygoteEvent> Zygote::Impl::OnMessage(Packet packet) {
  proto::FromZygote message;
  if (!proto::ParseMessage(packet.bytes, &message)) return Breach("not a message");
  using Case = proto::FromZygote::MessageCase;
  if (static_cast<bool>(packet.fd) != (message.message_case() == Case::kSpawned)) {
    return Breach("a descriptor where there must be none, or none where there must be one");
  }
  switch (message.message_case()) {
    case Case::kReady:
      return OnReady(message.ready(), packet);
    case Case::kSetupFailed: {
      if (phase_ != Phase::kLaunching) return Breach("SetupFailed from a zygote that is ready");
      phase_ = Phase::kFailed;
      const proto::SetupFailed& failed = message.setup_failed();
      return SetupFailed{failed.layer(), failed.error_number(), failed.message()};
    }
    case Case::kSpawned:
      return OnSpawned(message.spawned().id(), std::move(packet.fd));
    case Case::kSpawnFailed: {
      const proto::SpawnFailed& failed = message.spawn_failed();
      return OnEnd(failed.id(), CellPhase::kAsked, SpawnFailed{failed.id(), failed.layer(), failed.error_number()});
    }
    case Case::kReaped: {
      const proto::Reaped& reaped = message.reaped();
      return OnEnd(reaped.id(), CellPhase::kSpawned,
                   Reaped{reaped.id(), reaped.wait_status(), std::chrono::microseconds(reaped.user_us()),
                          std::chrono::microseconds(reaped.system_us()), reaped.peak_rss_bytes()});
    }
    case Case::MESSAGE_NOT_SET:
      break;
  }
  return Breach("an empty or unknown message");
}

Result<ZygoteEvent> Zygote::Impl::OnReady(const proto::ZygoteReady& message, const Packet& packet) {
  if (phase_ != Phase::kLaunching) return Breach("Ready twice");
  if (message.start_mode() != StartModeName(start_mode_)) return Breach("Ready in another start mode");
  if (message.profile() != CellProfileName(profile_)) return Breach("Ready in another profile");
  // The kernel says who sent it, so that the pid needs no trust; our own unreaped child cannot be mistaken for another.
  if (!packet.sender) return Breach("Ready without a sender");
  if (Result<void> adopted = process_.AdoptZygote(packet.sender->pid); !adopted) return adopted.error();
  phase_ = Phase::kReady;
  Ready ready{message.v8_version(), start_mode_, profile_, {}};
  for (const proto::Layer& layer : message.layers()) {
    ready.layers.push_back({layer.name(), layer.enforced(), layer.detail()});
  }
  return ready;
}

Result<ZygoteEvent> Zygote::Impl::OnSpawned(std::uint64_t id, UniqueFd pidfd) {
  const auto cell = cells_.find(id);
  if (cell == cells_.end() || cell->second != CellPhase::kAsked)
    return Breach("Spawned for an id that was not asked for");
  cell->second = CellPhase::kSpawned;
  return Spawned{id, std::move(pidfd)};
}

Result<ZygoteEvent> Zygote::Impl::OnEnd(std::uint64_t id, CellPhase earliest, ZygoteEvent event) {
  const auto cell = cells_.find(id);
  if (cell == cells_.end() || cell->second < earliest) return Breach("the end of a cell that was not asked for");
  cells_.erase(cell);
  return event;
}

Result<Zygote> Zygote::Launch(const LaunchOptions& options) {
  if (options.profile == CellProfile::kJit && options.start_mode != StartMode::kWarm) {
    return InvalidInput(
        "The profile jit needs start mode warm: memory can be made executable for an isolate of the zygote's only.");
  }
  for (const std::string& name : options.permit_degraded) {
    const jail::LayerInfo* layer = jail::FindLayer(name);
    if (layer == nullptr) return InvalidInput("There is no layer \"" + name + "\"; `warder doctor` lists them.");
    if (layer->requirement != jail::Requirement::kDegradable) {
      return InvalidInput("the layer \"" + name +
                          "\" is not one that can be permitted to be missing; only landlock is");
    }
  }
  const UniqueFd image(open(options.image_root.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!image) {
    return Internal("The image " + options.image_root + " cannot be used: " + Reason(errno) +
                    ". It must be a folder, not a symbolic link to one; build or install it again.");
  }
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return Internal("socketpair: " + Reason(errno));
  UniqueFd control(ends[0]);
  const UniqueFd jail_end(ends[1]);
  const int on = 1;
  if (fcntl(control.get(), F_SETFL, O_NONBLOCK) != 0 ||
      setsockopt(control.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0) {
    return Internal("setsockopt: " + Reason(errno));
  }
  Result<LauncherProcess> process = LauncherProcess::Start(options, jail_end, image);
  if (!process) return process.error();
  return Zygote(std::make_unique<Impl>(std::move(control), std::move(*process), options));
}

Zygote::Zygote(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Zygote::Zygote(Zygote&& other) noexcept = default;
Zygote& Zygote::operator=(Zygote&& other) noexcept = default;
Zygote::~Zygote() = default;

Result<Ready> Zygote::WaitReady(std::chrono::milliseconds deadline) { return impl_->WaitReady(deadline); }
int Zygote::control_fd() const { return impl_->control_fd(); }
int Zygote::pidfd() const { return impl_->pidfd(); }
pid_t Zygote::pid() const { return impl_->pid(); }
bool Zygote::ReapLauncher() { return impl_->ReapLauncher(); }
int Zygote::launcher_pidfd() const { return impl_->launcher_pidfd(); }
Result<void> Zygote::Spawn(std::uint64_t id, const UniqueFd& cell_end, const CellLimits& limits) {
  return impl_->Spawn(id, cell_end, limits);
}
std::string Zygote::Finish() { return impl_->Finish(); }
Result<std::vector<ZygoteEvent>> Zygote::Receive() { return impl_->Receive(); }

}  // namespace warder::zygote
