// How a native becomes a function: alone in a file, so that the natives can be fuzzed without the runtime.
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
