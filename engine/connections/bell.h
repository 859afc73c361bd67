// Tells every process that works on a state folder that some connection has changed: a file that is written to, and
// watched with inotify. It says no more than that; who hears it looks into the vault.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <filesystem>
#include <functional>
#include <memory>

#include "sandbox/base/result.h"
#include "sandbox/base/unique_fd.h"

namespace warder::connections {

// Thread-safe.
class Bell {
 public:
  // Of STATE/bell, which is made where it is not there.
  static Result<std::shared_ptr<Bell>> Open(const std::filesystem::path& state);
  // What cannot be written is not told: a full disk has failed the change itself.
  void Ring() const;
  // Makes the file where it is not there. Refused: it is not this user's alone.
  Result<void> MakeFile() const;
  const std::filesystem::path& file() const { return file_; }

 private:
  explicit Bell(std::filesystem::path file) : file_(std::move(file)) {}

  const std::filesystem::path file_;
};

// Of the loop's thread.
class BellWatch {
 public:
  // `heard` is called from the loop, once for any number of rings that came together.
  static Result<std::unique_ptr<BellWatch>> Start(boost::asio::io_context& loop, std::shared_ptr<const Bell> bell,
                                                  std::function<void()> heard);
  ~BellWatch() { *alive_ = false; }
  BellWatch(const BellWatch&) = delete;
  BellWatch& operator=(const BellWatch&) = delete;
  BellWatch(BellWatch&&) = delete;
  BellWatch& operator=(BellWatch&&) = delete;

 private:
  BellWatch(boost::asio::io_context& loop, UniqueFd inotify, std::shared_ptr<const Bell> bell,
            std::function<void()> heard);
  // Watches the file that has the bell's name now: somebody may have deleted or replaced it.
  bool Watch();
  void Wait();
  void Hear();

  boost::asio::posix::stream_descriptor inotify_;
  const std::shared_ptr<const Bell> bell_;
  std::function<void()> heard_;
  boost::asio::steady_timer again_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace warder::connections
