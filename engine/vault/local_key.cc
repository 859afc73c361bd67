#include "engine/vault/local_key.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "engine/base/base64.h"
#include "engine/base/sha256.h"
#include "engine/base/temporary_file.h"
#include "engine/base/text.h"
#include "engine/store/private_files.h"
#include "engine/vault/xaes.h"
#include "sandbox/base/unique_fd.h"

namespace warder::vault {
namespace fs = std::filesystem;
namespace {

// 44 characters and perhaps the end of a line.
constexpr std::size_t kMaxFileBytes = 64;

std::string Because(int error) { return std::generic_category().message(error); }

Error Refuse(const std::string& where, const std::string& why) {
  return InvalidInput("the key-encryption key in " + where + " is refused: " + why);
}

// The key that `text` stands for.
Result<Secret> Decode(std::string_view text, const std::string& where) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.remove_suffix(1);
  std::optional<std::string> bytes = FromBase64(text);
  if (!bytes || bytes->size() != kXaesKeyBytes) {
    if (bytes) WipeString(&*bytes);
    return Refuse(where, "it is not 32 bytes in base64; `openssl rand -base64 32` makes one");
  }
  return Secret::Take(&*bytes);
}

Result<Secret> ReadFile(const fs::path& file) {
  const UniqueFd opened(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!opened && errno == ELOOP) return Refuse(file.string(), "it is a link");
  if (!opened) return Refuse(file.string(), Because(errno));
  // Of what is open now: what has the name may be another file by then.
  if (Result<void> checked = store::CheckPrivateDescriptor(opened.get(), file); !checked) {
    return InvalidInput("the key-encryption key " + checked.error().message);
  }
  Secret text = Secret::Zeroes(kMaxFileBytes + 1);
  std::size_t size = 0;
  while (size < text.view().size()) {
    const ssize_t got = ::read(opened.get(), text.data() + size, text.view().size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Refuse(file.string(), Because(errno));
    if (got == 0) return Decode(text.view().substr(0, size), file.string());
    size += static_cast<std::size_t>(got);
  }
  return Refuse(file.string(), "it is too long");
}

fs::path FolderOf(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : fs::path("."); }

// Whole or not at all, and one key for all where several start at once: written beside its place, and moved into it,
// which only the first can do. False: there is one.
Result<bool> MakeFile(const fs::path& file) {
  const auto cannot = [&](int error) {
    return InvalidInput("cannot make the key-encryption key " + file.string() + ": " + Because(error));
  };
  struct stat status {};
  if (::stat(FolderOf(file).c_str(), &status) != 0) {
    if (Result<void> made = store::MakePrivateFolder(FolderOf(file)); !made) return made.error();
  }
  const TemporaryFile temporary(file);
  if (temporary.fd() < 0) return cannot(errno);
  std::string key = RandomBytes(kXaesKeyBytes);
  std::string text = Base64Of(key);
  OPENSSL_cleanse(key.data(), key.size());
  const Secret line = Secret::Join({text, "\n"});
  WipeString(&text);
  if (::write(temporary.fd(), line.view().data(), line.view().size()) != static_cast<ssize_t>(line.view().size()) ||
      ::fsync(temporary.fd()) != 0) {
    return cannot(errno);
  }
  // Not link: for a moment the key would have two names, which is refused.
  if (::renameat2(AT_FDCWD, temporary.name(), AT_FDCWD, file.c_str(), RENAME_NOREPLACE) == 0) {
    if (Result<void> synced = store::SyncFolder(FolderOf(file)); !synced) return synced.error();
    return true;
  }
  if (errno == EEXIST) return false;
  return cannot(errno);
}

std::string IdOf(const Secret& key) {
  Sha256 digest;
  digest.Update("warder key-encryption key id\n");
  digest.Update(key.view());
  return "local:" + digest.Hex().substr(0, 32);
}

}  // namespace

Result<std::unique_ptr<LocalKey>> LocalKey::FromFile(const fs::path& file, IfMissing if_missing, bool* made) {
  if (if_missing == IfMissing::kMake) {
    struct stat status {};
    const Result<bool> done = ::lstat(file.c_str(), &status) == 0 ? Result<bool>(false) : MakeFile(file);
    if (!done) return done.error();
    if (made != nullptr) *made = *done;
  }
  struct stat status {};
  if (::lstat(file.c_str(), &status) != 0) return Refuse(file.string(), Because(errno));
  if (Result<void> checked = store::CheckPathOf(file); !checked) {
    return InvalidInput("the key-encryption key " + checked.error().message);
  }
  Result<Secret> key = ReadFile(file);
  if (!key) return key.error();
  return std::make_unique<LocalKey>(std::move(*key));
}

Result<std::unique_ptr<LocalKey>> LocalKey::FromEnvironment() {
  char* const value = std::getenv(kVariable);
  if (value == nullptr) return std::unique_ptr<LocalKey>();
  Result<Secret> key = Decode(value, std::string("$") + kVariable);
  // Where the kernel put it: it would stay readable there, in /proc/PID/environ too.
  OPENSSL_cleanse(value, std::strlen(value));
  ::unsetenv(kVariable);
  if (!key) return key.error();
  return std::make_unique<LocalKey>(std::move(*key));
}

LocalKey::LocalKey(Secret key) : key_(std::move(key)), id_(IdOf(key_)) {}

Result<std::string> LocalKey::Wrap(const Secret& data_key, const SealContext& context) {
  return Seal(key_, context, data_key.view());
}

Result<Secret> LocalKey::Unwrap(std::string_view wrapped, const SealContext& context) {
  std::optional<Secret> key = Unseal(key_, context, wrapped);
  if (!key) return InvalidInput("it was not wrapped by " + id_ + ", or was changed");
  return std::move(*key);
}

}  // namespace warder::vault
