#include "engine/execution/descriptor_ledger.h"

#include <sys/stat.h>

#include "sandbox/jail/pidfd.h"

namespace warder::execution {

void DescriptorLedger::Made(int fd, pid_t pid) {
  struct stat status {};
  if (::fstat(fd, &status) == 0) entries_.push_back({fd, status.st_dev, status.st_ino, pid});
}

bool DescriptorLedger::IsOpen(const Entry& entry) {
  struct stat status {};
  if (::fstat(entry.fd, &status) != 0 || status.st_dev != entry.device || status.st_ino != entry.inode) return false;
  if (entry.pid < 0) return true;
  // Of a process that has been waited for no pid is known any more.
  const pid_t pid = jail::PidOf(entry.fd);
  return pid == entry.pid || pid < 0;
}

void DescriptorLedger::Absorb(const DescriptorLedger& other) {
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
}

DescriptorLedger::Count DescriptorLedger::Settle() const {
  Count count{entries_.size(), 0};
  for (const Entry& entry : entries_) {
    if (!IsOpen(entry)) ++count.returned;
  }
  return count;
}

}  // namespace warder::execution
