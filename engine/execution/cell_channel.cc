#include "engine/execution/cell_channel.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <stdexcept>
#include <utility>

namespace warder::execution {
namespace {
constexpr std::size_t kReadBytes = std::size_t{64} << 10;
constexpr int kFramesPerTurn = 64;
}  // namespace

CellChannel::CellChannel(boost::asio::io_context& loop, UniqueFd socket)
    : socket_(loop, boost::asio::local::stream_protocol(), socket.release()), buffer_(kReadBytes) {
  socket_.non_blocking(true);
}

void CellChannel::Open(Handlers handlers) {
  handlers_ = std::move(handlers);
  open_ = true;
  Read();
}

void CellChannel::Close() {
  open_ = false;
  boost::system::error_code ignored;
  socket_.close(ignored);
}

std::string_view CellChannel::Send(const proto::ToCell& frame, std::size_t body_bytes) {
  if (!open_) return {};
  const std::size_t start = pending_.size();
  if (!proto::AppendFrame(frame, &pending_)) throw std::logic_error("a frame to the cell is too long");
  pending_body_bytes_ += body_bytes;
  if (writing_.empty() && !std::exchange(write_due_, true)) {
    // What else is due in this turn of the loop leaves with it.
    boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->write_due_ = false;
      if (self->open_ && self->writing_.empty()) self->Write();
    });
  }
  return std::string_view{pending_}.substr(start);
}

void CellChannel::Write() {
  std::swap(writing_, pending_);  // keeps what both have allocated
  body_bytes_written_ += std::exchange(pending_body_bytes_, 0);
  boost::asio::async_write(socket_, boost::asio::buffer(writing_),
                           [self = shared_from_this()](const boost::system::error_code& error, std::size_t) {
                             self->writing_.clear();
                             // A cell that has closed its end is seen by the reader.
                             if (!error && self->open_ && !self->pending_.empty()) self->Write();
                           });
}

void CellChannel::Read() {
  socket_.async_read_some(boost::asio::buffer(buffer_),
                          [self = shared_from_this()](const boost::system::error_code& error, std::size_t count) {
                            if (!self->open_) return;
                            if (error) {
                              self->End(self->reader_.mid_frame() ? "the cell's last frame is cut off" : "");
                              return;
                            }
                            self->Take(std::span(self->buffer_).first(count));
                            self->HandleThenRead();
                          });
}

void CellChannel::HandleThenRead() {
  const bool more = HandleFrames(kFramesPerTurn);
  if (!open_) return;
  if (!more) {
    Read();
    return;
  }
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->HandleThenRead(); });
}

void CellChannel::Take(std::span<const char> bytes) { sound_ = reader_.Feed(bytes) && sound_; }

bool CellChannel::HandleFrames(int at_most) {
  for (int handled = 0; open_ && handled < at_most; ++handled) {
    const auto payload = reader_.Next();
    if (!payload) {
      if (!sound_ || reader_.broken()) End("the cell sent a frame with an impossible length");
      return false;
    }
    proto::FromCell frame;
    if (!proto::ParseMessage(*payload, &frame) || frame.frame_case() == proto::FromCell::FRAME_NOT_SET) {
      End("the cell sent a frame that is not one");
      return false;
    }
    handlers_.on_frame(frame);
  }
  return open_;
}

void CellChannel::Drain() {
  while (open_) {
    while (HandleFrames(kFramesPerTurn)) {
    }
    if (!open_) return;
    boost::system::error_code error;
    const std::size_t count = socket_.read_some(boost::asio::buffer(buffer_), error);
    if (error) {
      End(reader_.mid_frame() ? "the cell's last frame is cut off" : "");
      return;
    }
    Take(std::span(buffer_).first(count));
  }
}

void CellChannel::End(const std::string& error) {
  if (!open_) return;
  open_ = false;
  const auto on_closed = handlers_.on_closed;
  on_closed(error);
}

}  // namespace warder::execution
