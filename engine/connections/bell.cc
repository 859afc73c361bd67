#include "engine/connections/bell.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "engine/store/private_files.h"

namespace warder::connections {
namespace {

constexpr std::size_t kDrainBytes = 4096;
constexpr std::chrono::seconds kDeafPause{1};

Error Failed(const std::filesystem::path& file, const char* what) {
  return Internal(file.string() + " cannot be " + what + ": " + std::system_category().message(errno));
}

}  // namespace

Result<std::shared_ptr<Bell>> Bell::Open(const std::filesystem::path& state) {
  if (auto folder = store::MakePrivateFolder(state); !folder) return folder.error();
  std::shared_ptr<Bell> bell(new Bell(state / "bell"));
  if (auto made = bell->MakeFile(); !made) return made.error();
  return bell;
}

Result<void> Bell::MakeFile() const {
  if (auto made = store::MakePrivateFile(file_); !made) return made.error();
  return store::CheckPrivateFile(file_);
}

void Bell::Ring() const {
  // Opened anew each time, so that it is the file that others watch, whatever became of the one before.
  if (!MakeFile()) return;
  const UniqueFd file(::open(file_.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  // The same byte again and again: a write is an event, whatever it changes.
  [[maybe_unused]] const ssize_t written = ::pwrite(file.get(), "\n", 1, 0);
}

Result<std::unique_ptr<BellWatch>> BellWatch::Start(boost::asio::io_context& loop, std::shared_ptr<const Bell> bell,
                                                    std::function<void()> heard) {
  UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify) return Failed(bell->file(), "watched");
  std::unique_ptr<BellWatch> watch(new BellWatch(loop, std::move(inotify), std::move(bell), std::move(heard)));
  if (!watch->Watch()) return Failed(watch->bell_->file(), "watched");
  watch->Wait();
  return watch;
}

BellWatch::BellWatch(boost::asio::io_context& loop, UniqueFd inotify, std::shared_ptr<const Bell> bell,
                     std::function<void()> heard)
    : inotify_(loop, inotify.release()), bell_(std::move(bell)), heard_(std::move(heard)), again_(loop) {}

bool BellWatch::Watch() {
  return bell_->MakeFile() &&
         ::inotify_add_watch(inotify_.native_handle(), bell_->file().c_str(),
                             IN_MODIFY | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_DONT_FOLLOW) >= 0;
}

void BellWatch::Wait() {
  inotify_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, alive = alive_](const boost::system::error_code& error) {
                        if (error || !*alive) return;
                        std::array<char, kDrainBytes> events{};
                        while (::read(inotify_.native_handle(), events.data(), events.size()) > 0) {
                        }
                        Wait();
                        Hear();
                      });
}

void BellWatch::Hear() {
  // Of the same file: nothing happens. Where there is none, and none can be made, the bell is deaf: who listens looks
  // now and then without it.
  if (!Watch()) {
    again_.expires_after(kDeafPause);
    again_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
      if (!error && *alive) Hear();
    });
  }
  heard_();
}

}  // namespace warder::connections
