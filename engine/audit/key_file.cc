#include "engine/audit/key_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <system_error>

#include "engine/base/temporary_file.h"
#include "sandbox/base/unique_fd.h"

namespace warder::audit {
namespace fs = std::filesystem;
namespace {

// An Ed25519 key has 119 bytes; what else stands in the file may be a comment.
constexpr std::size_t kMaxFileBytes = 16 << 10;

std::string Because(int error) { return std::generic_category().message(error); }

Error Refuse(const fs::path& path, const std::string& why) {
  return InvalidInput("the signing key " + path.string() + " is refused: " + why);
}

Error CannotMake(const fs::path& path, int error) {
  return InvalidInput("cannot make the signing key " + path.string() + ": " + Because(error) +
                      "; name another file with --signing-key");
}

// The text of a key, zeroed when it goes.
class SecretText {
 public:
  SecretText() = default;
  SecretText(const SecretText&) = delete;
  SecretText& operator=(const SecretText&) = delete;
  ~SecretText() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

  // 0, or the errno that stopped it; EFBIG: there is more than fits.
  int Read(int fd) {
    while (size_ < bytes_.size()) {
      const ssize_t got = ::read(fd, bytes_.data() + size_, bytes_.size() - size_);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno;
      if (got == 0) return 0;
      size_ += static_cast<std::size_t>(got);
    }
    return EFBIG;
  }
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, kMaxFileBytes + 1> bytes_{};
  std::size_t size_ = 0;
};

int MakeFolders(const fs::path& folder) {
  fs::path made;
  for (const fs::path& part : folder) {
    made /= part;
    if (::mkdir(made.c_str(), 0700) == 0) continue;
    const int error = errno;
    std::error_code unknown;
    if (error != EEXIST && error != EISDIR && !fs::is_directory(made, unknown)) return error;
  }
  return 0;
}

}  // namespace

Result<SigningKey> LoadSigningKey(const fs::path& path) {
  // Not blocking: a pipe without a writer is refused, not waited for.
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file && errno == ELOOP) return Refuse(path, "it is a link; name the file itself");
  if (!file && errno == ENOENT) {
    return InvalidInput("there is no signing key " + path.string() +
                        "; `openssl genpkey -algorithm ed25519` makes one (chmod 600)");
  }
  if (!file) return Refuse(path, Because(errno));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return Refuse(path, Because(errno));
  if (!S_ISREG(status.st_mode)) return Refuse(path, "it is not a regular file");
  if (status.st_uid != ::geteuid()) {
    return Refuse(path, "it belongs to user " + std::to_string(status.st_uid) + ", not to " +
                            std::to_string(::geteuid()) + " who runs this");
  }
  if ((status.st_mode & 07777 & ~0600u) != 0) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", status.st_mode & 07777u);
    return Refuse(path, "its mode is " + std::string(mode.data()) + ", others have rights to it; chmod 600 it");
  }
  SecretText secret;
  if (const int error = secret.Read(file.get()); error != 0) return Refuse(path, Because(error));
  auto key = SigningKey::FromPem(secret.text());
  if (!key) return Refuse(path, key.error().message);
  return key;
}

Result<bool> MakeKeyFile(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return false;
  if (errno != ENOENT && errno != ENOTDIR) return CannotMake(path, errno);
  if (const int error = MakeFolders(path.parent_path()); error != 0) return CannotMake(path, error);
  const TemporaryFile file(path);
  if (file.fd() < 0) return CannotMake(path, errno);
  if (const int error = SigningKey::Generate().WritePem(file.fd()); error != 0) return CannotMake(path, error);
  if (::fsync(file.fd()) != 0) return CannotMake(path, errno);
  if (::link(file.name(), path.c_str()) == 0) return true;
  if (errno == EEXIST) return false;
  return CannotMake(path, errno);
}

}  // namespace warder::audit
