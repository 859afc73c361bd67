// The second parser, in a process of its own: node with llhttp.cjs. A thread of this class talks with it.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "sandbox/base/unique_fd.h"

namespace warder::wire {

// A stream, with what the first parser read in it.
struct Compared {
  std::uint64_t request = 0;  // whose it is
  std::string stream;
  std::string first;   // Spelling() of the first parser
  std::string second;  // filled in
};

class Llhttp {
 public:
  // `on_result` is told of each stream, from another thread, in order.
  Llhttp(const std::string& node, const std::string& script, std::function<void(const Compared&)> on_result);
  // Lets go of what has not been read; Finish comes first.
  ~Llhttp();
  Llhttp(const Llhttp&) = delete;
  Llhttp& operator=(const Llhttp&) = delete;
  Llhttp(Llhttp&&) = delete;
  Llhttp& operator=(Llhttp&&) = delete;

  // Waits where the other process is far behind.
  void Add(Compared compared);
  // Waits for the last answer. False: the process has failed, and not everything was compared.
  [[nodiscard]] bool Finish();

 private:
  void Run();
  bool Ask(std::vector<Compared>* batch);

  const std::function<void(const Compared&)> on_result_;
  UniqueFd to_;
  UniqueFd from_;
  pid_t pid_ = -1;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Compared> batch_;              // being filled; of the caller's thread
  std::deque<std::vector<Compared>> queue_;  // the rest is under mutex_
  bool ending_ = false;
  bool failed_ = false;
  std::thread thread_;
};

}  // namespace warder::wire
