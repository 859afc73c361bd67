#include "engine/execution/descriptor_ledger.h"

#include <dirent.h>
#include <sys/stat.h>

#include <memory>

namespace warder::execution {

void DescriptorLedger::Made(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) == 0) entries_.push_back({fd, status.st_dev, status.st_ino});
}

DescriptorLedger::Count DescriptorLedger::Settle() const {
  Count count{entries_.size(), 0};
  for (const Entry& entry : entries_) {
    struct stat status {};
    const bool open = ::fstat(entry.fd, &status) == 0;
    if (!open || status.st_dev != entry.device || status.st_ino != entry.inode) ++count.returned;
  }
  return count;
}

std::optional<std::size_t> CountOpenDescriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  if (!folder) return std::nullopt;
  std::size_t count = 0;
  while (const dirent* const entry = ::readdir(folder.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count - 1;  // the folder itself
}

}  // namespace warder::execution
