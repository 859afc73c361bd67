// A journal that is written in another thread: a slow disk holds up the execution whose journal it is, when it ends,
// and nobody else.
//
// What is waiting to be written is bounded; an execution that says more than a disk takes loses its journal, and is
// told so at the end.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

#include "engine/journal/journal.h"

namespace warder::journal {

// Of the loop's thread.
class Recorder {
 public:
  static constexpr std::size_t kMaxWaitingBytes = std::size_t{64} << 20;

  // Keeps nothing: every member does nothing.
  Recorder() = default;
  // `disk` has one thread, so that what is said first is written first; both outlive this.
  Recorder(boost::asio::io_context& loop, boost::asio::thread_pool& disk, Journal journal);
  // A journal that was not committed leaves no file.
  ~Recorder();
  Recorder(Recorder&&) = default;
  Recorder& operator=(Recorder&&) = delete;

  // The file's; -1: nothing is kept.
  int descriptor() const { return descriptor_; }

  // As those of Journal.
  void Begin(const Header& header);
  bool begun() const { return begun_; }
  void Sent(std::string_view frame, std::string_view rest = {});
  void Said(const proto::FromCell& frame);
  void SaidBody(std::uint64_t call, std::string_view data, bool last);

  // Calls back on the loop when the journal has its name, or with why it has none; its file is closed by then. At once
  // where nothing is kept. Nothing is called where the loop does not run any more. The last call.
  void Commit(const Ending& ending, std::function<void(const Result<void>&)> done);

 private:
  struct Shared {
    Journal journal;
    std::atomic<std::size_t> waiting_bytes = 0;
  };
  // Has `write` write what takes so many bytes until then.
  void Write(std::size_t bytes, std::function<void(Journal&)> write);

  boost::asio::io_context* loop_ = nullptr;
  boost::asio::thread_pool* disk_ = nullptr;
  std::shared_ptr<Shared> shared_;
  int descriptor_ = -1;
  bool begun_ = false;
  bool lost_ = false;  // there was more than could wait
};

}  // namespace warder::journal
