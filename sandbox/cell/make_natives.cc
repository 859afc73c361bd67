// How a native becomes a function, and what natives share: apart from the runtime, so that they can be fuzzed without
// it.
#include <v8-exception.h>
#include <v8-function.h>
#include <v8-primitive.h>

#include <string>

#include "sandbox/cell/natives.h"

namespace warder::cell {
namespace {

v8::Local<v8::String> Internalized(v8::Isolate* isolate, std::string_view text) {
  return v8::String::NewFromUtf8(isolate, text.data(), v8::NewStringType::kInternalized, static_cast<int>(text.size()))
      .ToLocalChecked();
}

}  // namespace

std::uint64_t ToUint64(v8::Local<v8::Value> value) {
  const double number = value->IsNumber() ? value.As<v8::Number>()->Value() : 0;
  return number > 0 && number < 0x1.0p53 ? static_cast<std::uint64_t>(number) : 0;
}

void ThrowNoMemory(v8::Isolate* isolate) {
  isolate->ThrowException(
      v8::Exception::RangeError(v8::String::NewFromUtf8Literal(isolate, "Array buffer allocation failed")));
}

void DefineNative(v8::Local<v8::Context> context, v8::Local<v8::Object> target, const Native& native) {
  v8::Isolate* const isolate = context->GetIsolate();
  const auto function =
      v8::Function::New(context, native.callback, {}, 0, v8::ConstructorBehavior::kThrow).ToLocalChecked();
  // A name that no other function has: the walk over all that a script can reach looks for it.
  function->SetName(Internalized(isolate, "host." + std::string(native.name)));
  target->Set(context, Internalized(isolate, native.name), function).Check();
}

v8::Local<v8::Object> MakeNatives(v8::Local<v8::Context> context, std::span<const Native> table) {
  const auto natives = v8::Object::New(context->GetIsolate(), v8::Null(context->GetIsolate()), nullptr, nullptr, 0);
  for (const Native& native : table) DefineNative(context, natives, native);
  return natives;
}

}  // namespace warder::cell
