// Lets a C library that keeps its own sockets (libcurl, c-ares) wait for them on the engine's loop.
//
// The library says which descriptors it wants to read or write; the watcher calls back when one is ready, for as long
// as the wish stands. It never closes a descriptor. The library must forget a descriptor here before it closes it.
//
// The descriptors stand in an epoll set of the watcher's own, and the loop waits for that set: a library that changes
// its wishes with each request costs a system call for a change of the set, none where the wish is what it was the last
// time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

namespace warder::broker {

class FdWatcher {
 public:
  using Ready = std::function<void(int fd, bool readable, bool writable)>;

  // Throws std::system_error where there is no descriptor to be had.
  FdWatcher(boost::asio::io_context& loop, Ready ready);
  ~FdWatcher();
  FdWatcher(const FdWatcher&) = delete;
  FdWatcher& operator=(const FdWatcher&) = delete;
  FdWatcher(FdWatcher&&) = delete;
  FdWatcher& operator=(FdWatcher&&) = delete;

  // Replaces what is wished for `fd`. Never calls back from inside.
  void Watch(int fd, bool read, bool write);
  // Before it is closed.
  void Forget(int fd);

 private:
  class Set;
  std::shared_ptr<Set> set_;
};

}  // namespace warder::broker
