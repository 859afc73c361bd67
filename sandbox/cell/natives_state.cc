// What flows remember: reads and commits as they leave the cell. What was changed and not committed is the runtime's
// (runtime/warder/state.js).
#include <v8-container.h>
#include <v8-exception.h>
#include <v8-primitive.h>

#include <string>
#include <utility>

#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/natives.h"
#include "sandbox/cell/stack_text.h"
#include "sandbox/proto/state_limits.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

void ThrowRange(v8::Isolate* isolate, const char* message) {
  isolate->ThrowException(v8::Exception::RangeError(v8::String::NewFromUtf8(isolate, message).ToLocalChecked()));
}

proto::StateKey KeyOf(v8::Isolate* isolate, v8::Local<v8::Value> scope, v8::Local<v8::Value> flow,
                      v8::Local<v8::Value> key) {
  proto::StateKey out;
  out.set_scope(static_cast<proto::StateKey::Scope>(ToUint64(scope)));
  out.set_flow(ToUtf8(isolate, flow));
  out.set_key(ToUtf8(isolate, key));
  return out;
}

// stateBytes(text): of its UTF-8
void StateBytes(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  info.GetReturnValue().Set(static_cast<double>(info[0].As<v8::String>()->Utf8LengthV2(isolate)));
}

// stateRead(scope: number, flow: string, key: string): call
void StateRead(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  proto::StateKey key = KeyOf(isolate, info[0], info[1], info[2]);
  if (!proto::IsStateKey(key)) {
    ThrowRange(isolate, "this is no key of a state");
    return;
  }
  info.GetReturnValue().Set(static_cast<double>(CellState::Of(isolate).calls.StartStateRead(std::move(key))));
}

// stateCommit(changes: [scope, flow, key, json: string | undefined, version: number, ...]): call
// Without json the key is removed; version is -1 where any is as good.
void StateCommit(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const auto context = isolate->GetCurrentContext();
  const auto list = info[0].As<v8::Array>();
  constexpr std::uint32_t kParts = 5;
  proto::StateCommit commit;
  for (std::uint32_t i = 0; i + kParts <= list->Length(); i += kParts) {
    v8::Local<v8::Value> parts[kParts];
    for (std::uint32_t j = 0; j < kParts; ++j) {
      if (!list->Get(context, i + j).ToLocal(&parts[j])) return;
    }
    proto::StateChange& change = *commit.add_changes();
    *change.mutable_key() = KeyOf(isolate, parts[0], parts[1], parts[2]);
    change.set_removed(parts[3]->IsUndefined());
    if (!change.removed()) change.set_json(ToUtf8(isolate, parts[3]));
    change.set_expects(parts[4]->IsNumber() && parts[4].As<v8::Number>()->Value() >= 0);
    if (change.expects()) change.set_version(ToUint64(parts[4]));
  }
  if (const char* const wrong = proto::WrongWith(commit)) {
    ThrowRange(isolate, wrong);
    return;
  }
  info.GetReturnValue().Set(static_cast<double>(CellState::Of(isolate).calls.StartStateCommit(std::move(commit))));
}

constexpr Native kNatives[] = {
    {"stateBytes", Checked<StateBytes, Takes::kString>},
    {"stateRead", Checked<StateRead, Takes::kNumber, Takes::kString, Takes::kString>},
    {"stateCommit", Checked<StateCommit, Takes::kArray>},
};

}  // namespace

std::span<const Native> StateNatives() { return kNatives; }

}  // namespace warder::cell
