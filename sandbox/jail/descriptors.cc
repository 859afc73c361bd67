#include "sandbox/jail/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace warder::jail {

SetupResult<> CloseRange(unsigned first, unsigned last) {
  if (close_range(first, last, 0) != 0) {
    return SystemError(layer::kDescriptors, "close_range", errno, "It needs Linux 5.9.");
  }
  return {};
}

SetupResult<> MoveDescriptor(int from, int target) {
  if (from == target) {
    if (fcntl(from, F_SETFD, 0) != 0) return SystemError(layer::kDescriptors, "fcntl", errno);
    return {};
  }
  if (dup2(from, target) != target) return SystemError(layer::kDescriptors, "dup2", errno);
  if (close(from) != 0) return SystemError(layer::kDescriptors, "close", errno);
  return {};
}

std::vector<int> OpenDescriptors() {
  std::vector<int> open;
  for (int fd = 0; fd <= kHighestDescriptor; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) open.push_back(fd);
  }
  return open;
}

}  // namespace warder::jail
