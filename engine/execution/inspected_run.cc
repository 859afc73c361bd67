#include "engine/execution/inspected_run.h"

#include <string_view>
#include <utility>

#include "engine/inspector/protocol.h"
#include "sandbox/base/utf8.h"
#include "sandbox/proto/frame.h"

namespace warder::execution {
namespace {

// A cell reads nothing while its script computes; a debugger that goes on talking then is sent away.
constexpr std::size_t kMaxUnreadBytes = std::size_t{4} << 20;

}  // namespace

InspectedRun::InspectedRun(std::unique_ptr<inspector::Server> server, std::shared_ptr<const Bundle> bundle, Host host)
    : server_(std::move(server)), bundle_(std::move(bundle)), host_(std::move(host)) {}

void InspectedRun::Open() {
  server_->Open({.on_attached = [this](bool attached) { OnAttached(attached); },
                 .on_message = [this](const std::string& message) { OnMessage(message); }});
}

void InspectedRun::OnAttached(bool attached) {
  proto::ToCell frame;
  frame.mutable_debugger()->set_attached(attached);
  host_.send(frame);
}

void InspectedRun::OnMessage(const std::string& message) {
  if (auto refusal = inspector::RefusalOf(message)) return server_->Send(std::move(*refusal));
  if (host_.queued_bytes() > kMaxUnreadBytes) return server_->SendAway();
  std::string_view rest = message;
  while (!rest.empty()) {
    const std::string_view piece = rest.substr(0, proto::kMaxBodyChunkBytes);
    rest.remove_prefix(piece.size());
    proto::ToCell frame;
    frame.mutable_debugger()->mutable_said()->set_data(piece.data(), piece.size());
    frame.mutable_debugger()->mutable_said()->set_last(rest.empty());
    host_.send(frame);
  }
}

std::string InspectedRun::OnFrame(const proto::Inspected& frame) {
  if (frame.what_case() == proto::Inspected::kPaused) {
    if (frame.paused() == paused_) return "it says twice that it is paused, or that it is not";
    paused_ = frame.paused();
    return {};
  }
  if (frame.what_case() != proto::Inspected::kSaid) return "an inspector's frame without anything in it";
  const proto::ProtocolPiece& piece = frame.said();
  if (piece.data().size() > proto::kMaxBodyChunkBytes || (piece.data().empty() && !piece.last())) {
    return "a piece of an inspector's message that is none";
  }
  said_ += piece.data();
  if (said_.size() > proto::kMaxInspectorMessageBytes) return "an inspector's message that is too long";
  if (!piece.last()) return {};
  std::string message = std::exchange(said_, {});
  if (message.empty() || FindInvalidUtf8(message)) return "an inspector's message that is no text";
  server_->Send(inspector::WithSourceMap(std::move(message), *bundle_));
  return {};
}

}  // namespace warder::execution
