#include "engine/execution/zygote_host.h"

#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>

#include "sandbox/jail/layers.h"

namespace warder::execution {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

constexpr std::chrono::seconds kReadyDeadline{15};
// What may be on its way to the zygote at once; the socket between has room for some 250.
constexpr std::size_t kMaxUnanswered = 64;

}  // namespace

Result<std::shared_ptr<ZygoteHost>> ZygoteHost::Launch(boost::asio::io_context& loop,
                                                       const zygote::LaunchOptions& options, std::string image) {
  auto zygote = zygote::Zygote::Launch(options);
  if (!zygote) return zygote.error();
  std::shared_ptr<ZygoteHost> host;
  try {
    host.reset(new ZygoteHost(loop, std::move(*zygote)));
  } catch (const std::exception& error) {
    return Internal(std::string("the zygote cannot be watched: ") + error.what());
  }
  host->image_ = std::move(image);
  host->Watch();
  host->ready_deadline_.expires_after(kReadyDeadline);
  host->ready_deadline_.async_wait([weak = std::weak_ptr(host)](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (!error && self && !self->ready_) self->GiveUp("it was not ready within 15 seconds");
  });
  return host;
}

ZygoteHost::ZygoteHost(boost::asio::io_context& loop, zygote::Zygote zygote)
    : loop_(loop), zygote_(std::move(zygote)), control_(loop, zygote_->control_fd()), ready_deadline_(loop) {}

ZygoteHost::~ZygoteHost() {
  if (!lost_) control_.release();
}

void ZygoteHost::WhenReady(std::function<void(const Result<zygote::Ready>&)> callback) {
  if (ready_) {
    callback(report_);
  } else if (lost_) {
    callback(setup_error_.value_or(Internal("the zygote has died")));
  } else {
    when_ready_ = std::move(callback);
  }
}

std::uint64_t ZygoteHost::Spawn(CellOwner& owner, UniqueFd cell_end, const zygote::CellLimits& limits) {
  const std::uint64_t id = next_id_++;
  owners_[id] = &owner;
  if (lost_) {
    boost::asio::post(loop_, [self = shared_from_this(), id] {
      if (CellOwner* waiting = self->OwnerOf(id, true))
        waiting->OnZygoteLost(self->setup_error_.value_or(Internal("the zygote has died")));
    });
    return id;
  }
  waiting_.push_back({id, std::move(cell_end), limits});
  Flush();
  return id;
}

void ZygoteHost::Flush() {
  while (ready_ && !lost_ && !waiting_.empty() && unanswered_.size() < kMaxUnanswered) {
    Waiting spawn = std::move(waiting_.front());
    waiting_.pop_front();
    if (!owners_.contains(spawn.id)) continue;  // its owner has lost interest
    unanswered_.insert(spawn.id);
    if (const auto sent = zygote_->Spawn(spawn.id, std::move(spawn.cell_end), spawn.limits); !sent) {
      // It takes nothing although it has room: it is dead, which is about to be heard, or it breaks the protocol.
      boost::asio::post(loop_, [self = shared_from_this(), why = sent.error()] { self->Lose(why); });
      return;
    }
  }
}

void ZygoteHost::Watch() {
  control_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [weak = weak_from_this()](const boost::system::error_code& error) {
                        const auto self = weak.lock();
                        if (!self || error) return;
                        auto events = self->zygote_->Receive();
                        if (!events) {
                          self->Lose(events.error());
                          return;
                        }
                        for (auto& event : *events) {
                          if (!self->lost_) self->Handle(event);
                        }
                        self->Flush();
                        if (!self->lost_) self->Watch();
                      });
}

void ZygoteHost::Handle(zygote::ZygoteEvent& event) {
  std::visit(Overloaded{
                 [this](zygote::Ready& ready) {
                   ready_ = true;
                   ready_deadline_.cancel();
                   report_ = std::move(ready);
                   if (auto callback = std::exchange(when_ready_, nullptr)) callback(report_);
                 },
                 [this](zygote::SetupFailed& failed) {
                   // Its launcher was killed: that says nothing of this machine.
                   const bool killed = failed.layer == jail::layer::kParentDeath;
                   setup_error_ = killed ? Internal("the zygote's launcher has died")
                                         : Unenforceable(failed.layer, failed.message);
                 },
                 [this](zygote::Spawned& spawned) {
                   unanswered_.erase(spawned.id);
                   if (CellOwner* owner = OwnerOf(spawned.id, false)) owner->OnSpawned(std::move(spawned.pidfd));
                 },
                 [this](zygote::SpawnFailed& failed) {
                   unanswered_.erase(failed.id);
                   if (CellOwner* owner = OwnerOf(failed.id, true)) owner->OnSpawnFailed(failed);
                 },
                 [this](zygote::Reaped& reaped) {
                   if (CellOwner* owner = OwnerOf(reaped.id, true)) owner->OnReaped(reaped);
                 },
                 [this](zygote::Closed& closed) { Lose(setup_error_.value_or(WhyClosed(closed))); },
             },
             event);
}

Error ZygoteHost::WhyClosed(const zygote::Closed& closed) const {
  if (ready_) return Internal("the zygote " + closed.detail);
  return Internal("the zygote " + closed.detail +
                  " before it was ready: the launcher or the image is incomplete, or they are not of this build; build "
                  "or install them again");
}

void ZygoteHost::GiveUp(const std::string& why) { Lose(Internal("the zygote was ended: " + why)); }

void ZygoteHost::Lose(const Error& why) {
  if (lost_) return;
  lost_ = true;
  setup_error_ = why;
  waiting_.clear();  // with the sockets of cells that will never be
  ready_deadline_.cancel();
  // Whatever it did, it does nothing more, and no cell of it.
  control_.release();
  zygote_.reset();
  if (auto callback = std::exchange(when_ready_, nullptr)) callback(why);
  const auto owners = std::exchange(owners_, {});
  for (const auto& [id, owner] : owners) {
    // An owner that hears this may destroy others only through the loop, so none of these is dangling.
    owner->OnZygoteLost(why);
  }
}

CellOwner* ZygoteHost::OwnerOf(std::uint64_t id, bool last) {
  const auto found = owners_.find(id);
  if (found == owners_.end()) return nullptr;
  CellOwner* owner = found->second;
  if (last) owners_.erase(found);
  return owner;
}

}  // namespace warder::execution
