// The engine's end of a cell's socket: frames in, frames out.
//
// What comes in is hostile: the one bounded decoder, then a strict parse, then the observer. What goes out is queued
// without waiting; the queue is bounded because everything in it was either asked for by the engine or is covered by
// credit. A cell that sends many small frames gets a few of them handled in each turn of the loop, as its neighbours
// do.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/base/unique_fd.h"
#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"

namespace warder::execution {

class CellChannel : public std::enable_shared_from_this<CellChannel> {
 public:
  struct Handlers {
    std::function<void(const proto::FromCell&)> on_frame;
    // End of stream; `error` is empty when it came at a frame's end, else says how the cell broke the protocol.
    std::function<void(const std::string& error)> on_closed;
  };

  CellChannel(boost::asio::io_context& loop, UniqueFd socket);

  // Starts reading. The handlers are called on the loop, until Close or the end of the stream.
  void Open(Handlers handlers);
  // No handler is called after this; the socket is closed.
  void Close();

  // Queues one frame. `body_bytes`: how many bytes of a response body it carries. The encoded frame is returned for the
  // journal; the view lasts until the next call.
  std::string_view Send(const proto::ToCell& frame, std::size_t body_bytes = 0);

  // Reads what is left in the socket of a dead cell, now. Calls the handlers.
  void Drain();

  std::size_t queued_bytes() const { return pending_.size() + writing_.size(); }
  // Body bytes handed to the socket so far: the cell cannot have consumed, and so cannot give credit for, more than
  // these.
  std::uint64_t body_bytes_written() const { return body_bytes_written_; }

 private:
  void Read();
  void Write();
  void Take(std::span<const char> bytes);
  // Handles what is there, at most so many frames. True: there may be more.
  bool HandleFrames(int at_most);
  void HandleThenRead();
  void End(const std::string& error);

  boost::asio::local::stream_protocol::socket socket_;
  Handlers handlers_;
  proto::FrameReader reader_;
  std::vector<char> buffer_;
  std::string pending_;
  std::string writing_;
  std::uint64_t pending_body_bytes_ = 0;
  std::uint64_t body_bytes_written_ = 0;
  bool write_due_ = false;
  bool open_ = false;
  bool sound_ = true;  // the reader has taken every byte so far
};

}  // namespace warder::execution
