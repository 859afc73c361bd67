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

auto Tables() {
  return std::array{
      ByteNatives(),   CallNatives(),   CloneNatives(), CompressionNatives(), CryptoNatives(), InspectNatives(),
      ObjectNatives(), RandomNatives(), StepNatives(),  TextNatives(),        UrlNatives(),
  };
}

}  // namespace

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

v8::Local<v8::Object> MakeHost(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Local<v8::Object> host = v8::Object::New(isolate);
  for (const auto& table : Tables()) {
    for (const Native& native : table) DefineNative(context, host, native);
  }
  return host;
}

v8::Local<v8::String> RuntimeSource(v8::Isolate* isolate) {
  return v8::String::NewExternalOneByte(isolate, SourceResource()).ToLocalChecked();
}

}  // namespace warder::cell
