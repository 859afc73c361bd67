// Lets a C library that keeps its own sockets (libcurl, c-ares) wait for them on the engine's loop.
//
// The library says which descriptors it wants to read or write; the watcher calls back when one is ready, for as long
// as the wish stands. It never closes a descriptor. The library must forget a descriptor here before it closes it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <map>
#include <memory>

namespace warder::broker {

class FdWatcher {
 public:
  using Ready = std::function<void(int fd, bool readable, bool writable)>;

  FdWatcher(boost::asio::io_context& loop, Ready ready) : loop_(loop), ready_(std::move(ready)) {}
  ~FdWatcher();
  FdWatcher(const FdWatcher&) = delete;
  FdWatcher& operator=(const FdWatcher&) = delete;
  FdWatcher(FdWatcher&&) = delete;
  FdWatcher& operator=(FdWatcher&&) = delete;

  // Replaces what is wished for `fd`; neither: forget it. Never calls back from inside.
  void Watch(int fd, bool read, bool write);

 private:
  struct Entry;

  void Arm(const std::shared_ptr<Entry>& entry, bool write);
  void OnReady(const std::shared_ptr<Entry>& entry, bool write);

  boost::asio::io_context& loop_;
  Ready ready_;
  std::map<int, std::shared_ptr<Entry>> entries_;
};

}  // namespace warder::broker
