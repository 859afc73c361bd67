#include "sandbox/jail/proc_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

namespace warder::jail {

ProcFolder::ProcFolder(pid_t pid)
    : folder_(open(("/proc/" + std::to_string(pid)).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

std::optional<std::string> ProcFolder::Read(const char* path) const {
  const UniqueFd file(openat(folder_.get(), path, O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = read(file.get(), buffer.data(), buffer.size());
    if (got < 0) return std::nullopt;
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::string ProcFolder::ReadLink(const char* path) const {
  std::array<char, 256> target;
  const ssize_t size = readlinkat(folder_.get(), path, target.data(), target.size());
  return size < 0 ? std::string() : std::string(target.data(), static_cast<std::size_t>(size));
}

std::optional<uid_t> ProcFolder::Owner(const char* path) const {
  struct stat status {};
  if (fstatat(folder_.get(), path, &status, AT_SYMLINK_NOFOLLOW) != 0) return std::nullopt;
  return status.st_uid;
}

std::string StatusValue(const std::string& status, const std::string& name) {
  const std::string label = "\n" + name + ":";
  std::size_t at = status.find(label);
  if (at == std::string::npos) return "";
  at = status.find_first_not_of(" \t", at + label.size());
  return at == std::string::npos ? "" : status.substr(at, status.find('\n', at) - at);
}

}  // namespace warder::jail
