#include "sandbox/zygote/fork_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <unordered_map>
#include <utility>

#include "sandbox/jail/descriptors.h"
#include "sandbox/jail/namespaces.h"
#include "sandbox/jail/process.h"
#include "sandbox/proto/control.pb.h"
#include "sandbox/proto/frame.h"
#include "sandbox/zygote/cell_setup.h"
#include "sandbox/zygote/packet.h"
#include "sandbox/zygote/seal.h"
#include "sandbox/zygote/setup_failure.h"

namespace warder::zygote {

namespace {

// SIGCHLD only has to interrupt ppoll.
void OnChild(int) {}

// One socket, many children, no descriptor but the socket and the failure pipe.
class ForkServer {
 public:
  ForkServer(const ZygoteHooks& hooks, const CellTemplate& shape) : hooks_(hooks), shape_(shape) {}

  // Serves until the engine is gone. Returns the exit status.
  int Serve();
  bool SendReady(const std::string& v8_version, const LaunchReport& report);

 private:
  bool Send(const proto::FromZygote& message, int fd = -1) {
    return SendPacket(jail::kSocketFd, message, fd, Wait::kYes) == 0;
  }
  bool OnPacket(Packet packet);
  bool SpawnCell(CellRequest request);
  bool SendSpawnFailed(std::uint64_t id, std::string_view layer, int error_number);
  void ReadFailures();
  bool ReapAll();
  bool SendEnd(std::uint64_t id, int status, const rusage& usage);

  const ZygoteHooks& hooks_;
  const CellTemplate shape_;
  PacketReader reader_;
  std::unordered_map<pid_t, std::uint64_t> cells_;
  std::unordered_map<std::uint64_t, FailureRecord> failures_;
};

bool ForkServer::SendReady(const std::string& v8_version, const LaunchReport& report) {
  proto::FromZygote message;
  proto::ZygoteReady* ready = message.mutable_ready();
  ready->set_v8_version(v8_version);
  ready->set_start_mode(std::string(StartModeName(report.start_mode)));
  ready->set_profile(std::string(CellProfileName(report.profile)));
  for (const jail::LayerState& state : report.log.states()) {
    proto::Layer* layer = ready->add_layers();
    layer->set_name(state.name);
    layer->set_enforced(state.enforced);
    layer->set_detail(state.detail);
  }
  return Send(message);
}

int ForkServer::Serve() {
  // SIGCHLD is blocked except inside of ppoll, so that none is missed between the reaping and the waiting.
  sigset_t waiting;
  sigemptyset(&waiting);
  for (;;) {
    if (!ReapAll()) return 0;
    pollfd control{jail::kSocketFd, POLLIN, 0};
    const int ready = ppoll(&control, 1, nullptr, &waiting);
    if (ready < 0 && errno != EINTR) return 1;
    if (ready <= 0) continue;
    Packet packet = reader_.Receive(jail::kSocketFd, Wait::kNo);
    if (packet.kind == Packet::Kind::kEnd) return 0;
    if (packet.kind == Packet::Kind::kNothing) continue;
    // The engine is trusted, but what does not follow the protocol ends the zygote rather than being guessed at.
    if (packet.kind != Packet::Kind::kMessage || !OnPacket(std::move(packet))) return 1;
  }
}

bool ForkServer::OnPacket(Packet packet) {
  proto::ToZygote message;
  if (!proto::ParseMessage(packet.bytes, &message) || !message.has_spawn() || !packet.fd) {
    return false;
  }
  const proto::Spawn& spawn = message.spawn();
  if (spawn.data_bytes() == 0 || spawn.cpu_seconds() == 0) {
    return SendSpawnFailed(spawn.id(), jail::layer::kRlimits, EINVAL);
  }
  return SpawnCell({spawn.id(), spawn.data_bytes(), spawn.cpu_seconds(), std::move(packet.fd)});
}

bool ForkServer::SpawnCell(CellRequest request) {
  const std::uint64_t started = NowNs();
  jail::SetupResult<jail::ForkedCell> forked = jail::ForkCell();
  if (!forked) return SendSpawnFailed(request.id, forked.error().layer, forked.error().error_number);
  if (forked->pid == 0) BecomeCell(request, shape_, hooks_, started);
  cells_.emplace(forked->pid, request.id);
  proto::FromZygote message;
  message.mutable_spawned()->set_id(request.id);
  return Send(message, forked->pidfd.get());
}

bool ForkServer::SendSpawnFailed(std::uint64_t id, std::string_view layer, int error_number) {
  proto::FromZygote message;
  proto::SpawnFailed* failed = message.mutable_spawn_failed();
  failed->set_id(id);
  failed->set_layer(std::string(layer));
  failed->set_error_number(error_number);
  return Send(message);
}

void ForkServer::ReadFailures() {
  FailureRecord record;
  while (read(jail::kFailureReadFd, &record, sizeof record) == sizeof record) failures_[record.id] = record;
}

bool ForkServer::ReapAll() {
  for (;;) {
    int status = 0;
    rusage usage{};
    const pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
    if (pid <= 0) return true;
    const auto cell = cells_.find(pid);
    if (cell == cells_.end()) continue;
    const std::uint64_t id = cell->second;
    cells_.erase(cell);
    if (!SendEnd(id, status, usage)) return false;
  }
}

bool ForkServer::SendEnd(std::uint64_t id, int status, const rusage& usage) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == kSetupFailedExitStatus) ReadFailures();
  if (const auto failure = failures_.find(id); failure != failures_.end()) {
    const FailureRecord record = failure->second;
    failures_.erase(failure);
    const auto layers = jail::Layers();
    const auto index = static_cast<std::size_t>(record.layer_index);
    return SendSpawnFailed(id, index < layers.size() ? layers[index].name : jail::layer::kZygote, record.error_number);
  }
  const auto microseconds = [](const timeval& t) {
    return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_usec);
  };
  proto::FromZygote message;
  proto::Reaped* reaped = message.mutable_reaped();
  reaped->set_id(id);
  reaped->set_wait_status(status);
  reaped->set_user_us(microseconds(usage.ru_utime));
  reaped->set_system_us(microseconds(usage.ru_stime));
  reaped->set_peak_rss_bytes(static_cast<std::uint64_t>(usage.ru_maxrss) * 1024);
  return Send(message);
}

bool WatchChildren() {
  struct sigaction action {};
  action.sa_handler = OnChild;
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  return sigprocmask(SIG_SETMASK, &blocked, nullptr) == 0 && sigaction(SIGCHLD, &action, nullptr) == 0;
}

}  // namespace

int RunZygote(const ZygoteHooks& hooks) {
  std::string v8_version;
  CellTemplate shape;
  const jail::SetupResult<LaunchReport> sealed = PrepareAndSeal(hooks, &v8_version, &shape);
  if (!sealed) {
    ReportSetupFailure(sealed.error());
    return 1;
  }
  if (!WatchChildren()) return 1;
  ForkServer server(hooks, shape);
  if (!server.SendReady(v8_version, *sealed)) return 0;
  return server.Serve();
}

}  // namespace warder::zygote
