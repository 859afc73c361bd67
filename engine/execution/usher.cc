#include "engine/execution/usher.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace warder::execution {

void Usher::Admit(UniqueFd pidfd, std::uint64_t memory_bytes, std::function<void(Seat)> done) {
  ++busy_;
  boost::asio::post(pool_, [this, pidfd = std::move(pidfd), memory_bytes, done = std::move(done)]() mutable {
    const auto before = std::chrono::steady_clock::now();
    Seat seat;
    Result<jail::CgroupLeaf> made = cgroups_.MakeLeaf(memory_bytes);
    if (made) {
      seat.leaf = std::move(*made);
      seat.taken = seat.leaf.Admit(pidfd.get());
    } else {
      seat.taken = made.error();
    }
    pidfd.reset();  // before anybody hears of it
    seat.time = std::chrono::steady_clock::now() - before;
    boost::asio::post(loop_, [this, done = std::move(done), seat = std::move(seat)]() mutable {
      --busy_;
      done(std::move(seat));
    });
  });
}

}  // namespace warder::execution
