#include "sandbox/cell/natives.h"

#include <v8-exception.h>
#include <v8-function.h>
#include <v8-primitive.h>

#include <array>
#include <string>
#include <vector>

#include "sandbox/cell/runtime_source.h"

namespace warder::cell {
namespace {

class RuntimeSourceResource final : public v8::String::ExternalOneByteStringResource {
 public:
  const char* data() const override { return kRuntimeSource.data(); }
  size_t length() const override { return kRuntimeSource.size(); }

 protected:
  // V8 would delete it with the string.
  void Dispose() override {}
};

RuntimeSourceResource* SourceResource() {
  static RuntimeSourceResource resource;
  return &resource;
}

v8::Local<v8::String> Internalized(v8::Isolate* isolate, std::string_view text) {
  return v8::String::NewFromUtf8(isolate, text.data(), v8::NewStringType::kInternalized, static_cast<int>(text.size()))
      .ToLocalChecked();
}

auto Tables() {
  return std::array{
      ByteNatives(),   CallNatives(),   CloneNatives(), CompressionNatives(), InspectNatives(),
      ObjectNatives(), RandomNatives(), StepNatives(),  TextNatives(),        UrlNatives(),
  };
}

}  // namespace

std::uint64_t ToUint64(v8::Local<v8::Value> value) {
  const double number = value->IsNumber() ? value.As<v8::Number>()->Value() : 0;
  return number > 0 && number < 0x1.0p53 ? static_cast<std::uint64_t>(number) : 0;
}

const intptr_t* ExternalReferences() {
  static const std::vector<intptr_t> references = [] {
    std::vector<intptr_t> all;
    for (const auto& table : Tables()) {
      for (const Native& native : table) all.push_back(reinterpret_cast<intptr_t>(native.callback));
    }
    all.push_back(LazyPropertyReference());
    all.push_back(reinterpret_cast<intptr_t>(SourceResource()));
    all.push_back(0);
    return all;
  }();
  return references.data();
}

void ThrowNoMemory(v8::Isolate* isolate) {
  isolate->ThrowException(
      v8::Exception::RangeError(v8::String::NewFromUtf8Literal(isolate, "Array buffer allocation failed")));
}

v8::Local<v8::Object> MakeHost(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::Object> host = v8::Object::New(isolate);
  for (const auto& table : Tables()) {
    for (const Native& native : table) {
      const auto name = Internalized(isolate, native.name);
      const auto function =
          v8::Function::New(context, native.callback, {}, 0, v8::ConstructorBehavior::kThrow).ToLocalChecked();
      // A name that no other function has: the walk over all that a script can reach looks for it.
      function->SetName(Internalized(isolate, "host." + std::string(native.name)));
      host->Set(context, name, function).Check();
    }
  }
  return host;
}

v8::Local<v8::String> RuntimeSource(v8::Isolate* isolate) {
  return v8::String::NewExternalOneByte(isolate, SourceResource()).ToLocalChecked();
}

}  // namespace warder::cell
