// EventQueue: carries events from the engine's thread, which must not block, to the thread that prints, which may.
//
// What it holds is bounded by what one execution may say: the limits on calls and log bytes.
#pragma once

#include <mutex>
#include <vector>

#include "warder/engine.h"

namespace warder::cli {

class EventQueue {
 public:
  // Throws std::system_error where no descriptor is left.
  EventQueue();
  ~EventQueue();
  EventQueue(const EventQueue&) = delete;
  EventQueue& operator=(const EventQueue&) = delete;

  // From any thread; never blocks on a reader.
  void Push(const Event& event);
  // Everything that came since the last call, in order.
  std::vector<Event> Take();
  // Readable while Take would return something.
  int fd() const { return fd_; }

 private:
  int fd_;
  std::mutex mutex_;
  std::vector<Event> events_;
};

}  // namespace warder::cli
