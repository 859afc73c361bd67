// Ends zygotes: the death of a process with all its cells takes a while, in which the loop has other things to do.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <string>

#include "sandbox/zygote/launcher.h"

namespace warder::execution {

// Of the loop's thread, as whose its own are made: with the same signals blocked.
class Undertaker {
 public:
  explicit Undertaker(boost::asio::io_context& loop) : loop_(loop) {}
  // Waits for what is being ended.
  ~Undertaker() { pool_.join(); }
  Undertaker(const Undertaker&) = delete;
  Undertaker& operator=(const Undertaker&) = delete;

  // Ends the zygote in another thread, and then calls `done` on the loop with how it ended; not where the loop does not
  // run any more.
  void Bury(zygote::Zygote zygote, std::function<void(const std::string& end)> done);

  // Nothing is being ended: whatever those before had open is closed.
  bool idle() const { return busy_ == 0; }

 private:
  boost::asio::io_context& loop_;
  std::size_t busy_ = 0;
  boost::asio::thread_pool pool_{1};
};

}  // namespace warder::execution
