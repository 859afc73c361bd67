// A file's bytes in memory, read-only, for as long as this lives; the file itself is closed at once.
//
// Whoever can shorten the file while it is mapped can end the process (SIGBUS): for files that only we write.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <stdexcept>
#include <string>
#include <string_view>

#include "sandbox/base/unique_fd.h"

namespace warder {

class MappedFile {
 public:
  // Throws std::runtime_error that names the file, also where it is empty.
  explicit MappedFile(const std::string& path) {
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) throw std::runtime_error("cannot open " + path);
    void* const data =
        ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE | MAP_POPULATE, file.get(), 0);
    if (data == MAP_FAILED) throw std::runtime_error("cannot map " + path);
    bytes_ = {static_cast<const char*>(data), static_cast<std::size_t>(status.st_size)};
  }
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile() { ::munmap(const_cast<char*>(bytes_.data()), bytes_.size()); }

  std::string_view bytes() const { return bytes_; }

 private:
  std::string_view bytes_;
};

}  // namespace warder
