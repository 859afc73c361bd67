// Tells every process that works on a state folder that some connection has changed: a file that is written to, and
// watched with inotify. It says no more than that; who hears it looks into the vault.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <filesystem>
#include <functional>
#include <memory>

#include "sandbox/base/result.h"
#include "sandbox/base/unique_fd.h"

namespace warder::connections {

// Thread-safe.
class Bell {
 public:
  // Opens STATE/bell, which is made where it is not there.
  static Result<std::shared_ptr<Bell>> Open(const std::filesystem::path& state);
  // What cannot be written is not told: a full disk has failed the change itself.
  void Ring() const;
  const std::filesystem::path& file() const { return file_; }

 private:
  Bell(std::filesystem::path file, UniqueFd descriptor) : file_(std::move(file)), descriptor_(std::move(descriptor)) {}

  std::filesystem::path file_;
  UniqueFd descriptor_;
};

// Of the loop's thread.
class BellWatch {
 public:
  // `heard` is called from the loop, once for any number of rings that came together.
  static Result<std::unique_ptr<BellWatch>> Start(boost::asio::io_context& loop, const Bell& bell,
                                                  std::function<void()> heard);
  ~BellWatch() { *alive_ = false; }
  BellWatch(const BellWatch&) = delete;
  BellWatch& operator=(const BellWatch&) = delete;
  BellWatch(BellWatch&&) = delete;
  BellWatch& operator=(BellWatch&&) = delete;

 private:
  BellWatch(boost::asio::io_context& loop, UniqueFd inotify, std::function<void()> heard);
  void Wait();

  boost::asio::posix::stream_descriptor inotify_;
  std::function<void()> heard_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace warder::connections
