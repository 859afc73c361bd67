#include "engine/cli/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "warder/engine.h"

namespace warder::cli {
namespace {

constexpr std::size_t kChunkBytes = 256 << 10;

std::string Cannot(const char* what, const std::string& name, int error, const char* what_to_do) {
  return std::string("cannot read the ") + what + " from " + name + ": " + std::generic_category().message(error) +
         "; " + what_to_do;
}

[[noreturn]] void Invalid(const std::string& message) { throw EngineError(Status::kInvalid, message); }

[[noreturn]] void TooLarge(const InputBound& bound, const std::string& name, const std::string& size,
                           const Limits& limits) {
  for (const LimitSpec& spec : LimitTable()) {
    if (spec.value != bound.limit) continue;
    std::string message = std::string("the ") + bound.what;
    message.append(" from ").append(name).append(" has ").append(size);
    message.append(", the limit \"").append(spec.name).append("\" is ");
    message.append(FormatLimit(spec.unit, limits.*spec.value)).append("; ").append(bound.remedy);
    Invalid(message);
  }
  throw std::logic_error("an input is bounded by something that is no limit");
}

class OpenFile {
 public:
  explicit OpenFile(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

constexpr const char* kCheckPath = "check the path and its permissions";

// All of `fd`; `too_large` is called, and must throw, where that is more than `maximum`: with what is known of the
// size.
template <typename TooMuch>
std::string ReadAll(const char* what, int fd, const std::string& name, std::uint64_t maximum, TooMuch too_large) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) Invalid(Cannot(what, name, errno, "check what it is connected to"));
  if (S_ISREG(status.st_mode) && static_cast<std::uint64_t>(status.st_size) > maximum) {
    too_large(std::to_string(status.st_size) + " bytes");
  }
  std::string content;
  for (;;) {
    const std::size_t before = content.size();
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(kChunkBytes, maximum + 1 - before));
    content.resize(before + room);
    const ssize_t got = ::read(fd, content.data() + before, room);
    const int error = errno;
    content.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    if (got < 0 && error == EINTR) continue;
    if (got < 0) Invalid(Cannot(what, name, error, "name a readable file"));
    if (got == 0) return content;
    if (content.size() > maximum) too_large("more than that");
  }
}

}  // namespace

std::string ReadInputFile(const InputBound& bound, const std::string& path, const Limits& limits) {
  const OpenFile file(path);
  if (file.fd() < 0) Invalid(Cannot(bound.what, path, errno, kCheckPath));
  return ReadInput(bound, file.fd(), path, limits);
}

std::string ReadInput(const InputBound& bound, int fd, const std::string& name, const Limits& limits) {
  return ReadAll(bound.what, fd, name, limits.*bound.limit,
                 [&](const std::string& size) { TooLarge(bound, name, size, limits); });
}

std::string ReadSmallFile(const char* what, const std::string& path, std::uint64_t maximum) {
  const OpenFile file(path);
  if (file.fd() < 0) Invalid(Cannot(what, path, errno, kCheckPath));
  return ReadAll(what, file.fd(), path, maximum, [&](const std::string& size) {
    Invalid("the " + std::string(what) + " from " + path + " has " + size + ", and none is longer than " +
            FormatLimit(LimitUnit::kBytes, maximum));
  });
}

}  // namespace warder::cli
