// The descriptors that one execution has taken of the engine's process, and whether they were given back.
//
// A number alone says nothing, because another execution gets it next. So each is kept with the identity of what was
// opened, and at the end the kernel is asked what stands there now.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

namespace warder::execution {

class DescriptorLedger {
 public:
  // `fd` was opened for this execution; `pid` where it is the pidfd of that process.
  void Made(int fd, pid_t pid = -1);
  // And those of another.
  void Absorb(const DescriptorLedger& other);

  struct Count {
    std::size_t made = 0;
    std::size_t returned = 0;  // closed, or something else by now
  };
  Count Settle() const;

 private:
  struct Entry {
    int fd;
    dev_t device;
    ino_t inode;
    pid_t pid;  // before Linux 6.9 all pidfds are one file
  };
  static bool IsOpen(const Entry& entry);

  std::vector<Entry> entries_;
};

}  // namespace warder::execution
