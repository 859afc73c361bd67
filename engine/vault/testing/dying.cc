#include "engine/vault/testing/dying.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/types.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace warder::vault {
namespace {

int steps_left = 0;
Death how = Death::kBefore;

// Whether this is the step. Where nothing is to be done of it, this does not return.
bool IsLast() {
  if (--steps_left != 0) return false;
  if (how == Death::kBefore) ::kill(::getpid(), SIGKILL);
  return true;
}

ssize_t Write(int fd, const void* bytes, size_t size) {
  const bool last = IsLast();
  const ssize_t written = ::write(fd, bytes, last ? size / 2 : size);
  if (last) ::kill(::getpid(), SIGKILL);
  return written;
}

ssize_t WriteAt(int fd, const void* bytes, size_t size, off_t at) {
  const bool last = IsLast();
  const ssize_t written = ::pwrite(fd, bytes, last ? size / 2 : size, at);
  if (last) ::kill(::getpid(), SIGKILL);
  return written;
}

int Truncate(int fd, off_t size) {
  const bool last = IsLast();
  const int code = ::ftruncate(fd, size);
  if (last) ::kill(::getpid(), SIGKILL);
  return code;
}

int Unlink(const char* name) {
  const bool last = IsLast();
  const int code = ::unlink(name);
  if (last) ::kill(::getpid(), SIGKILL);
  return code;
}

template <typename Function>
void Hook(const char* name, Function* function) {
  sqlite3_vfs* const vfs = sqlite3_vfs_find(nullptr);
  if (vfs->xSetSystemCall(vfs, name, reinterpret_cast<sqlite3_syscall_ptr>(function)) != SQLITE_OK) {
    throw std::logic_error("SQLite has no such system call");
  }
}

}  // namespace

void DieAtStep(int step, Death death) {
  steps_left = step;
  how = death;
  Hook("write", Write);
  Hook("pwrite", WriteAt);
  Hook("pwrite64", WriteAt);
  Hook("ftruncate", Truncate);
  Hook("unlink", Unlink);
}

}  // namespace warder::vault
