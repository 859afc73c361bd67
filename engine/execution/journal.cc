#include "engine/execution/journal.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace warder::execution {
namespace {
constexpr std::string_view kMagic = "warder journal 1\n";
constexpr std::size_t kFlushBytes = std::size_t{1} << 20;

// A rename would put a file in the place of a pipe, a device or a link.
bool IsFileOrAbsent(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) != 0 || S_ISREG(status.st_mode);
}

Error NotAFile(const std::string& path) {
  return InvalidInput("cannot write the journal " + path + ": there is something that is not a regular file");
}
}  // namespace

Result<Journal> Journal::Create(const std::filesystem::path& path) {
  Journal journal;
  journal.path_ = path.string();
  if (!IsFileOrAbsent(journal.path_)) return NotAFile(journal.path_);
  journal.temporary_ = journal.path_ + ".XXXXXX";
  journal.file_.reset(::mkostemp(journal.temporary_.data(), O_CLOEXEC));
  if (!journal.file_) {
    journal.temporary_.clear();
    return InvalidInput("cannot write the journal " + journal.path_ + ": " + std::strerror(errno));
  }
  journal.buffer_ = kMagic;
  return journal;
}

Journal::~Journal() {
  if (file_ && !temporary_.empty()) ::unlink(temporary_.c_str());
}

void Journal::Append(std::string_view frame) {
  if (!file_) return;
  buffer_ += frame;
  if (buffer_.size() >= kFlushBytes) Flush();
}

void Journal::Flush() {
  std::string_view left = buffer_;
  while (error_ == 0 && !left.empty()) {
    const ssize_t wrote = ::write(file_.get(), left.data(), left.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) {
      error_ = errno;
      break;
    }
    left.remove_prefix(static_cast<std::size_t>(wrote));
  }
  buffer_.clear();
}

Result<void> Journal::Commit() {
  if (!file_) return {};
  Flush();
  if (error_ == 0 && ::fsync(file_.get()) != 0) error_ = errno;
  if (!IsFileOrAbsent(path_)) return NotAFile(path_);
  if (error_ == 0 && ::rename(temporary_.c_str(), path_.c_str()) != 0) error_ = errno;
  if (error_ != 0) return Internal("cannot write the journal " + path_ + ": " + std::strerror(error_));
  temporary_.clear();
  return {};
}

}  // namespace warder::execution
