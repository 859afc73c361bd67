#include "sandbox/cell/inspector_session.h"

#include <simdutf_c.h>
#include <v8-exception.h>
#include <v8-object.h>
#include <v8-primitive.h>

#include <array>
#include <utility>

#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/stack_text.h"
#include "sandbox/proto/frame.h"

namespace warder::cell {
namespace {

using v8_inspector::StringView;

constexpr int kContextGroup = 1;
constexpr std::string_view kName = "warder";
// V8's DevTools take the one context that a page has for the default one, and evaluate in that.
constexpr std::string_view kAuxData = R"({"isDefault":true})";

// Sent before anything of the bundle is compiled: V8 counts in blocks only what was compiled to be counted.
constexpr std::array<std::string_view, 2> kStartCounting = {
    R"({"id":1,"method":"Profiler.enable"})",
    R"({"id":2,"method":"Profiler.startPreciseCoverage","params":{"callCount":true,"detailed":true}})"};
constexpr std::string_view kTakeCounts = R"({"id":3,"method":"Profiler.takePreciseCoverage"})";

StringView ViewOf(std::string_view ascii) {
  return {reinterpret_cast<const std::uint8_t*>(ascii.data()), ascii.size()};
}

// V8 writes JSON in ASCII; anything else could only stand in a string of it.
std::string AsciiOf(StringView message) {
  if (message.is8Bit() &&
      simdutf_validate_ascii(reinterpret_cast<const char*>(message.characters8()), message.length())) {
    return {reinterpret_cast<const char*>(message.characters8()), message.length()};
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(message.length());
  for (std::size_t i = 0; i < message.length(); ++i) {
    const unsigned unit = message.is8Bit() ? message.characters8()[i] : message.characters16()[i];
    if (unit < 0x80) {
      text.push_back(static_cast<char>(unit));
      continue;
    }
    text.append("\\u");
    for (const unsigned shift : {12U, 8U, 4U, 0U}) text.push_back(kDigits[unit >> shift & 0xFU]);
  }
  return text;
}

// Sends `text` in pieces, each of which `piece_of` makes room for in its frame.
template <typename PieceOf>
void SendPieces(Channel* channel, std::string_view text, const PieceOf& piece_of) {
  for (bool last = false; !last;) {
    const std::string_view data = text.substr(0, proto::kMaxBodyChunkBytes);
    text.remove_prefix(data.size());
    last = text.empty();
    proto::FromCell frame;
    auto* const piece = piece_of(&frame);
    piece->set_data(data.data(), data.size());
    piece->set_last(last);
    channel->Send(frame);
  }
}

// V8 gives the console a member of its own that no other cell has.
void RemoveConsoleTasks(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::TryCatch ignore(isolate);
  v8::Local<v8::Value> console;
  const auto key = v8::String::NewFromUtf8Literal(isolate, "console");
  if (!context->Global()->Get(context, key).ToLocal(&console) || !console->IsObject()) return;
  console.As<v8::Object>()->Delete(context, v8::String::NewFromUtf8Literal(isolate, "createTask")).Check();
}

}  // namespace

std::string WithoutRuntime(std::string_view answer) {
  // An unescaped quotation mark is never part of a string, so these are where an element begins and where the list
  // ends, and nothing else.
  constexpr std::string_view kBegin = R"({"scriptId":")";
  const std::string_view scripts = answer.substr(0, answer.rfind(R"(],"timestamp":)"));
  const std::string of_runtime = R"("url":")" + std::string(kRuntimeScriptPrefix);
  std::string kept = "[";
  for (std::size_t at = scripts.find(kBegin); at != std::string_view::npos;) {
    const std::size_t next = scripts.find(kBegin, at + kBegin.size());
    std::string_view element = scripts.substr(at, next == std::string_view::npos ? next : next - at);
    if (element.ends_with(',')) element.remove_suffix(1);
    const std::size_t url = element.find(R"("url":")");
    if (!element.substr(url == std::string_view::npos ? element.size() : url).starts_with(of_runtime)) {
      if (kept.size() > 1) kept.push_back(',');
      kept.append(element);
    }
    at = next;
  }
  return kept + "]";
}

InspectorSession::InspectorSession(v8::Local<v8::Context> context, warder::cell::Channel* channel,
                                   proto::Start::Inspection inspection)
    : isolate_(context->GetIsolate()),
      channel_(channel),
      inspection_(inspection),
      inspector_(v8_inspector::V8Inspector::create(isolate_, this)) {
  v8_inspector::V8ContextInfo info(context, kContextGroup, ViewOf(kName));
  info.auxData = ViewOf(kAuxData);
  inspector_->contextCreated(info);
  RemoveConsoleTasks(context);
  if (inspection_ != proto::Start::COVERAGE) return;
  Connect();
  for (const std::string_view message : kStartCounting) session_->dispatchProtocolMessage(ViewOf(message));
}

void InspectorSession::Connect() {
  session_ = inspector_->connect(kContextGroup, this, StringView(), v8_inspector::V8Inspector::kFullyTrusted);
}

double InspectorSession::currentTimeMS() {
  return static_cast<double>(CellState::Of(isolate_).platform->clock_us()) / 1e3;
}

void InspectorSession::Handle(const proto::Debugger& news) {
  switch (news.what_case()) {
    case proto::Debugger::kAttached:
      if (inspection_ == proto::Start::COVERAGE || news.attached() == (session_ != nullptr)) Exit(kBadFrame);
      heard_.clear();
      if (!news.attached()) {
        session_.reset();  // which also lets a paused script go on
        return;
      }
      return Connect();
    case proto::Debugger::kSaid: {
      if (inspection_ == proto::Start::COVERAGE || session_ == nullptr) Exit(kBadFrame);
      const proto::ProtocolPiece& piece = news.said();
      if (piece.data().size() > proto::kMaxBodyChunkBytes) Exit(kBadFrame);
      heard_.append(piece.data());
      if (heard_.size() > proto::kMaxDebuggerMessageBytes) Exit(kBadFrame);
      if (piece.last()) Dispatch(std::exchange(heard_, {}));
      return;
    }
    case proto::Debugger::WHAT_NOT_SET:
      break;
  }
  Exit(kBadFrame);
}

void InspectorSession::Dispatch(std::string_view message) {
  std::u16string text(message.size(), u'\0');
  text.resize(simdutf_convert_utf8_to_utf16le(message.data(), message.size(), text.data()));
  if (text.empty()) Exit(kBadFrame);  // it is no UTF-8
  const v8::HandleScope scope(isolate_);
  session_->dispatchProtocolMessage({reinterpret_cast<const std::uint16_t*>(text.data()), text.size()});
}

void InspectorSession::AwaitDebugger() {
  Pause();
  if (inspection_ == proto::Start::BREAK && session_ != nullptr) {
    constexpr std::string_view kReason = "Break on start";
    session_->schedulePauseOnNextStatement(ViewOf(kReason), ViewOf("{}"));
  }
}

void InspectorSession::runMessageLoopOnPause(int) { Pause(); }

void InspectorSession::Pause() {
  SayPaused(true);
  paused_ = true;
  while (paused_) {
    proto::ToCell frame;
    channel_->ReceiveDebugger(&frame);
    Handle(frame.debugger());
  }
  SayPaused(false);
}

void InspectorSession::SayPaused(bool paused) {
  proto::FromCell frame;
  frame.mutable_inspected()->set_paused(paused);
  channel_->Send(frame);
}

void InspectorSession::sendResponse(int, std::unique_ptr<v8_inspector::StringBuffer> message) {
  if (inspection_ == proto::Start::COVERAGE) {
    answer_ = AsciiOf(message->string());
  } else {
    Tell(message->string());
  }
}

void InspectorSession::sendNotification(std::unique_ptr<v8_inspector::StringBuffer> message) {
  if (inspection_ != proto::Start::COVERAGE) Tell(message->string());
}

void InspectorSession::Tell(StringView message) {
  const std::string text = AsciiOf(message);
  if (text.size() > proto::kMaxInspectorMessageBytes) return;  // a heap's snapshot comes in pieces of its own
  SendPieces(channel_, text, [](proto::FromCell* frame) { return frame->mutable_inspected()->mutable_said(); });
}

void InspectorSession::SendCoverage() {
  if (inspection_ != proto::Start::COVERAGE) return;
  const v8::HandleScope scope(isolate_);
  session_->dispatchProtocolMessage(ViewOf(kTakeCounts));
  const std::string scripts = WithoutRuntime(answer_);
  if (scripts.size() > proto::kMaxCoverageBytes) return;  // the engine says that there is none
  SendPieces(channel_, scripts, [](proto::FromCell* frame) { return frame->mutable_coverage(); });
}

}  // namespace warder::cell
