#include "sandbox/cell/pristine_cell.h"

#include <v8-container.h>

#include <cstdint>

#include "sandbox/cell/ending.h"
#include "sandbox/cell/limit_guards.h"

namespace warder::cell {
namespace {

// How deep JavaScript may call itself, as V8 has it by default.
constexpr std::uintptr_t kStackBytes = std::uintptr_t{984} << 10;

void SendReady(Channel& channel, const std::vector<zygote::SetupStep>& steps) {
  proto::FromCell frame;
  auto& ready = *frame.mutable_ready();
  for (const auto& step : steps) {
    auto& message = *ready.add_steps();
    message.set_name(step.name);
    message.set_nanoseconds(step.nanoseconds);
  }
  channel.Send(frame);
}

}  // namespace

PristineCell::PristineCell(const Startup* startup, FrozenPlatform* platform, int socket, Extension extension)
    : channel_(socket), state_(&channel_, platform, startup), isolate_(MakeIsolate(&startup->snapshot(), &buffers_)) {
  state_.AttachTo(isolate_);
  const v8::Isolate::Scope entered(isolate_);
  const v8::HandleScope scope(isolate_);
  state_.runtime = &runtime_.emplace(isolate_);
  const v8::Context::Scope context_entered(runtime_->context());
  if (runtime_->Call("prepare", {}).IsEmpty()) Exit(kFault);
  if (extension != nullptr) extension(runtime_->context());
  execution_.emplace(isolate_, &*runtime_, &state_, &buffers_);
}

void PristineCell::MakeLateGlobals() {
  const v8::Isolate::Scope entered(isolate_);
  const v8::HandleScope scope(isolate_);
  const auto context = runtime_->context();
  const v8::Context::Scope context_entered(context);
  v8::Local<v8::Array> names;
  if (!context->Global()->GetOwnPropertyNames(context, v8::ALL_PROPERTIES).ToLocal(&names)) Exit(kFault);
  for (std::uint32_t i = 0; i < names->Length(); ++i) {
    v8::Local<v8::Value> name;
    if (!names->Get(context, i).ToLocal(&name) || context->Global()->Get(context, name).IsEmpty()) Exit(kFault);
  }
}

void PristineCell::Serve(const std::vector<zygote::SetupStep>& steps) {
  // From here and not from where the isolate was made: how deep a script can call itself is the same in each start
  // mode.
  isolate_->SetStackLimit(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - kStackBytes);
  ArmEnding(&channel_, &buffers_, isolate_);
  const v8::Isolate::Scope entered(isolate_);
  const v8::HandleScope scope(isolate_);
  const v8::Context::Scope context_entered(runtime_->context());

  SendReady(channel_, steps);
  channel_.OnWait(BeginWait, EndWait);
  const auto begin = [this](const proto::BodyHeader& header) { return execution_->BeginBody(header); };
  for (;;) {
    proto::ToCell frame;
    if (const auto body = channel_.Receive(&frame, begin)) {
      execution_->HandleBody(*body);
    } else {
      execution_->Handle(frame);
    }
  }
}

}  // namespace warder::cell
