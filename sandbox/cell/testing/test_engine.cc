#include "sandbox/cell/testing/test_engine.h"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstdlib>
#include <iostream>

namespace warder::cell {

std::string Describe(const proto::FromCell& frame) {
  const auto& thrown = frame.result().thrown();
  const auto& stopped = frame.stopped();
  std::string text = "frame " + std::to_string(frame.frame_case());
  if (frame.result().has_thrown()) text += ": " + thrown.name() + ": " + thrown.message() + "\n" + thrown.stack();
  if (frame.result().has_rejected()) text += ": " + frame.result().rejected().message();
  if (frame.has_stopped()) text += ": stopped " + std::to_string(stopped.reason()) + " " + stopped.detail();
  if (frame.has_violation()) text += ": system call " + std::to_string(frame.violation().syscall());
  return text;
}

TestEngine::TestEngine() {
  start.set_seed(std::string(32, 's'));
  start.set_execution_id("x-1");
  start.set_tenant("acme");
  start.set_entry("index.js");
  start.set_heap_bytes(64 << 20);
  start.set_array_buffer_bytes(32 << 20);
  start.set_output_bytes(1 << 20);
  start.set_log_bytes(256 << 10);
}

void TestEngine::Attach(UniqueFd socket) {
  socket_ = std::move(socket);
  const timeval patience{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

void TestEngine::Detach() {
  ::shutdown(socket_.get(), SHUT_WR);
  while (Receive()) {
  }
  socket_.reset();
}

void TestEngine::Send(proto::ToCell frame) {
  frame.set_clock_us(clock_us);
  std::string bytes;
  if (!proto::AppendFrame(frame, &bytes)) std::abort();
  SendRaw(bytes);
}

void TestEngine::SendRaw(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t count = ::send(socket_.get(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (count <= 0) return;  // the cell is gone: Receive and Wait tell
    sent += static_cast<std::size_t>(count);
  }
}

void TestEngine::AddInput(proto::Input::Kind kind, const std::string& name, const std::string& data) {
  std::size_t sent = 0;
  do {
    proto::ToCell frame;
    frame.mutable_input()->set_kind(kind);
    frame.mutable_input()->set_name(name);
    frame.mutable_input()->set_data(data.substr(sent, proto::kMaxBodyChunkBytes));
    Send(frame);
    sent += proto::kMaxBodyChunkBytes;
  } while (sent < data.size());
}

void TestEngine::SendStart() {
  proto::ToCell frame;
  *frame.mutable_start() = start;
  Send(frame);
}

void TestEngine::FireTimer(std::uint64_t call, std::uint64_t after_us) {
  clock_us += after_us;
  proto::ToCell frame;
  frame.mutable_timer_fired()->set_call(call);
  Send(frame);
}

void TestEngine::RespondHead(std::uint64_t call, std::uint32_t status, bool body,
                             const std::vector<std::pair<std::string, std::string>>& headers) {
  proto::ToCell frame;
  proto::ResponseHead& head = *frame.mutable_response_head();
  head.set_call(call);
  head.set_status(status);
  head.set_reason("OK");
  head.set_url("https://api.test/final");
  head.set_body(body);
  for (const auto& [name, value] : headers) {
    head.add_headers()->set_name(name);
    head.mutable_headers()->rbegin()->set_value(value);
  }
  Send(frame);
}

void TestEngine::RespondBody(std::uint64_t call, const std::string& data, bool last) {
  proto::ToCell frame;
  frame.mutable_response_body()->set_call(call);
  frame.mutable_response_body()->set_data(data);
  frame.mutable_response_body()->set_last(last);
  Send(frame);
}

std::optional<proto::FromCell> TestEngine::Receive() {
  for (;;) {
    if (const auto payload = reader_.Next()) {
      proto::FromCell frame;
      if (!frame.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) std::abort();
      return frame;
    }
    char bytes[64 << 10];
    const ssize_t count = ::recv(socket_.get(), bytes, sizeof(bytes), 0);
    if (count < 0 && errno == EAGAIN) {
      std::cerr << "the cell has been silent for 30 seconds\n";
      std::abort();
    }
    if (count <= 0 || !reader_.Feed({bytes, static_cast<std::size_t>(count)})) return std::nullopt;
  }
}

bool TestEngine::HasSaidMore() {
  char byte = 0;
  return reader_.mid_frame() || ::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool TestEngine::HasHeardAll() {
  int unread = 0;
  return ::ioctl(socket_.get(), SIOCOUTQ, &unread) == 0 && unread == 0;
}

void TestEngine::AwaitQuiet() {
  // From outside of the jail there is no way to see what the cell does.
  pollfd entry{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  ::poll(&entry, 1, 50);
}

std::optional<proto::FromCell> TestEngine::RunToEnd() {
  for (;;) {
    // A timer fires when the cell has said all it had to say.
    while (!timers_.empty()) {
      AwaitQuiet();
      if (HasSaidMore()) break;
      const auto [expiry, call] = *timers_.begin();
      timers_.erase(timers_.begin());
      FireTimer(call, expiry > clock_us ? expiry - clock_us : 0);
    }
    auto frame = Receive();
    if (!frame) return frame;
    switch (frame->frame_case()) {
      case proto::FromCell::kReady:
        break;
      case proto::FromCell::kLog:
        logs.push_back(frame->log());
        break;
      case proto::FromCell::kStep:
        steps.push_back(frame->step());
        break;
      case proto::FromCell::kRespond:
        responses.push_back(frame->respond());
        break;
      case proto::FromCell::kOutput:
        output += frame->output().data();
        break;
      case proto::FromCell::kTimerRequest:
        timers_.emplace(clock_us + frame->timer_request().delay_ms() * 1000, frame->timer_request().call());
        break;
      case proto::FromCell::kCancelCall:
        std::erase_if(timers_, [&](const auto& timer) { return timer.second == frame->cancel_call().call(); });
        break;
      default:
        return frame;
    }
  }
}

}  // namespace warder::cell
