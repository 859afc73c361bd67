#include "engine/execution/zygote_host.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace warder::execution {
namespace {

template <typename... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

Result<std::shared_ptr<ZygoteHost>> ZygoteHost::Launch(boost::asio::io_context& loop,
                                                       const zygote::LaunchOptions& options) {
  auto zygote = zygote::Zygote::Launch(options);
  if (!zygote) return zygote.error();
  auto host = std::shared_ptr<ZygoteHost>(new ZygoteHost(loop, std::move(*zygote)));
  host->Watch();
  return host;
}

ZygoteHost::ZygoteHost(boost::asio::io_context& loop, zygote::Zygote zygote)
    : loop_(loop), zygote_(std::move(zygote)), control_(loop, zygote_.control_fd()) {}

ZygoteHost::~ZygoteHost() { control_.release(); }

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
      if (CellOwner* waiting = self->OwnerOf(id, true)) waiting->OnZygoteLost("the zygote has died");
    });
    return id;
  }
  waiting_.push_back({id, std::move(cell_end), limits});
  Flush();
  return id;
}

void ZygoteHost::Flush() {
  if (!ready_ || lost_) return;
  std::vector<Waiting> waiting = std::exchange(waiting_, {});
  for (Waiting& spawn : waiting) {
    if (!owners_.contains(spawn.id)) continue;  // its owner has lost interest
    if (const auto sent = zygote_.Spawn(spawn.id, std::move(spawn.cell_end), spawn.limits); !sent) {
      boost::asio::post(loop_, [self = shared_from_this(), id = spawn.id, why = sent.error().message] {
        if (CellOwner* owner = self->OwnerOf(id, true)) owner->OnZygoteLost(why);
      });
    }
  }
}

void ZygoteHost::Watch() {
  control_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [weak = weak_from_this()](const boost::system::error_code& error) {
                        const auto self = weak.lock();
                        if (!self || error) return;
                        auto events = self->zygote_.Receive();
                        if (!events) {
                          self->Lose(events.error());
                          return;
                        }
                        for (auto& event : *events) self->Handle(event);
                        if (!self->lost_) self->Watch();
                      });
}

void ZygoteHost::Handle(zygote::ZygoteEvent& event) {
  std::visit(Overloaded{
                 [this](zygote::Ready& ready) {
                   ready_ = true;
                   report_ = std::move(ready);
                   if (auto callback = std::exchange(when_ready_, nullptr)) callback(report_);
                   Flush();
                 },
                 [this](zygote::SetupFailed& failed) { setup_error_ = Unenforceable(failed.layer, failed.message); },
                 [this](zygote::Spawned& spawned) {
                   if (CellOwner* owner = OwnerOf(spawned.id, false)) owner->OnSpawned(std::move(spawned.pidfd));
                 },
                 [this](zygote::SpawnFailed& failed) {
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

void ZygoteHost::Lose(const Error& why) {
  if (lost_) return;
  lost_ = true;
  setup_error_ = why;
  waiting_.clear();  // with the sockets of cells that will never be
  if (auto callback = std::exchange(when_ready_, nullptr)) callback(why);
  const auto owners = std::exchange(owners_, {});
  for (const auto& [id, owner] : owners) {
    // An owner that hears this may destroy others only through the loop, so none of these is dangling.
    owner->OnZygoteLost(why.message);
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
