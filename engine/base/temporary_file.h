// A file that is written before it gets its name, so that under its name it is whole or not at all.
#pragma once

#include <fcntl.h>
#include <stdlib.h>  // NOLINT(modernize-deprecated-headers): mkostemp
#include <unistd.h>

#include <filesystem>
#include <string>

#include "sandbox/base/unique_fd.h"

namespace warder {

// A file under a name of its own, gone with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::filesystem::path& beside) : name_(beside.string() + ".XXXXXX") {
    fd_.reset(::mkostemp(name_.data(), O_CLOEXEC));  // 0600, O_EXCL
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (fd_) ::unlink(name_.c_str());
  }
  int fd() const { return fd_.get(); }
  const char* name() const { return name_.c_str(); }

 private:
  std::string name_;
  UniqueFd fd_;
};

}  // namespace warder
