#include "engine/cli/event_queue.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace warder::cli {

EventQueue::EventQueue() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "cannot make an event descriptor");
}

EventQueue::~EventQueue() { ::close(fd_); }

void EventQueue::Push(const Event& event) {
  const std::lock_guard lock(mutex_);
  events_.push_back(event);
  ::eventfd_write(fd_, 1);
}

std::vector<Event> EventQueue::Take() {
  const std::lock_guard lock(mutex_);
  eventfd_t ignored = 0;
  ::eventfd_read(fd_, &ignored);
  return std::exchange(events_, {});
}

}  // namespace warder::cli
