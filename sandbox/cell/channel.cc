#include "sandbox/cell/channel.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace warder::cell {
namespace {

constexpr auto kKind = proto::BodyFrame::kResponseToCell;

}  // namespace

void Exit(ExitStatus status) { ::_exit(status); }

std::optional<proto::BodyHeader> Channel::Receive(proto::ToCell* frame, const BeginBody& begin) {
  if (!kept_.empty()) {
    const std::string payload = std::move(kept_.front());
    kept_.pop_front();
    return Take(payload, frame, begin);
  }
  for (;;) {
    if (const auto payload = reader_.Next()) return Take(*payload, frame, begin);
    if (reader_.broken()) Exit(kBadFrame);
    Flush();
    if (const auto part = reader_.NextUnfinished()) {
      const auto found = proto::ReadBodyHeader(kKind, part->begin, part->length);
      if (found && part->length - part->begin.size() >= kLongRestBytes) {
        ReceiveRest(*found, part->begin.substr(found->begin), begin(found->header));
        return found->header;
      }
    }
    ReadSome();
  }
}

std::optional<proto::BodyHeader> Channel::Take(std::string_view payload, proto::ToCell* frame, const BeginBody& begin) {
  if (const auto found = proto::ReadBodyHeader(kKind, payload, payload.size())) {
    char* const to = begin(found->header);
    if (to != nullptr && found->header.size > 0) std::memcpy(to, payload.data() + found->begin, found->header.size);
    return found->header;
  }
  if (!proto::ParseMessage(payload, frame)) Exit(kBadFrame);
  return std::nullopt;
}

void Channel::ReceiveDebugger(proto::ToCell* frame) {
  for (;;) {
    if (const auto payload = reader_.Next()) {
      if (!proto::ParseMessage(*payload, frame)) Exit(kBadFrame);
      if (frame->has_debugger()) return;
      kept_.emplace_back(*payload);
      continue;
    }
    if (reader_.broken()) Exit(kBadFrame);
    Flush();
    ReadSome();
  }
}

void Channel::ReceiveRest(const proto::FoundBody& found, std::string_view here, char* to) {
  std::size_t done = here.size();
  if (to != nullptr) std::memcpy(to, here.data(), done);
  reader_.TakeUnfinished();
  while (done < found.header.size) {
    const std::size_t left = found.header.size - done;
    done += to != nullptr ? Read(to + done, left) : Read(in_.get(), std::min(left, kReadBytes));
  }
  in_a_long_body_ = true;
}

std::size_t Channel::Read(char* to, std::size_t size) {
  begin_wait_();
  const ssize_t count = ::read(fd_, to, size);
  const int error = errno;
  end_wait_();
  if (count < 0 && error == EINTR) return 0;
  if (count <= 0) Exit(kEngineGone);
  return static_cast<std::size_t>(count);
}

void Channel::ReadSome() {
  const std::size_t count = Read(in_.get(), std::exchange(in_a_long_body_, false) ? kReadBehindLongBytes : kReadBytes);
  if (!reader_.Feed({in_.get(), count})) Exit(kBadFrame);
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
