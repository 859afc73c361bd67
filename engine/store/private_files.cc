#include "engine/store/private_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

#include "sandbox/base/unique_fd.h"

namespace warder::store {
namespace fs = std::filesystem;
namespace {

std::string Because(int error) { return std::generic_category().message(error); }

Error Refuse(const fs::path& path, const std::string& why) {
  return InvalidInput(path.string() + " is refused: " + why);
}

Result<void> CheckOwner(const fs::path& path, const struct stat& status, mode_t allowed) {
  if (status.st_uid != ::geteuid()) {
    return Refuse(path, "it belongs to user " + std::to_string(status.st_uid) + ", not to " +
                            std::to_string(::geteuid()) + " who runs this");
  }
  if ((status.st_mode & 07777 & ~allowed) != 0) {
    std::array<char, 80> text{};
    std::snprintf(text.data(), text.size(), "its mode is %04o, others have rights to it; chmod %o it",
                  status.st_mode & 07777u, allowed);
    return Refuse(path, text.data());
  }
  return {};
}

Result<void> CheckFile(const fs::path& file, const struct stat& status) {
  if (S_ISLNK(status.st_mode)) return Refuse(file, "it is a link");
  if (!S_ISREG(status.st_mode)) return Refuse(file, "it is not a regular file");
  if (status.st_nlink != 1) return Refuse(file, "it has a second name somewhere");
  return CheckOwner(file, status, 0600);
}

}  // namespace

Result<void> MakePrivateFolder(const fs::path& folder) {
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0) {
    if (errno != ENOENT) return Refuse(folder, Because(errno));
    // Of what is above, only what we make ourselves is ours to judge.
    const fs::path above = folder.parent_path();
    if (!above.empty() && above != folder && ::stat(above.c_str(), &status) != 0) {
      if (Result<void> made = MakePrivateFolder(above); !made) return made;
    }
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
      return InvalidInput("cannot make the folder " + folder.string() + ": " + Because(errno));
    }
    if (::lstat(folder.c_str(), &status) != 0) return Refuse(folder, Because(errno));
  }
  if (S_ISLNK(status.st_mode)) return Refuse(folder, "it is a link; name the folder itself");
  if (!S_ISDIR(status.st_mode)) return Refuse(folder, "it is not a folder");
  return CheckOwner(folder, status, 0700);
}

Result<bool> MakePrivateFile(const fs::path& file) {
  const UniqueFd made(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (made) return true;
  if (errno == EEXIST) return false;
  return InvalidInput("cannot make " + file.string() + ": " + Because(errno));
}

Result<void> CheckPrivateFile(const fs::path& file) {
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) return Refuse(file, Because(errno));
  return CheckFile(file, status);
}

Result<void> CheckPrivateDescriptor(int descriptor, const fs::path& file) {
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) return Refuse(file, Because(errno));
  return CheckFile(file, status);
}

Result<void> CheckPathOf(const fs::path& file) {
  std::error_code error;
  fs::path folder = fs::canonical(file.has_parent_path() ? file.parent_path() : fs::path("."), error);
  if (error) return Refuse(file, error.message());
  for (;; folder = folder.parent_path()) {
    struct stat status {};
    if (::stat(folder.c_str(), &status) != 0) return Refuse(file, folder.string() + ": " + Because(errno));
    if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
      return Refuse(file, "the folder " + folder.string() + " belongs to user " + std::to_string(status.st_uid) +
                              ", who could put another one there");
    }
    if ((status.st_mode & 0022) != 0 && (status.st_mode & S_ISVTX) == 0) {
      return Refuse(file,
                    "others can write to the folder " + folder.string() + ", and put another one there; chmod go-w it");
    }
    if (folder == folder.root_path()) return {};
  }
}

Result<void> SyncFolder(const fs::path& folder) {
  const UniqueFd opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened || ::fsync(opened.get()) != 0) {
    return Internal("cannot write the folder " + folder.string() + " to the disk: " + Because(errno));
  }
  return {};
}

}  // namespace warder::store
