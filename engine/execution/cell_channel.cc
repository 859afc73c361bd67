#include "engine/execution/cell_channel.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <limits>
#include <span>
#include <system_error>
#include <utility>

#include "engine/base/loop_slice.h"
#include "engine/base/spare_buffer.h"
#include "engine/base/thread_time.h"

namespace warder::execution {
namespace {
constexpr std::size_t kReadBytes = std::size_t{64} << 10;
// And no more than a slice of time: a frame may be a request.
constexpr int kFramesPerTurn = 64;
// At most so much is sent by one system call: copying more takes longer than a slice.
constexpr std::size_t kWriteBytes = std::size_t{80} << 10;
// From here on a piece of a response is sent from where it is.
constexpr std::size_t kLongBytes = std::size_t{8} << 10;
}  // namespace

CellChannel::CellChannel(boost::asio::io_context& loop, UniqueFd socket) : socket_(loop), buffer_(kReadBytes) {
  boost::system::error_code error;
  socket_.assign(boost::asio::local::stream_protocol(), socket.get(), error);
  if (error) throw std::system_error(error, "cannot watch a cell's socket");
  (void)socket.release();
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

std::string& CellChannel::Queue::Open() {
  if (parts.size() % 2 == 0) parts.emplace_back();
  return parts.back();
}

void CellChannel::Queue::Clear() {
  if (!parts.empty()) parts.resize(1);
  for (std::string& part : parts) part.clear();  // keeps what it has allocated
  body_bytes = 0;
}

std::optional<std::string_view> CellChannel::Send(const proto::ToCell& frame) {
  if (!open_) return std::string_view();
  std::string& out = pending_.Open();
  const std::size_t start = out.size();
  if (!proto::AppendFrame(frame, &out)) return std::nullopt;
  queued_bytes_ += out.size() - start;
  WriteSoon();
  return std::string_view{out}.substr(start);
}

void CellChannel::SendBody(std::string_view header, std::string data) {
  if (!open_) return;
  queued_bytes_ += header.size() + data.size();
  pending_.body_bytes += data.size();
  std::string& out = pending_.Open().append(header);
  if (data.size() < kLongBytes) {
    out.append(data);
  } else {
    pending_.parts.push_back(std::move(data));
  }
  WriteSoon();
}

void CellChannel::WriteSoon() {
  if (!writing_.empty() || std::exchange(write_due_, true)) return;
  // What else is due in this turn of the loop leaves with it.
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
    self->write_due_ = false;
    if (self->open_ && self->writing_.empty()) self->Write();
  });
}

void CellChannel::Write() {
  std::swap(writing_, pending_);  // keeps what both have allocated
  body_bytes_written_ += writing_.body_bytes;
  part_ = 0;
  sent_ = 0;
  WriteRest();
}

void CellChannel::WriteRest() {
  const LoopSlice slice;
  while (!writing_.empty()) {
    if (WriteSome()) {
      if (!slice.over() || writing_.empty()) continue;
      boost::asio::post(socket_.get_executor(), [self = shared_from_this()] {
        if (self->open_) self->WriteRest();
      });
      return;
    }
    socket_.async_wait(boost::asio::local::stream_protocol::socket::wait_write,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                         if (!error && self->open_) self->WriteRest();
                       });
    return;
  }
  if (!pending_.empty()) WriteSoon();
}

bool CellChannel::WriteSome() {
  std::array<iovec, 16> pieces{};
  std::size_t count = 0;
  std::size_t room = kWriteBytes;
  for (std::size_t i = part_; i < writing_.parts.size() && count < pieces.size() && room > 0; ++i) {
    std::string& part = writing_.parts[i];
    const std::size_t begin = i == part_ ? sent_ : 0;
    const std::size_t size = std::min(part.size() - begin, room);
    pieces.at(count++) = {part.data() + begin, size};
    room -= size;
  }
  msghdr message{};
  message.msg_iov = pieces.data();
  message.msg_iovlen = count;
  const ssize_t sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  // A cell that has closed its end is seen by the reader.
  std::size_t left = sent < 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(sent);
  for (; part_ < writing_.parts.size(); ++part_) {
    std::string& part = writing_.parts[part_];
    const std::size_t taken = std::min(left, part.size() - sent_);
    queued_bytes_ -= taken;
    left -= taken;
    sent_ += taken;
    if (sent_ < part.size()) return true;
    if (part_ > 0) SpareBuffers::Give(std::exchange(part, {}));
    sent_ = 0;
  }
  writing_.Clear();
  return true;
}

void CellChannel::Read() {
  socket_.async_wait(boost::asio::local::stream_protocol::socket::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!self->open_) return;
                       if (error) {
                         self->End("");
                       } else {
                         self->ReadSome();
                       }
                       if (self->open_) self->HandleThenRead();
                     });
}

bool CellChannel::ReadSome() {
  boost::system::error_code error;
  const std::size_t count = socket_.read_some(boost::asio::buffer(buffer_), error);
  if (error == boost::asio::error::would_block) return false;
  if (error) {
    End("");
    return false;
  }
  sound_ = reader_.Feed(std::span(buffer_).first(count)) && sound_;
  return true;
}

void CellChannel::HandleThenRead() {
  const bool more = HandleFrames();
  if (!open_) return;
  if (!more) {
    Read();
    return;
  }
  boost::asio::post(socket_.get_executor(), [self = shared_from_this()] { self->HandleThenRead(); });
}

bool CellChannel::HandleFrames() {
  const auto begun = ThreadCpuTime();
  const bool more = HandleUntimed();
  handling_time_ += ThreadCpuTime() - begun;
  return more;
}

bool CellChannel::HandleUntimed() {
  const LoopSlice slice;
  for (int handled = 0; open_ && handled < kFramesPerTurn && (handled == 0 || !slice.over()); ++handled) {
    const auto payload = reader_.Next();
    if (!payload) {
      if (!sound_ || reader_.broken()) End("the cell sent a frame with an impossible length");
      return false;
    }
    if (const auto body = proto::ReadBodyHeader(proto::BodyFrame::kRequestFromCell, *payload, payload->size())) {
      handlers_.on_request_body(body->header, payload->substr(body->begin));
      continue;
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
    while (HandleFrames()) {
    }
    // A dead cell's end is closed; one that is held open by somebody else has said all that it could.
    if (open_ && !ReadSome()) End("");
  }
}

void CellChannel::End(const std::string& error) {
  if (!open_) return;
  open_ = false;
  const auto on_closed = handlers_.on_closed;
  on_closed(error);
}

}  // namespace warder::execution
