// The engine's end of a cell's socket: frames in, frames out.
//
// What comes in is hostile: the one bounded decoder, then a strict parse, then the observer. What goes out is queued
// without waiting; the queue is bounded because everything in it was either asked for by the engine or is covered by
// credit. A cell that sends many small frames gets a few of them handled in each turn of the loop, as its neighbours
// do.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/base/unique_fd.h"
#include "sandbox/proto/body_frame.h"
#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"

namespace warder::execution {

class CellChannel : public std::enable_shared_from_this<CellChannel> {
 public:
  struct Handlers {
    std::function<void(const proto::FromCell&)> on_frame;
    // A frame that is a piece of a request, as body_frame.h reads it.
    std::function<void(const proto::BodyHeader&, std::string_view data)> on_request_body;
    // End of stream; `error` says how the cell broke the protocol, if it did. A last frame that is cut off is no
    // breach: how the cell has died says what that was.
    std::function<void(const std::string& error)> on_closed;
  };

  // Throws std::system_error where the loop cannot watch it.
  CellChannel(boost::asio::io_context& loop, UniqueFd socket);

  // Starts reading. The handlers are called on the loop, until Close or the end of the stream.
  void Open(Handlers handlers);
  // No handler is called after this; the socket is closed.
  void Close();

  // Queues one frame. The encoded frame is returned for the journal, empty once the stream has ended; the view lasts
  // until the next call. Nothing: it is longer than a frame may be, and is not sent.
  std::optional<std::string_view> Send(const proto::ToCell& frame);
  // Queues a piece of a response behind the header of its frame.
  void SendBody(std::string_view header, std::string data);

  // Reads what is left in the socket of a dead cell, now. Calls the handlers.
  void Drain();

  // The CPU time that the loop has spent on the cell's frames so far.
  std::chrono::nanoseconds handling_time() const { return handling_time_; }

  std::size_t queued_bytes() const { return queued_bytes_; }
  // Body bytes handed to the socket so far: the cell cannot have consumed, and so cannot give credit for, more than
  // these.
  std::uint64_t body_bytes_written() const { return body_bytes_written_; }

 private:
  // What is queued. Short frames and long pieces of responses take turns, so that no long piece is copied.
  struct Queue {
    bool empty() const { return parts.empty() || (parts.size() == 1 && parts[0].empty()); }
    // The last part, which takes short frames.
    std::string& Open();
    void Clear();

    std::vector<std::string> parts;  // sent in this order; each second one is a long piece
    std::uint64_t body_bytes = 0;    // of responses
  };

  // Waits for what comes next. No bytes may be anywhere but in the socket or the reader when a handler returns: a Drain
  // may come between two.
  void Read();
  // Takes what has come. False: nothing has, or the stream has ended.
  bool ReadSome();
  void WriteSoon();
  void Write();
  // Goes on with what is being written.
  void WriteRest();
  // Sends what the socket takes now; false: it takes nothing.
  bool WriteSome();
  // Handles what is there, a few frames and for a slice of time. True: there may be more.
  bool HandleFrames();
  bool HandleUntimed();
  void HandleThenRead();
  void End(const std::string& error);

  boost::asio::local::stream_protocol::socket socket_;
  Handlers handlers_;
  proto::FrameReader reader_;
  std::vector<char> buffer_;
  Queue pending_;
  Queue writing_;
  std::size_t part_ = 0;  // of writing_: those before it are sent
  std::size_t sent_ = 0;  // of that part
  std::size_t queued_bytes_ = 0;
  std::uint64_t body_bytes_written_ = 0;
  std::chrono::nanoseconds handling_time_{0};
  bool write_due_ = false;
  bool open_ = false;
  bool sound_ = true;  // the reader has taken every byte so far
};

}  // namespace warder::execution
