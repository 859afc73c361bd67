// Reading another process's /proc folder. It is opened once: the descriptor stays with that process, so that a pid that
// is used again cannot be mistaken for it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "sandbox/base/unique_fd.h"

namespace warder::jail {

class ProcFolder {
 public:
  explicit ProcFolder(pid_t pid);
  explicit operator bool() const { return static_cast<bool>(folder_); }

  // The whole of a file ("status"); nothing when it cannot be read.
  std::optional<std::string> Read(const char* path) const;
  // Where a link leads ("ns/user"); empty when it cannot be read.
  std::string ReadLink(const char* path) const;
  // Who owns a file.
  std::optional<uid_t> Owner(const char* path) const;

 private:
  UniqueFd folder_;
};

// The value of "Name:\tvalue" in the text of a status file; empty when there is none.
std::string StatusValue(const std::string& status, const std::string& name);

}  // namespace warder::jail
