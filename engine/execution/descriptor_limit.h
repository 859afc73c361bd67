// How many descriptors this process may have open (getrlimit(2), RLIMIT_NOFILE), and who may still take some.
//
// An execution takes about five for as long as it runs. Where there are none left the kernel drops a cell's pidfd on
// its way here, and a zygote whose cells cannot be watched has to go, with every execution on it. So a new execution is
// refused before that: what cells that are being made have yet to open, and an eighth of all, stays free.
#pragma once

#include <cstddef>

namespace warder::execution {

// Raises the soft limit to the hard one, or to 65,536 where that is less. For the whole process; never lowers it.
void RaiseDescriptorLimit();

// What one cell that is being made has yet to open. Of the whole process, as the limit is. Thread-safe.
class DescriptorClaim {
 public:
  // `newest` was just opened: the kernel gives the lowest number that is free, so as many others are open. Throws
  // std::system_error (EMFILE) where there is no room.
  explicit DescriptorClaim(int newest);
  ~DescriptorClaim();
  DescriptorClaim(const DescriptorClaim&) = delete;
  DescriptorClaim& operator=(const DescriptorClaim&) = delete;
  DescriptorClaim(DescriptorClaim&&) = delete;
  DescriptorClaim& operator=(DescriptorClaim&&) = delete;

  // A pidfd, a copy of it on the way to the cgroups, and a folder in each of up to three hierarchies.
  static constexpr std::size_t kForOneCell = 5;
};

}  // namespace warder::execution
