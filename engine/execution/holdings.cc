#include "engine/execution/holdings.h"

#include <dirent.h>

#include <fstream>
#include <memory>
#include <string>

namespace warder::execution {

std::optional<std::size_t> CountOpenDescriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc/self/fd"), ::closedir);
  if (!folder) return std::nullopt;
  std::size_t count = 0;
  while (const dirent* const entry = ::readdir(folder.get())) {
    if (entry->d_name[0] != '.') ++count;
  }
  return count - 1;  // the folder itself
}

std::optional<std::size_t> CountChildren(pid_t pid) {
  const std::string id = std::to_string(pid);
  std::ifstream file("/proc/" + id + "/task/" + id + "/children");
  if (!file) return std::nullopt;
  std::size_t count = 0;
  for (pid_t child = 0; file >> child;) ++count;
  return count;
}

}  // namespace warder::execution
