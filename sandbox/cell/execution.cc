#include "sandbox/cell/execution.h"

#include <v8-container.h>
#include <v8-exception.h>
#include <v8-json.h>
#include <v8-microtask-queue.h>
#include <v8-primitive.h>
#include <v8-typed-array.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "sandbox/cell/ending.h"
#include "sandbox/cell/limit_guards.h"
#include "sandbox/cell/stack_text.h"
#include "sandbox/cell/thrown.h"
#include "sandbox/crypto/seed_provider.h"

namespace warder::cell {
namespace {

// RFC 9110, sections 5.1 and 5.5: what the runtime takes for a header without another look.
bool IsHeader(const proto::Header& header) {
  const auto token = [](char c) {
    constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    return letter || (c >= '0' && c <= '9') || (c != '\0' && kPunctuation.find(c) != std::string_view::npos);
  };
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  const std::string& name = header.name();
  const std::string& value = header.value();
  if (name.empty() || !std::all_of(name.begin(), name.end(), token)) return false;
  if (!value.empty() && (blank(value.front()) || blank(value.back()))) return false;
  return value.find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos;
}

void DrawFrom(void* stream, unsigned char* out, std::size_t size) {
  static_cast<SeedStream*>(stream)->Fill({out, size});
}

}  // namespace

Execution::Execution(v8::Isolate* isolate, Runtime* runtime, CellState* state, BufferBudget* buffers)
    : isolate_(isolate),
      runtime_(runtime),
      state_(state),
      buffers_(buffers),
      loader_(runtime->context(), runtime->WarderModule()) {
  isolate->SetPromiseRejectCallback(OnPromiseReject);
}

void Execution::SetClock(std::uint64_t clock_us) {
  if (clock_us < state_->platform->clock_us()) Exit(kBadFrame);
  state_->platform->SetClock(clock_us);
}

void Execution::Handle(const proto::ToCell& frame) {
  // The debugger's have no clock: what came before them may be still to be handled.
  if (!frame.has_debugger()) SetClock(frame.clock_us());
  const v8::HandleScope scope(isolate_);
  Deliver(frame);
  if (phase_ != Phase::kWaiting) Settle();
  if (!frame.has_barrier()) return;
  proto::FromCell passed;
  *passed.mutable_barrier_passed() = frame.barrier();
  state_->channel->Queue(passed);
}

char* Execution::BeginBody(const proto::BodyHeader& header) {
  SetClock(header.clock_us);
  const auto verdict = phase_ == Phase::kWaiting ? CallTable::Verdict::kBreach : state_->calls.OnResponseBody(header);
  if (verdict == CallTable::Verdict::kBreach) Exit(kBadFrame);
  if (verdict == CallTable::Verdict::kIgnore) return nullptr;
  const v8::HandleScope scope(isolate_);
  piece_ = buffers_->NewToBeFilled(isolate_, header.size);
  if (!piece_) {
    // The script did not allocate this, so there is nothing that it could catch.
    FinishThrown(v8::Exception::RangeError(v8::String::NewFromUtf8Literal(isolate_, "Array buffer allocation failed")));
  }
  return static_cast<char*>(piece_->Data());
}

void Execution::HandleBody(const proto::BodyHeader& header) {
  const v8::HandleScope scope(isolate_);
  if (piece_) {
    const auto buffer = v8::ArrayBuffer::New(isolate_, std::move(piece_));
    CallHook("responseBody", {Number(header.call), v8::Uint8Array::New(buffer, 0, header.size),
                              v8::Boolean::New(isolate_, header.last)});
  }
  Settle();
}

void Execution::Deliver(const proto::ToCell& frame) {
  switch (frame.frame_case()) {
    case proto::ToCell::kInput:
      if (phase_ != Phase::kWaiting) Exit(kBadFrame);
      return Add(frame.input());
    case proto::ToCell::kStart:
      if (phase_ != Phase::kWaiting) Exit(kBadFrame);
      return Start(frame.start());
    case proto::ToCell::kBarrier:
      if (phase_ == Phase::kWaiting) Exit(kBadFrame);
      return;
    case proto::ToCell::kDebugger:
      if (!inspector_) Exit(kBadFrame);
      return inspector_->Handle(frame.debugger());
    case proto::ToCell::FRAME_NOT_SET:
      Exit(kBadFrame);
    default:
      if (phase_ == Phase::kWaiting) Exit(kBadFrame);
      return DeliverToCall(frame);
  }
}

void Execution::DeliverToCall(const proto::ToCell& frame) {
  using Verdict = CallTable::Verdict;
  Verdict verdict = Verdict::kBreach;
  const char* hook = nullptr;
  std::vector<v8::Local<v8::Value>> arguments;
  switch (frame.frame_case()) {
    case proto::ToCell::kResponseHead: {
      const proto::ResponseHead& head = frame.response_head();
      verdict = state_->calls.OnResponseHead(head);
      if (verdict != Verdict::kDeliver) break;
      hook = "responseHead";
      arguments = {Number(head.call()),
                   Number(head.status()),
                   ByteString(head.reason()),
                   Headers(head),
                   Text(head.url()),
                   v8::Boolean::New(isolate_, head.redirected()),
                   v8::Boolean::New(isolate_, head.body())};
      break;
    }
    case proto::ToCell::kCallFailed: {
      const proto::CallFailed& failed = frame.call_failed();
      verdict = state_->calls.OnCallFailed(failed);
      hook = "callFailed";
      arguments = {Number(failed.call()), Number(static_cast<std::uint64_t>(failed.kind())), Text(failed.message())};
      break;
    }
    case proto::ToCell::kRequestCredit:
      verdict = state_->calls.OnRequestCredit(frame.request_credit());
      hook = "requestCredit";
      arguments = {Number(frame.request_credit().call())};
      break;
    case proto::ToCell::kTimerFired:
      verdict = state_->calls.OnTimerFired(frame.timer_fired());
      hook = "timerFired";
      arguments = {Number(frame.timer_fired().call())};
      break;
    case proto::ToCell::kStateValue: {
      const proto::StateValue& value = frame.state_value();
      verdict = state_->calls.OnStateValue(value);
      hook = "stateValue";
      arguments = {Number(value.call()), Number(value.version()), Stored(value.version(), value.json())};
      break;
    }
    case proto::ToCell::kStateCommitted:
      verdict = state_->calls.OnStateCommitted(frame.state_committed());
      hook = "stateCommitted";
      arguments = {Number(frame.state_committed().call()), Number(frame.state_committed().version()),
                   Conflicts(frame.state_committed())};
      break;
    case proto::ToCell::kStateFailed: {
      const proto::StateFailed& failed = frame.state_failed();
      verdict = state_->calls.OnStateFailed(failed);
      hook = "stateFailed";
      arguments = {Number(failed.call()), Number(static_cast<std::uint64_t>(failed.kind())), Text(failed.message())};
      break;
    }
    default:
      break;
  }
  if (verdict == Verdict::kBreach) Exit(kBadFrame);
  if (verdict == Verdict::kDeliver) CallHook(hook, std::move(arguments));
}

void Execution::Add(const proto::Input& input) {
  switch (input.kind()) {
    case proto::Input::MODULE:
      if (input.name().empty()) Exit(kBadFrame);
      return loader_.AddSource(input.name(), input.data());
    case proto::Input::EVENT:
      event_.append(input.data());
      return;
    case proto::Input::CONFIG:
      config_.append(input.data());
      return;
    default:
      Exit(kBadFrame);
  }
}

void Execution::Start(const proto::Start& start) {
  const auto* const seed = reinterpret_cast<const unsigned char*>(start.seed().data());
  if (start.seed().size() != SeedStream::kSeedBytes || start.heap_bytes() == 0) Exit(kBadFrame);
  start_ = start;
  state_->random = SeedStream(std::span<const unsigned char, SeedStream::kSeedBytes>(seed, SeedStream::kSeedBytes));
  crypto::SetRandomSource(DrawFrom, &state_->random);
  state_->start_us = state_->platform->clock_us();
  state_->log_bytes_left = start.log_bytes();
  buffers_->SetBudget(start.array_buffer_bytes());
  LimitHeap(isolate_, start.heap_bytes());
  ArmSoftLimit(isolate_);
  if (start.inspection() != proto::Start::NONE) StartInspection();
  phase_ = Phase::kLoading;
  const auto loading_since = std::chrono::steady_clock::now();
  v8::Local<v8::Module> entry;
  if (!loader_.Load(start.entry()).ToLocal(&entry)) FinishRejected(loader_.rejection());
  entry_.Reset(isolate_, entry);
  const v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> evaluated;
  if (!entry->Evaluate(runtime_->context()).ToLocal(&evaluated)) FinishThrown(caught.Exception());
  NoteLoadTime(std::chrono::steady_clock::now() - loading_since);
  awaited_.Reset(isolate_, evaluated.As<v8::Promise>());
  evaluated.As<v8::Promise>()->MarkAsHandled();
}

void Execution::StartInspection() {
  if (!proto::Start::Inspection_IsValid(start_.inspection())) Exit(kBadFrame);
  inspector_ = std::make_unique<InspectorSession>(runtime_->context(), state_->channel, start_.inspection());
  if (start_.inspection() == proto::Start::COVERAGE) {
    BeforeTheEnd([this] { inspector_->SendCoverage(); });
  } else {
    inspector_->AwaitDebugger();
  }
}

void Execution::Run() {
  phase_ = Phase::kRunning;
  const auto context = runtime_->context();
  const auto exports = entry_.Get(isolate_)->GetModuleNamespace().As<v8::Object>();
  const v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> integration;
  v8::Local<v8::Value> started;
  const auto key = v8::String::NewFromUtf8Literal(isolate_, "default");
  if (!exports->Get(context, key).ToLocal(&integration)) FinishThrown(caught.Exception());
  if (start_.describe()) return Describe(integration);
  const auto event = ParseInput("event", std::exchange(event_, {}));
  const auto config = ParseInput("configuration", std::exchange(config_, {}));
  if (!runtime_
           ->Call("start", {integration, Text(start_.flow()), event, config, Text(start_.execution_id()),
                            Text(start_.tenant()), Connections(), v8::Boolean::New(isolate_, start_.step_payloads()),
                            Text(start_.first_execution_id())})
           .ToLocal(&started)) {
    FinishThrown(caught.Exception());
  }
  if (started->IsPromise()) {
    awaited_.Reset(isolate_, started.As<v8::Promise>());
    started.As<v8::Promise>()->MarkAsHandled();
    return;
  }
  // A script that has patched the language may have made the runtime give anything.
  if (!started->IsArray()) FinishThrown(v8::Exception::TypeError(Text("The flow did not start.").As<v8::String>()));
  FinishRejected(RejectionOf(started.As<v8::Array>()));
}

void Execution::Describe(v8::Local<v8::Value> integration) {
  const v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> manifest;
  if (!runtime_->Call("describe", {integration}).ToLocal(&manifest)) FinishThrown(caught.Exception());
  if (manifest->IsArray()) FinishRejected(RejectionOf(manifest.As<v8::Array>()));
  SendOutput(manifest);
  FinishSucceeded();
}

v8::Local<v8::Value> Execution::Connections() const {
  const auto list = [&](std::vector<v8::Local<v8::Value>> values) {
    return v8::Array::New(isolate_, values.data(), values.size()).As<v8::Value>();
  };
  std::vector<v8::Local<v8::Value>> connections;
  for (const proto::Connection& connection : start_.connections()) {
    std::vector<v8::Local<v8::Value>> fields;
    for (const proto::Placeholder& each : connection.placeholders()) {
      fields.push_back(list({Text(each.field()), Text(each.text())}));
    }
    connections.push_back(
        list({Text(connection.name()), Text(connection.handle()), Text(connection.origin()), list(std::move(fields))}));
  }
  return list(std::move(connections));
}

v8::Local<v8::Value> Execution::ParseInput(const char* what, const std::string& json) {
  if (json.empty()) return v8::Undefined(isolate_);
  const v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> value;
  v8::Local<v8::String> text;
  if (!v8::String::NewFromUtf8(isolate_, json.data(), v8::NewStringType::kNormal, static_cast<int>(json.size()))
           .ToLocal(&text) ||
      !v8::JSON::Parse(runtime_->context(), text).ToLocal(&value)) {
    FinishThrown(v8::Exception::SyntaxError(Text(std::string("The ") + what + " is not JSON.").As<v8::String>()));
  }
  return value;
}

void Execution::Settle() {
  for (;;) {
    const Phase phase = phase_;
    {
      const v8::TryCatch caught(isolate_);
      isolate_->PerformMicrotaskCheckpoint();
      if (caught.HasCaught()) FinishThrown(caught.Exception());
    }
    const auto promise = awaited_.Get(isolate_);
    // The flow's own failure says more than a rejection beside it.
    if (promise->State() == v8::Promise::kRejected) FinishThrown(promise->Result());
    if (NotifyOfRejection()) continue;  // its listeners' microtasks
    if (promise->State() == v8::Promise::kFulfilled) OnSettled(promise);
    if (phase_ == phase) break;  // the flow has begun otherwise: run its microtasks too
  }
  if (!state_->calls.empty()) return;
  Stop(proto::Stopped::STALLED, {},
       phase_ == Phase::kLoading ? "The bundle's top-level await never ends: no call and no timer is under way."
                                 : "The flow's promise can never settle: no call and no timer is under way.");
}

void Execution::OnSettled(v8::Local<v8::Promise> promise) {
  if (phase_ == Phase::kLoading) return Run();
  if (phase_ == Phase::kCommitting) FinishSucceeded();
  SendOutput(promise->Result());
  CommitState();
}

void Execution::CallHook(const char* hook, std::vector<v8::Local<v8::Value>> arguments) {
  const v8::TryCatch caught(isolate_);
  if (runtime_->Call(hook, std::move(arguments)).IsEmpty()) FinishThrown(caught.Exception());
}

void Execution::OnPromiseReject(v8::PromiseRejectMessage message) {
  const auto promise = message.GetPromise();
  v8::Isolate* const isolate = v8::Isolate::GetCurrent();
  CellState& state = CellState::Of(isolate);
  if (message.GetEvent() == v8::kPromiseRejectWithNoHandler) {
    state.rejected.emplace_back(isolate, promise);
  } else if (message.GetEvent() == v8::kPromiseHandlerAddedAfterReject) {
    if (std::erase(state.rejected, promise) == 0) state.handled.emplace_back(isolate, promise);
  }
}

// HTML, section 8.1.4.8, "notify about rejected promises".
bool Execution::NotifyOfRejection() {
  const bool unhandled = !state_->rejected.empty();
  auto& queue = unhandled ? state_->rejected : state_->handled;
  if (queue.empty()) return false;
  const auto promise = queue.front().Get(isolate_);
  queue.pop_front();
  if (promise == awaited_) return true;
  const v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> prevented;
  const char* const hook = unhandled ? "rejectionUnhandled" : "rejectionHandled";
  if (!runtime_->Call(hook, {promise, promise->Result()}).ToLocal(&prevented)) FinishThrown(caught.Exception());
  if (unhandled && !prevented->IsTrue()) FinishThrown(promise->Result());
  return true;
}

void Execution::FinishThrown(v8::Local<v8::Value> exception) {
  if (phase_ == Phase::kLoading) {
    const v8::TryCatch ignore(isolate_);
    v8::Local<v8::Value> rejection;
    if (runtime_->Call("rejection", {exception}).ToLocal(&rejection) && rejection->IsArray()) {
      FinishRejected(RejectionOf(rejection.As<v8::Array>()));
    }
  }
  proto::Result result;
  *result.mutable_thrown() = DescribeThrown(runtime_->context(), exception);
  Finish(std::move(result));
}

proto::BundleRejected Execution::RejectionOf(v8::Local<v8::Array> parts) const {
  const auto text = [&](std::uint32_t i) {
    return ToUtf8(isolate_, parts->Get(runtime_->context(), i).ToLocalChecked());
  };
  const auto number = [&](std::uint32_t i) {
    return parts->Get(runtime_->context(), i).ToLocalChecked()->Uint32Value(runtime_->context()).FromMaybe(0);
  };
  proto::BundleRejected rejection;
  rejection.set_kind(static_cast<proto::BundleRejected::Kind>(number(0)));
  rejection.set_message(Shorten(text(1)));
  if (rejection.kind() == proto::BundleRejected::INPUT) return rejection;
  const bool has_place = parts->Length() == 5;
  const std::string file = has_place ? text(2) : std::string();
  rejection.set_file(file.empty() ? start_.entry() : file);
  rejection.set_line(has_place ? number(3) : 0);
  rejection.set_column(has_place ? number(4) : 0);
  return rejection;
}

void Execution::FinishRejected(proto::BundleRejected rejection) {
  proto::Result result;
  *result.mutable_rejected() = std::move(rejection);
  Finish(std::move(result));
}

void Execution::SendOutput(v8::Local<v8::Value> output) {
  const std::string json = ToUtf8(isolate_, output);
  if (json.size() > start_.output_bytes()) {
    SampleHeap(isolate_);
    Stop(proto::Stopped::OUTPUT, {}, "The flow's result is " + std::to_string(json.size()) + " bytes of JSON.");
  }
  for (std::size_t sent = 0; sent < json.size(); sent += proto::kMaxBodyChunkBytes) {
    proto::FromCell frame;
    frame.mutable_output()->set_data(json.substr(sent, proto::kMaxBodyChunkBytes));
    state_->channel->Queue(frame);
  }
}

void Execution::CommitState() {
  const v8::TryCatch caught(isolate_);
  v8::Local<v8::Value> committed;
  if (!runtime_->Call("commitState", {}).ToLocal(&committed)) FinishThrown(caught.Exception());
  if (!committed->IsPromise()) FinishSucceeded();
  phase_ = Phase::kCommitting;
  awaited_.Reset(isolate_, committed.As<v8::Promise>());
  committed.As<v8::Promise>()->MarkAsHandled();
}

void Execution::FinishSucceeded() {
  proto::Result result;
  result.set_succeeded(true);
  Finish(std::move(result));
}

v8::Local<v8::Value> Execution::Headers(const proto::ResponseHead& head) const {
  std::vector<v8::Local<v8::Value>> list;
  list.reserve(2 * static_cast<std::size_t>(head.headers_size()));
  for (const proto::Header& header : head.headers()) {
    if (!IsHeader(header)) return v8::Undefined(isolate_);
    list.push_back(Text(header.name()));
    list.push_back(ByteString(header.value()));
  }
  return v8::Array::New(isolate_, list.data(), list.size());
}

v8::Local<v8::Value> Execution::Stored(std::uint64_t version, const std::string& json) const {
  return version == 0 ? v8::Undefined(isolate_).As<v8::Value>() : Text(json);
}

v8::Local<v8::Value> Execution::Conflicts(const proto::StateCommitted& committed) const {
  std::vector<v8::Local<v8::Value>> list;
  for (const proto::StateConflict& conflict : committed.conflicts()) {
    list.push_back(Number(conflict.change()));
    list.push_back(Number(conflict.version()));
    list.push_back(Stored(conflict.version(), conflict.json()));
  }
  return v8::Array::New(isolate_, list.data(), list.size());
}

v8::Local<v8::Value> Execution::Number(std::uint64_t value) const {
  return v8::Number::New(isolate_, static_cast<double>(value));
}

v8::Local<v8::Value> Execution::ByteString(const std::string& bytes) const {
  return v8::String::NewFromOneByte(isolate_, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                    v8::NewStringType::kNormal, static_cast<int>(bytes.size()))
      .ToLocalChecked();
}

v8::Local<v8::Value> Execution::Text(const std::string& text) const {
  return v8::String::NewFromUtf8(isolate_, text.data(), v8::NewStringType::kNormal, static_cast<int>(text.size()))
      .ToLocalChecked();
}

}  // namespace warder::cell
