// Puts cells into their cgroups: the kernel takes milliseconds for the first that comes after a while, until every
// processor has taken notice, and the loop has other things to do.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>

#include "sandbox/base/result.h"
#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/cgroup.h"

namespace warder::execution {

// Of the loop's thread, as whose its own is made: with the same signals blocked.
class Usher {
 public:
  // Where a cell is.
  struct Seat {
    jail::CgroupLeaf leaf;
    Result<void> taken;  // or why it could not be put there
    std::chrono::nanoseconds time{0};
  };

  // Nobody else uses `cgroups`, which outlives this.
  Usher(boost::asio::io_context& loop, jail::CgroupTree& cgroups) : loop_(loop), cgroups_(cgroups) {}
  ~Usher() { pool_.join(); }
  Usher(const Usher&) = delete;
  Usher& operator=(const Usher&) = delete;

  // As a layer of the posture. Not enforced: there are no cgroups, and nobody is to be admitted.
  const jail::LayerState& state() const { return cgroups_.state(); }

  // Makes a leaf for the process behind `pidfd`, puts it in, and then calls `done` on the loop; not where the loop does
  // not run any more.
  void Admit(UniqueFd pidfd, std::uint64_t memory_bytes, std::function<void(Seat)> done);

  // Nobody is being admitted: what is open belongs to somebody.
  bool idle() const { return busy_ == 0; }

 private:
  boost::asio::io_context& loop_;
  jail::CgroupTree& cgroups_;
  std::size_t busy_ = 0;
  boost::asio::thread_pool pool_{1};
};

}  // namespace warder::execution
