#include "engine/broker/fd_watcher.h"

namespace warder::broker {

struct FdWatcher::Entry {
  explicit Entry(boost::asio::io_context& loop) : descriptor(loop) {}

  // The library owns the descriptor: it leaves the loop but stays open.
  void Release() {
    if (descriptor.is_open()) descriptor.release();
    forgotten = true;
  }

  boost::asio::posix::stream_descriptor descriptor;
  int fd = -1;
  bool read = false;
  bool write = false;
  bool read_armed = false;
  bool write_armed = false;
  bool forgotten = false;
};

FdWatcher::~FdWatcher() {
  for (auto& [fd, entry] : entries_) entry->Release();
}

void FdWatcher::Watch(int fd, bool read, bool write) {
  const auto known = entries_.find(fd);
  if (!read && !write) {
    if (known == entries_.end()) return;
    known->second->Release();
    entries_.erase(known);
    return;
  }
  std::shared_ptr<Entry> entry;
  if (known == entries_.end()) {
    entry = std::make_shared<Entry>(loop_);
    entry->fd = fd;
    boost::system::error_code error;
    entry->descriptor.assign(fd, error);
    if (error) return;  // not watched: the transfer or lookup ends by its own timeout
    entries_.emplace(fd, entry);
  } else {
    entry = known->second;
  }
  entry->read = read;
  entry->write = write;
  Arm(entry, false);
  Arm(entry, true);
}

void FdWatcher::Arm(const std::shared_ptr<Entry>& entry, bool write) {
  bool& armed = write ? entry->write_armed : entry->read_armed;
  if (armed || !(write ? entry->write : entry->read)) return;
  armed = true;
  const auto type =
      write ? boost::asio::posix::descriptor_base::wait_write : boost::asio::posix::descriptor_base::wait_read;
  // The watcher owns its entries: as long as this one is not forgotten, `this` is alive.
  entry->descriptor.async_wait(type,
                               [this, weak = std::weak_ptr<Entry>(entry), write](boost::system::error_code error) {
                                 const std::shared_ptr<Entry> fired = weak.lock();
                                 if (fired && !fired->forgotten && !error) OnReady(fired, write);
                               });
}

void FdWatcher::OnReady(const std::shared_ptr<Entry>& entry, bool write) {
  (write ? entry->write_armed : entry->read_armed) = false;
  if (!(write ? entry->write : entry->read)) return;
  ready_(entry->fd, !write, write);
  if (!entry->forgotten) Arm(entry, write);
}

}  // namespace warder::broker
