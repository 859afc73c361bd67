// Threads for what blocks on a tenant's file: in turn for one tenant, beside each other for several. So a tenant whose
// file somebody has locked keeps one thread waiting, and nobody else's work.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace warder::connections {

// Thread-safe. Threads are made when they are needed.
class Workers {
 public:
  static constexpr std::size_t kMaxThreads = 64;  // tenants that may be waited for at once

  Workers() = default;
  ~Workers() { Join(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;
  Workers(Workers&&) = delete;
  Workers& operator=(Workers&&) = delete;

  // What is posted for one tenant is done in its order.
  void Post(const std::string& tenant, std::function<void()> work);
  // Waits until all that was posted is done. Nothing may be posted afterwards.
  void Join();

 private:
  struct Queue {
    std::deque<std::function<void()>> waiting;
    bool busy = false;
  };
  void Run();

  std::mutex mutex_;
  std::condition_variable posted_;
  std::map<std::string, Queue> queues_;  // of tenants with work
  std::deque<std::string> ready_;        // those of which nothing is being done
  std::vector<std::thread> threads_;
  std::size_t idle_ = 0;
  bool joining_ = false;
};

}  // namespace warder::connections
