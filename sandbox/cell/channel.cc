#include "sandbox/cell/channel.h"

#include <unistd.h>

#include <cerrno>

namespace warder::cell {

void Exit(ExitStatus status) { ::_exit(status); }

bool Channel::TakeFrame(proto::ToCell* frame) {
  const auto payload = reader_.Next();
  if (!payload) {
    if (reader_.broken()) Exit(kBadFrame);
    return false;
  }
  if (!proto::ParseMessage(*payload, frame)) Exit(kBadFrame);
  return true;
}

void Channel::Receive(proto::ToCell* frame) {
  while (!TakeFrame(frame)) {
    Flush();
    ReadSome();
  }
}

void Channel::ReadSome() {
  begin_wait_();
  const ssize_t count = ::read(fd_, in_.get(), kReadBytes);
  const int error = errno;
  end_wait_();
  if (count < 0 && error == EINTR) return;
  if (count <= 0) Exit(kEngineGone);
  if (!reader_.Feed({in_.get(), static_cast<std::size_t>(count)})) Exit(kBadFrame);
}

void Channel::Append(const proto::FromCell& frame) {
  // Whoever builds a frame keeps it small enough.
  if (!proto::AppendFrame(frame, &out_)) Exit(kFault);
}

void Channel::Queue(const proto::FromCell& frame) {
  Append(frame);
  if (out_.size() >= kQueueBytes) Flush();
}

void Channel::Send(const proto::FromCell& frame) {
  Append(frame);
  Flush();
}

void Channel::Flush() {
  std::size_t sent = 0;
  while (sent < out_.size()) {
    const ssize_t count = ::write(fd_, out_.data() + sent, out_.size() - sent);
    if (count < 0 && errno == EINTR) continue;  // the soft limit speaks where no frame is half written
    if (count <= 0) Exit(kEngineGone);
    sent += static_cast<std::size_t>(count);
  }
  out_.clear();
}

}  // namespace warder::cell
