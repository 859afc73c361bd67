// An HTTP server that begins responses and never ends them, and notes when its clients close their connections. In a
// thread of this process, which ends with the object.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>

#include "sandbox/base/unique_fd.h"

namespace warder::bench {

class HoldingServer {
 public:
  HoldingServer();
  ~HoldingServer();
  HoldingServer(const HoldingServer&) = delete;
  HoldingServer& operator=(const HoldingServer&) = delete;
  HoldingServer(HoldingServer&&) = delete;
  HoldingServer& operator=(HoldingServer&&) = delete;

  // "http://127.0.0.1:PORT"
  const std::string& origin() const { return origin_; }
  // Waits until `count` responses have begun.
  void AwaitBegun(std::size_t count);
  // Waits until so many connections are closed, and says when the last of them was. Throws where they are not.
  std::chrono::steady_clock::time_point AwaitClosed(std::size_t count);

 private:
  void Serve();

  UniqueFd listener_;
  UniqueFd stop_;
  std::string origin_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t begun_ = 0;
  std::size_t closed_ = 0;
  std::chrono::steady_clock::time_point last_closed_;
  std::thread thread_;
};

}  // namespace warder::bench
