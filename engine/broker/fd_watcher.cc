#include "engine/broker/fd_watcher.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <unordered_map>
#include <utility>

#include "engine/base/loop_slice.h"

namespace warder::broker {
namespace {

constexpr std::size_t kEventsPerTurn = 64;
constexpr std::uint32_t kFailed = EPOLLERR | EPOLLHUP;  // reported whatever is wished

}  // namespace

class FdWatcher::Set : public std::enable_shared_from_this<FdWatcher::Set> {
 public:
  Set(boost::asio::io_context& loop, Ready ready) : poller_(loop), ready_(std::move(ready)) {
    const int made = ::epoll_create1(EPOLL_CLOEXEC);
    if (made < 0) throw std::system_error(errno, std::generic_category(), "epoll_create1");
    boost::system::error_code failed;
    poller_.assign(made, failed);
    if (!failed) return;
    ::close(made);
    throw std::system_error(failed, "the broker's sockets cannot be watched");
  }

  void Wait() {
    poller_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                       [weak = weak_from_this()](boost::system::error_code error) {
                         const auto self = weak.lock();
                         if (self && !self->ended_ && !error) self->DeliverThenWait();
                       });
  }

  void End() {
    ended_ = true;
    poller_.close();
  }

  void Watch(int fd, std::uint32_t wish) {
    if (wish == 0 && !entries_.contains(fd)) return;
    Entry& entry = entries_[fd];
    if (entry.generation == 0) entry.generation = ++generations_;
    entry.wish = wish;
    // Between two requests nobody wishes to read, and nothing comes.
    if (wish == 0 && entry.registered == EPOLLIN) return;
    Register(fd, entry, wish);
  }

  void Forget(int fd) {
    const auto known = entries_.find(fd);
    if (known == entries_.end()) return;
    Register(fd, known->second, 0);
    entries_.erase(known);
  }

 private:
  void DeliverThenWait() {
    const bool more = Deliver();
    if (ended_) return;
    if (!more) {
      Wait();
      return;
    }
    boost::asio::post(poller_.get_executor(), [weak = weak_from_this()] {
      if (const auto self = weak.lock(); self && !self->ended_) self->DeliverThenWait();
    });
  }

  struct Entry {
    std::uint32_t wish = 0;
    std::uint32_t registered = 0;
    std::uint32_t generation = 0;  // tells apart who has had the same descriptor, one after the other
  };

  void Register(int fd, Entry& entry, std::uint32_t events) {
    if (events == entry.registered) return;
    const int operation = events == 0 ? EPOLL_CTL_DEL : entry.registered == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
    epoll_event event{events, {.u64 = std::uint64_t{entry.generation} << 32 | static_cast<std::uint32_t>(fd)}};
    // Where it fails the descriptor is not watched: the transfer or lookup ends by its own timeout.
    entry.registered = ::epoll_ctl(poller_.native_handle(), operation, fd, &event) == 0 ? events : 0;
  }

  // What is ready now, for a slice of time. True: there may be more.
  bool Deliver() {
    std::array<epoll_event, kEventsPerTurn> events{};
    const int count = ::epoll_wait(poller_.native_handle(), events.data(), static_cast<int>(events.size()), 0);
    const LoopSlice slice;
    for (int i = 0; i < count && !ended_; ++i) {
      if (i > 0 && slice.over()) return true;  // what is left stays ready
      const epoll_event& event = events.at(static_cast<std::size_t>(i));
      const int fd = static_cast<int>(event.data.u64 & UINT32_MAX);
      const auto known = entries_.find(fd);
      if (known == entries_.end() || known->second.generation != event.data.u64 >> 32) continue;
      Entry& entry = known->second;
      const bool readable = (entry.wish & EPOLLIN) != 0 && (event.events & (EPOLLIN | kFailed)) != 0;
      const bool writable = (entry.wish & EPOLLOUT) != 0 && (event.events & (EPOLLOUT | kFailed)) != 0;
      if (readable || writable) {
        ready_(fd, readable, writable);
      } else {
        Register(fd, entry, entry.wish);
      }
    }
    return count == static_cast<int>(events.size());
  }

  boost::asio::posix::stream_descriptor poller_;
  const Ready ready_;
  std::unordered_map<int, Entry> entries_;
  std::uint32_t generations_ = 0;
  bool ended_ = false;
};

FdWatcher::FdWatcher(boost::asio::io_context& loop, Ready ready) : set_(std::make_shared<Set>(loop, std::move(ready))) {
  set_->Wait();
}

FdWatcher::~FdWatcher() { set_->End(); }

void FdWatcher::Watch(int fd, bool read, bool write) {
  set_->Watch(fd, (read ? std::uint32_t{EPOLLIN} : 0) | (write ? std::uint32_t{EPOLLOUT} : 0));
}

void FdWatcher::Forget(int fd) { set_->Forget(fd); }

}  // namespace warder::broker
