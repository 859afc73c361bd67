// Steps as the engine hears of them, and which one runs: V8 carries that along with the asynchronous context, so that a
// call made anywhere behind an await belongs to the right one. And the answer to a webhook.
#define OPENSSL_SUPPRESS_DEPRECATED  // the plain functions: those that fetch an algorithm would open files
#include <openssl/sha.h>
#include <v8-container.h>
#include <v8-exception.h>
#include <v8-primitive.h>

#include <array>
#include <string>
#include <utility>

#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/natives.h"
#include "sandbox/cell/stack_text.h"
#include "sandbox/proto/step_limits.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// enterStep(step: unknown): unknown: the step that ran before
void EnterStep(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  info.GetReturnValue().Set(isolate->GetContinuationPreservedEmbedderData());
  isolate->SetContinuationPreservedEmbedderData(info[0]);
}

// currentStep(): what was entered last in this asynchronous context, or undefined
void CurrentStep(const Info& info) {
  info.GetReturnValue().Set(info.GetIsolate()->GetContinuationPreservedEmbedderData());
}

proto::FromCell FrameFor(const CellState& cell, v8::Local<v8::Value> step) {
  proto::FromCell frame;
  frame.mutable_step()->set_step(ToUint64(step));
  frame.mutable_step()->set_clock_us(cell.platform->clock_us());
  return frame;
}

// shape, bytes, json: three arguments from `first` on
proto::StepValue ValueAt(const Info& info, int first) {
  v8::Isolate* const isolate = info.GetIsolate();
  proto::StepValue value;
  value.set_shape(Shorten(ToUtf8(isolate, info[first]), proto::kMaxStepShapeBytes - proto::kCutMarkBytes));
  value.set_bytes(ToUint64(info[first + 1]));
  std::string json = ToUtf8(isolate, info[first + 2]);
  if (json.size() <= proto::kMaxStepJsonBytes) value.set_json(std::move(json));
  return value;
}

void Tell(CellState& cell, const proto::FromCell& frame) {
  const proto::Step& step = frame.step();
  if (!cell.TakeLogBytes(proto::StepBytes(step))) return;
  if (step.has_began()) cell.last_step_told = step.step();
  cell.channel->Queue(frame);
}

// stepBegan(step, parent, name, action, shape, bytes, json)
void StepBegan(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  CellState& cell = CellState::Of(isolate);
  proto::FromCell frame = FrameFor(cell, info[0]);
  proto::StepBegan& began = *frame.mutable_step()->mutable_began();
  began.set_parent(ToUint64(info[1]));
  began.set_name(Shorten(ToUtf8(isolate, info[2]), proto::kMaxStepNameBytes - proto::kCutMarkBytes));
  began.set_action(Shorten(ToUtf8(isolate, info[3]), proto::kMaxStepNameBytes - proto::kCutMarkBytes));
  *began.mutable_input() = ValueAt(info, 4);
  Tell(cell, frame);
}

// stepRetried(step, error, delay)
void StepRetried(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  CellState& cell = CellState::Of(isolate);
  proto::FromCell frame = FrameFor(cell, info[0]);
  proto::StepRetried& retried = *frame.mutable_step()->mutable_retried();
  retried.set_error(Shorten(ToUtf8(isolate, info[1]), proto::kMaxStepErrorBytes - proto::kCutMarkBytes));
  retried.set_delay_ms(ToUint64(info[2]));
  Tell(cell, frame);
}

// stepEnded(step, succeeded, error, shape, bytes, json)
void StepEnded(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  CellState& cell = CellState::Of(isolate);
  proto::FromCell frame = FrameFor(cell, info[0]);
  proto::StepEnded& ended = *frame.mutable_step()->mutable_ended();
  ended.set_succeeded(info[1]->IsTrue());
  if (ended.succeeded()) {
    *ended.mutable_output() = ValueAt(info, 3);
  } else {
    ended.set_error(Shorten(ToUtf8(isolate, info[2]), proto::kMaxStepErrorBytes - proto::kCutMarkBytes));
  }
  Tell(cell, frame);
}

// respond(status, headers: [name, value, ...], body)
void Respond(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const auto context = isolate->GetCurrentContext();
  proto::FromCell frame;
  proto::Respond& respond = *frame.mutable_respond();
  respond.set_status(static_cast<std::uint32_t>(ToUint64(info[0])));
  const auto headers = info[1].As<v8::Array>();
  for (std::uint32_t i = 0; i + 1 < headers->Length(); i += 2) {
    v8::Local<v8::Value> name;
    v8::Local<v8::Value> value;
    if (!headers->Get(context, i).ToLocal(&name) || !headers->Get(context, i + 1).ToLocal(&value)) return;
    proto::Header& header = *respond.add_headers();
    header.set_name(ToUtf8(isolate, name));
    header.set_value(ToUtf8(isolate, value));
  }
  respond.set_body(ToUtf8(isolate, info[2]));
  if (respond.body().size() > proto::kMaxRespondBodyBytes) {
    isolate->ThrowException(v8::Exception::TypeError(
        v8::String::NewFromUtf8Literal(isolate, "the body of the response must have at most 256 KB")));
    return;
  }
  CellState::Of(isolate).channel->Queue(frame);
}

// sha256(text): the digest of its UTF-8 in hexadecimal
void Sha256(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const std::string text = ToUtf8(isolate, info[0]);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest;
  SHA256_CTX hash;
  SHA256_Init(&hash);
  SHA256_Update(&hash, text.data(), text.size());
  SHA256_Final(digest.data(), &hash);
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  info.GetReturnValue().Set(v8::String::NewFromUtf8(isolate, hex.c_str()).ToLocalChecked());
}

constexpr Native kNatives[] = {
    {"enterStep", EnterStep},
    {"currentStep", CurrentStep},
    {"stepBegan", StepBegan},
    {"stepRetried", StepRetried},
    {"stepEnded", StepEnded},
    {"respond", Checked<Respond, Takes::kNumber, Takes::kArray, Takes::kString>},
    {"sha256", Checked<Sha256, Takes::kString>},
};

}  // namespace

std::span<const Native> StepNatives() { return kNatives; }

}  // namespace warder::cell
