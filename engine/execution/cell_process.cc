#include "engine/execution/cell_process.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <stdexcept>
#include <utility>

#include "sandbox/jail/pidfd.h"

namespace warder::execution {
namespace {

// What a cgroup counts beside data: the stack, page tables, socket buffers, pages of the zygote's that were written to.
constexpr std::uint64_t kMemorySlackBytes = std::uint64_t{64} << 20;
// A cell that is not ready so long after it came to be never will be: the machine is overloaded or broken.
constexpr std::chrono::seconds kReadyDeadline{15};
// How long a zygote may take to wait for a cell that is dead.
constexpr std::chrono::seconds kReapDeadline{5};
// The kernel lets go of a cgroup a moment after the death of its last process is known: tried once a millisecond.
constexpr int kRemoveAttempts = 50;

}  // namespace

CellProcess::CellProcess(boost::asio::io_context& loop, std::shared_ptr<ZygoteHost> zygote,
                         const zygote::CellLimits& limits, CellObserver& observer, DescriptorLedger& ledger,
                         Usher& usher)
    : loop_(loop),
      zygote_(std::move(zygote)),
      observer_(observer),
      ledger_(ledger),
      usher_(usher),
      memory_bytes_(limits.data_bytes + kMemorySlackBytes),
      own_limits_(jail::MemoryAndCpuLimits(limits.data_bytes, limits.cpu_seconds)),
      death_watch_(loop),
      timer_(loop) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a cell's socket");
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  claim_.emplace(std::max(ours.get(), theirs.get()));
  ledger_.Made(ours.get());
  ledger_.Made(theirs.get());
  channel_ = std::make_shared<CellChannel>(loop_, std::move(ours));
  id_ = zygote_->Spawn(*this, std::move(theirs), limits);
  channel_->Open({
      .on_frame =
          [this](const proto::FromCell& frame) {
            heard_ = true;
            observer_.OnFrame(frame);
          },
      .on_request_body = [this](const proto::BodyHeader& header,
                                std::string_view data) { observer_.OnRequestBody(header.call, data, header.last); },
      .on_closed = [this](const std::string& error) { observer_.OnStreamEnd(error); },
  });
}

CellProcess::~CellProcess() {
  *alive_ = false;
  channel_->Close();
  zygote_->Forget(id_);
  if (!finished_) Signal(SIGKILL);
  if (death_watch_.is_open()) death_watch_.release();  // pidfd_ owns the descriptor
}

void CellProcess::OnSpawned(UniqueFd pidfd) {
  pidfd_ = std::move(pidfd);
  pid_ = jail::PidOf(pidfd_.get());
  ledger_.Made(pidfd_.get(), pid_);
  death_.spawned = true;
  AwaitDeath();
  if (kill_wanted_) {
    Signal(SIGKILL);
    return;
  }
  if (pid_ <= 0) return Refuse(jail::layer::kPid, "Its pid cannot be read from /proc.");
  if (!usher_.state().enforced) return BeSpawned();
  UniqueFd copy(::fcntl(pidfd_.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy)
    return Refuse(jail::layer::kCgroupLimits, std::string("its pidfd cannot be copied: ") + std::strerror(errno));
  admitting_ = true;
  usher_.Admit(std::move(copy), memory_bytes_, [this, alive = alive_](Usher::Seat seat) {
    if (*alive) OnAdmitted(std::move(seat));
  });
}

void CellProcess::OnAdmitted(Usher::Seat seat) {
  admitting_ = false;
  leaf_ = std::move(seat.leaf);
  cgroup_time_ = seat.time;
  death_.had_cgroup = !leaf_.empty();
  for (const int fd : leaf_.Descriptors()) ledger_.Made(fd);
  if (death_.confirmed) return FinishIfOver();
  if (kill_wanted_) return Kill();
  if (!seat.taken) return Refuse(jail::layer::kCgroupLimits, seat.taken.error().message);
  BeSpawned();
}

void CellProcess::BeSpawned() {
  claim_.reset();
  AwaitReady();
  observer_.OnSpawned();
}

void CellProcess::Refuse(std::string_view layer, std::string why) {
  // Unless it is dead already, of which there is more to hear.
  if (IsDead()) return;
  death_.failed_layer = layer;
  death_.failed_why = std::move(why);
  Kill();
}

void CellProcess::AwaitReady() {
  timer_.expires_after(kReadyDeadline);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive && !heard_ && !death_.confirmed) GiveUp("the cell was not ready in time");
  });
}

void CellProcess::AwaitDeath() {
  boost::system::error_code error;
  death_watch_.assign(pidfd_.get(), error);
  if (error) {
    GiveUp("the cell's death could not be watched for: " + error.message());
    PollForDeath();
    return;
  }
  WatchForDeath();
}

void CellProcess::WatchForDeath() {
  death_watch_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                          [this, alive = alive_](const boost::system::error_code& failed) {
                            if (!*alive || failed) return;
                            // Asio may hand on what it has heard of a descriptor that was closed meanwhile.
                            if (!IsDead()) return WatchForDeath();
                            OnDead();
                          });
}

void CellProcess::PollForDeath() {
  if (IsDead()) {
    OnDead();
    return;
  }
  timer_.expires_after(std::chrono::milliseconds(1));
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) PollForDeath();
  });
}

void CellProcess::OnDead() {
  death_.confirmed = true;
  AwaitReaping();
  FinishIfOver();
}

void CellProcess::GiveUp(std::string why) {
  if (death_.fault.empty()) death_.fault = std::move(why);
  Kill();
}

void CellProcess::OnSpawnFailed(const zygote::SpawnFailed& failure) {
  death_.failed_layer = failure.layer;
  death_.failed_errno = failure.error_number;
  death_.reaped = death_.spawned;  // or it would not be known that it failed
  FinishIfOver();
}

void CellProcess::OnReaped(const zygote::Reaped& reaped) {
  death_.reaped = true;
  death_.wait_status = reaped.wait_status;
  death_.cpu = reaped.user + reaped.system;
  death_.peak_rss_bytes = reaped.peak_rss_bytes;
  FinishIfOver();
}

void CellProcess::OnZygoteLost(const Error& why) {
  death_.zygote_lost = why.message;
  death_.unenforceable = why.kind == ErrorKind::kUnenforceable;
  Signal(SIGKILL);
  FinishIfOver();
}

void CellProcess::FinishIfOver() {
  if (finished_ || admitting_) return;
  const bool never_made = !death_.spawned && (!death_.failed_layer.empty() || !death_.zygote_lost.empty());
  const bool dead = death_.confirmed && (death_.reaped || !death_.zygote_lost.empty());
  if (!never_made && !dead) return;
  finished_ = true;
  claim_.reset();
  timer_.cancel();
  death_.cgroup = leaf_.Usage();
  RemoveCgroup(kRemoveAttempts);
}

void CellProcess::AwaitReaping() {
  timer_.expires_after(kReapDeadline);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive && !death_.reaped) zygote_->GiveUp("it did not wait for a cell that is dead");
  });
}

void CellProcess::RemoveCgroup(int attempts_left) {
  death_.cgroup_removed = leaf_.Remove();
  if (!death_.cgroup_removed && attempts_left > 0) {
    timer_.expires_after(std::chrono::milliseconds(1));
    timer_.async_wait([this, alive = alive_, attempts_left](const boost::system::error_code& error) {
      if (!error && *alive) RemoveCgroup(attempts_left - 1);
    });
    return;
  }
  // The observer may destroy us when it hears of the death, so that comes from the loop, after the last frames.
  boost::asio::post(loop_, [this, alive = alive_] {
    if (!*alive) return;
    channel_->Drain();
    if (*alive) observer_.OnDeath(death_);
  });
}

std::vector<jail::LayerState> CellProcess::ReportedLayers() const {
  std::vector<jail::LayerState> layers = zygote_->report().layers;
  layers.push_back(usher_.state());
  return layers;
}

bool CellProcess::IsDead() const { return !jail::IsAlive(pidfd_.get()); }

void CellProcess::AskToStop() { Signal(SIGUSR1); }

void CellProcess::Kill() {
  kill_wanted_ = true;
  Signal(SIGKILL);
  leaf_.Kill();  // and whatever else is in there
}

void CellProcess::Signal(int number) const {
  // ESRCH (it is dead already) is what we want; anything else shows in the pidfd never becoming readable.
  if (pidfd_) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

std::optional<std::chrono::microseconds> CellProcess::CpuTime() const {
  if (pid_ <= 0 || death_.confirmed) return std::nullopt;
  // The process-wide CPU clock of another process, as clock_getcpuclockid(3) makes it. The pid cannot have been reused:
  // its zygote only reaps what we then hear of.
  const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(pid_) << 3) | 2u);
  timespec time{};
  if (::clock_gettime(clock, &time) != 0) return std::nullopt;
  return std::chrono::microseconds(time.tv_sec * 1'000'000 + time.tv_nsec / 1'000);
}

}  // namespace warder::execution
