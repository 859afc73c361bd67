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
                                                       const std::shared_ptr<Undertaker>& undertaker,
                                                       const zygote::LaunchOptions& options, std::string image,
                                                       std::chrono::milliseconds answer_deadline) {
  auto zygote = zygote::Zygote::Launch(options);
  if (!zygote) return zygote.error();
  std::shared_ptr<ZygoteHost> host;
  try {
    host.reset(new ZygoteHost(loop, undertaker, std::move(*zygote), answer_deadline));
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

ZygoteHost::ZygoteHost(boost::asio::io_context& loop, const std::shared_ptr<Undertaker>& undertaker,
                       zygote::Zygote zygote, std::chrono::milliseconds answer_deadline)
    : loop_(loop),
      undertaker_(undertaker),
      answer_deadline_(answer_deadline),
      zygote_(std::move(zygote)),
      control_(loop, zygote_->control_fd()),
      launcher_(loop),
      ready_deadline_(loop),
      retry_(loop),
      answer_timer_(loop) {}

ZygoteHost::~ZygoteHost() {
  if (lost_) return;
  control_.release();
  if (launcher_.is_open()) launcher_.release();
  if (const auto undertaker = undertaker_.lock()) undertaker->Bury(std::move(*zygote_), [](const std::string&) {});
}

void ZygoteHost::WhenReady(std::function<void(const Result<zygote::Ready>&)> callback) {
  if (ready_) {
    callback(report_);
  } else if (told_) {
    callback(setup_error_.value_or(Internal("the zygote has died")));
  } else {
    when_ready_ = std::move(callback);
  }
}

std::uint64_t ZygoteHost::Spawn(CellOwner& owner, UniqueFd cell_end, const zygote::CellLimits& limits) {
  const std::uint64_t id = next_id_++;
  owners_[id] = &owner;
  if (told_) {
    boost::asio::post(loop_, [self = shared_from_this(), id] {
      if (CellOwner* waiting = self->OwnerOf(id, true))
        waiting->OnZygoteLost(self->setup_error_.value_or(Internal("the zygote has died")));
    });
    return id;
  }
  if (!lost_) waiting_.push_back({id, std::move(cell_end), limits});
  Flush();
  return id;
}

void ZygoteHost::Flush() {
  while (ready_ && !lost_ && !waiting_.empty() && unanswered_.size() < kMaxUnanswered) {
    const Waiting& spawn = waiting_.front();
    if (!owners_.contains(spawn.id)) {  // its owner has lost interest
      waiting_.pop_front();
      continue;
    }
    const auto sent = zygote_->Spawn(spawn.id, spawn.cell_end, spawn.limits);
    if (!sent && sent.error().kind == ErrorKind::kRefused) {
      // No event need come: another process of this user may have filled the kernel's queue of descriptors.
      retry_.expires_after(std::chrono::milliseconds(1));
      retry_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
        if (const auto self = weak.lock(); !error && self) self->Flush();
      });
      return;
    }
    if (!sent) {
      // It is dead, which is about to be heard, or it breaks the protocol.
      boost::asio::post(loop_, [weak = weak_from_this(), why = sent.error()] {
        if (const auto self = weak.lock()) self->Lose(why);
      });
      return;
    }
    if (unanswered_.empty()) last_answer_ = std::chrono::steady_clock::now();
    unanswered_.insert(spawn.id);
    waiting_.pop_front();
    if (!std::exchange(awaiting_answer_, true)) AwaitAnswer(answer_deadline_);
  }
}

void ZygoteHost::NoteAnswer(std::uint64_t id) {
  unanswered_.erase(id);
  last_answer_ = std::chrono::steady_clock::now();
}

void ZygoteHost::AwaitAnswer(std::chrono::steady_clock::duration time) {
  answer_timer_.expires_after(time);
  answer_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->lost_) return;
    self->awaiting_answer_ = !self->unanswered_.empty();
    if (!self->awaiting_answer_) return;
    const auto left = self->last_answer_ + self->answer_deadline_ - std::chrono::steady_clock::now();
    if (left.count() > 0) return self->AwaitAnswer(left);
    self->GiveUp("it has not made the cells that it was asked for");
  });
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
                   report_ = std::move(ready);
                   AwaitLauncher();
                 },
                 [this](zygote::SetupFailed& failed) {
                   // Its launcher was killed: that says nothing of this machine.
                   const bool killed = failed.layer == jail::layer::kParentDeath;
                   setup_error_ = killed ? Internal("the zygote's launcher has died")
                                         : Unenforceable(failed.layer, failed.message);
                 },
                 [this](zygote::Spawned& spawned) {
                   NoteAnswer(spawned.id);
                   if (CellOwner* owner = OwnerOf(spawned.id, false)) owner->OnSpawned(std::move(spawned.pidfd));
                 },
                 [this](zygote::SpawnFailed& failed) {
                   NoteAnswer(failed.id);
                   if (CellOwner* owner = OwnerOf(failed.id, true)) owner->OnSpawnFailed(failed);
                 },
                 [this](zygote::Reaped& reaped) {
                   if (CellOwner* owner = OwnerOf(reaped.id, true)) owner->OnReaped(reaped);
                 },
                 [this](zygote::Closed&) { Lose(setup_error_); },
             },
             event);
}

void ZygoteHost::AwaitLauncher() {
  if (zygote_->ReapLauncher()) return BeReady();
  boost::system::error_code failed;
  launcher_.assign(zygote_->launcher_pidfd(), failed);
  if (failed) return GiveUp("its launcher cannot be watched: " + failed.message());
  launcher_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [weak = weak_from_this()](const boost::system::error_code& error) {
                         const auto self = weak.lock();
                         if (error || !self || self->lost_) return;
                         self->launcher_.release();
                         self->AwaitLauncher();
                       });
}

void ZygoteHost::BeReady() {
  ready_ = true;
  ready_deadline_.cancel();
  if (auto callback = std::exchange(when_ready_, nullptr)) callback(report_);
  Flush();
}

Error ZygoteHost::WhyClosed(const std::string& end) const {
  if (ready_) return Internal("the zygote " + end);
  return Internal("the zygote " + end +
                  " before it was ready: the launcher or the image is incomplete, or they are not of this build; build "
                  "or install them again");
}

void ZygoteHost::GiveUp(const std::string& why) { Lose(Internal("the zygote was ended: " + why)); }

void ZygoteHost::Lose(std::optional<Error> why) {
  if (lost_) return;
  lost_ = true;
  waiting_.clear();  // with the sockets of cells that will never be
  ready_deadline_.cancel();
  control_.release();
  if (launcher_.is_open()) launcher_.release();
  // Whatever it did, it does nothing more, and no cell of it. That may take a while in which others go on.
  const auto undertaker = undertaker_.lock();
  if (!undertaker) return;  // and nobody is left who could be told
  undertaker->Bury(std::move(*zygote_), [weak = weak_from_this(), why = std::move(why)](const std::string& end) {
    if (const auto self = weak.lock()) self->Tell(why ? *why : self->WhyClosed(end));
  });
  zygote_.reset();
}

void ZygoteHost::Tell(const Error& why) {
  told_ = true;
  setup_error_ = why;
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
