#include "sandbox/cell/scripts.h"

#include <v8-exception.h>
#include <v8-function.h>
#include <v8-primitive.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/runtime_source.h"
#include "sandbox/cell/startup.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;
using v8::ScriptCompiler;

constexpr std::size_t kEarly = 0;
constexpr std::size_t kFirstLate = 1;

// A source as V8 holds it: outside its heap, in this program's read-only data.
class SourceResource final : public v8::String::ExternalOneByteStringResource {
 public:
  explicit SourceResource(std::string_view source) : source_(source) {}
  const char* data() const override { return source_.data(); }
  size_t length() const override { return source_.size(); }

 protected:
  // V8 would delete it with the string.
  void Dispose() override {}

 private:
  std::string_view source_;
};

SourceResource* SourceOf(std::size_t index) {
  static const auto resources = [] {
    std::array<std::unique_ptr<SourceResource>, kRuntimeScripts.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = std::make_unique<SourceResource>(kRuntimeScripts[i].source);
    return all;
  }();
  return resources[index].get();
}

v8::Local<v8::String> SourceText(v8::Isolate* isolate, std::size_t index) {
  return v8::String::NewExternalOneByte(isolate, SourceOf(index)).ToLocalChecked();
}

v8::ScriptOrigin OriginOf(v8::Isolate* isolate, std::size_t index) {
  const std::string_view name = kRuntimeScripts[index].name;
  return v8::ScriptOrigin(
      v8::String::NewFromUtf8(isolate, name.data(), v8::NewStringType::kNormal, static_cast<int>(name.size()))
          .ToLocalChecked());
}

// A script is one function.
template <std::size_t kCount>
v8::MaybeLocal<v8::Value> Call(v8::Local<v8::Context> context, v8::MaybeLocal<v8::Script> maybe_script,
                               std::array<v8::Local<v8::Value>, kCount> arguments) {
  v8::Local<v8::Script> script;
  v8::Local<v8::Value> function;
  if (!maybe_script.ToLocal(&script) || !script->Run(context).ToLocal(&function)) return {};
  return function.As<v8::Function>()->Call(context, v8::Undefined(context->GetIsolate()), kCount, arguments.data());
}

// runLate(number, early, late): what the modules of a late script export, by path. The functions give it what it
// imports from others.
void RunLate(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const auto context = isolate->GetCurrentContext();
  const std::size_t number = info[0].As<v8::Uint32>()->Value();
  if (number >= LateScripts()) {
    isolate->ThrowException(
        v8::Exception::TypeError(v8::String::NewFromUtf8Literal(isolate, "there is no such late script")));
    return;
  }
  const auto compiled = CompileLateScript(context, number, CellState::Of(isolate).startup->code(number));
  const std::array arguments = {MakeHost(context, kRuntimeScripts[kFirstLate + number].natives).As<v8::Value>(),
                                info[1], info[2]};
  v8::Local<v8::Value> exports;
  if (Call(context, compiled.script, arguments).ToLocal(&exports)) info.GetReturnValue().Set(exports);
}

constexpr Native kNatives[] = {{"runLate", Checked<RunLate, Takes::kUint32, Takes::kFunction, Takes::kFunction>}};

}  // namespace

std::size_t LateScripts() { return kRuntimeScripts.size() - kFirstLate; }

v8::MaybeLocal<v8::Value> RunEarlyScript(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  // All of its functions: most run in every cell, and are small next to what compiling them there takes.
  ScriptCompiler::Source source(SourceText(isolate, kEarly), OriginOf(isolate, kEarly));
  const auto script = ScriptCompiler::Compile(context, &source, ScriptCompiler::kEagerCompile);
  return Call(context, script, std::array{MakeHost(context, kRuntimeScripts[kEarly].natives).As<v8::Value>()});
}

CompiledScript CompileLateScript(v8::Local<v8::Context> context, std::size_t number,
                                 std::span<const std::uint8_t> code) {
  v8::Isolate* const isolate = context->GetIsolate();
  const std::size_t index = kFirstLate + number;
  if (code.empty()) {
    ScriptCompiler::Source source(SourceText(isolate, index), OriginOf(isolate, index));
    return {ScriptCompiler::Compile(context, &source)};
  }
  auto cached = std::make_unique<ScriptCompiler::CachedData>(code.data(), static_cast<int>(code.size()));
  const auto* const seen = cached.get();
  ScriptCompiler::Source source(SourceText(isolate, index), OriginOf(isolate, index), cached.release());
  const auto script = ScriptCompiler::Compile(context, &source, ScriptCompiler::kConsumeCodeCache);
  return {script, !seen->rejected};
}

std::vector<std::string> MakeLateCode(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::Context::Scope entered(context);
  std::vector<std::string> all;
  for (std::size_t index = kFirstLate; index < kRuntimeScripts.size(); ++index) {
    MakeHost(context, kRuntimeScripts[index].natives);  // a native that is not there is found out now
    ScriptCompiler::Source source(SourceText(isolate, index), OriginOf(isolate, index));
    v8::Local<v8::UnboundScript> script;
    if (!ScriptCompiler::CompileUnboundScript(isolate, &source, ScriptCompiler::kEagerCompile).ToLocal(&script)) {
      throw std::runtime_error(std::string(kRuntimeScripts[index].name) + " cannot be compiled");
    }
    const std::unique_ptr<ScriptCompiler::CachedData> code(ScriptCompiler::CreateCodeCache(script));
    all.emplace_back(reinterpret_cast<const char*>(code->data), static_cast<std::size_t>(code->length));
  }
  return all;
}

std::span<const Native> ScriptNatives() { return kNatives; }

intptr_t EarlySourceReference() { return reinterpret_cast<intptr_t>(SourceOf(kEarly)); }

}  // namespace warder::cell
