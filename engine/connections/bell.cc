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

Error Failed(const std::filesystem::path& file, const char* what) {
  return Internal(file.string() + " cannot be " + what + ": " + std::system_category().message(errno));
}

}  // namespace

Result<std::shared_ptr<Bell>> Bell::Open(const std::filesystem::path& state) {
  if (auto folder = store::MakePrivateFolder(state); !folder) return folder.error();
  const std::filesystem::path file = state / "bell";
  if (auto made = store::MakePrivateFile(file); !made) return made.error();
  if (auto checked = store::CheckPrivateFile(file); !checked) return checked.error();
  UniqueFd descriptor(::open(file.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!descriptor) return Failed(file, "opened");
  return std::shared_ptr<Bell>(new Bell(file, std::move(descriptor)));
}

void Bell::Ring() const {
  // The same byte again and again: a write is an event, whatever it changes.
  [[maybe_unused]] const ssize_t written = ::pwrite(descriptor_.get(), "\n", 1, 0);
}

Result<std::unique_ptr<BellWatch>> BellWatch::Start(boost::asio::io_context& loop, const Bell& bell,
                                                    std::function<void()> heard) {
  UniqueFd inotify(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!inotify || ::inotify_add_watch(inotify.get(), bell.file().c_str(), IN_MODIFY) < 0) {
    return Failed(bell.file(), "watched");
  }
  std::unique_ptr<BellWatch> watch(new BellWatch(loop, std::move(inotify), std::move(heard)));
  watch->Wait();
  return watch;
}

BellWatch::BellWatch(boost::asio::io_context& loop, UniqueFd inotify, std::function<void()> heard)
    : inotify_(loop, inotify.release()), heard_(std::move(heard)) {}

void BellWatch::Wait() {
  inotify_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                      [this, alive = alive_](const boost::system::error_code& error) {
                        if (error || !*alive) return;
                        std::array<char, kDrainBytes> events{};
                        while (::read(inotify_.native_handle(), events.data(), events.size()) > 0) {
                        }
                        Wait();
                        heard_();
                      });
}

}  // namespace warder::connections
