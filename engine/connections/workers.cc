#include "engine/connections/workers.h"

#include <utility>

namespace warder::connections {

void Workers::Post(const std::string& tenant, std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  Queue& queue = queues_[tenant];
  queue.waiting.push_back(std::move(work));
  if (queue.busy || queue.waiting.size() > 1) return;
  ready_.push_back(tenant);
  if (ready_.size() > idle_ && threads_.size() < kMaxThreads) {
    threads_.emplace_back([this] { Run(); });
  } else {
    posted_.notify_one();
  }
}

void Workers::Join() {
  {
    const std::lock_guard lock(mutex_);
    joining_ = true;
  }
  posted_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Workers::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    while (ready_.empty()) {
      if (joining_) return;
      ++idle_;
      posted_.wait(lock);
      --idle_;
    }
    const std::string tenant = std::move(ready_.front());
    ready_.pop_front();
    Queue& queue = queues_[tenant];
    std::function<void()> work = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    queue.busy = true;
    lock.unlock();
    work();
    work = nullptr;
    lock.lock();
    queue.busy = false;
    if (queue.waiting.empty()) {
      queues_.erase(tenant);
    } else {
      ready_.push_back(tenant);
    }
  }
}

}  // namespace warder::connections
