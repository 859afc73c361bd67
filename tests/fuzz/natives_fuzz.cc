// The natives of a cell through V8, on the image's libraries: URLs, encodings, base64, compression, what flows
// remember, and crypto.subtle's arguments.
//
// A script cannot call them, but what it says reaches them as it is. Here they also get what the runtime never gives
// them: wrong types must do nothing worse than return.
#include <fcntl.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <v8-container.h>
#include <v8-context.h>
#include <v8-exception.h>
#include <v8-function.h>
#include <v8-initialization.h>
#include <v8-isolate.h>
#include <v8-primitive.h>
#include <v8-typed-array.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "sandbox/cell/buffer_budget.h"
#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/frozen_platform.h"
#include "sandbox/cell/limit_guards.h"
#include "sandbox/cell/natives.h"
#include "sandbox/crypto/seed_provider.h"
#include "sandbox/crypto/start.h"

// The limits of a cell need its channel; nothing is ever stopped here.
bool warder::cell::EndIsAsked() { return false; }

// What a collected object owns is found by nobody who looks at malloc's blocks only, and looking through all that V8
// has mapped takes longer than a run.
extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }  // NOLINT: the name is the sanitizer's

namespace {

constexpr int kMaxCalls = 12;
constexpr std::size_t kMaxText = 400;
constexpr std::uint64_t kBufferBytes = std::uint64_t{64} << 20;

void Draw(void*, unsigned char* out, std::size_t size) { std::fill_n(out, size, 0x5a); }

struct Machine {
  warder::cell::FrozenPlatform platform;
  warder::cell::BufferBudget buffers;
  warder::cell::Channel engine{::open("/dev/null", O_WRONLY | O_CLOEXEC)};  // takes what leaves the cell
  v8::Isolate* isolate = nullptr;
  v8::Global<v8::Context> context;
  std::map<std::string, v8::Global<v8::Function>> natives;
  std::vector<std::string> names;
};
Machine* machine = nullptr;

void Add(v8::Local<v8::Context> context, v8::Local<v8::Object> natives) {
  const auto names = natives->GetOwnPropertyNames(context).ToLocalChecked();
  for (std::uint32_t i = 0; i < names->Length(); ++i) {
    const auto name = names->Get(context, i).ToLocalChecked();
    const std::string text = *v8::String::Utf8Value(machine->isolate, name);
    // These take the work that is asked for: minutes for a large key or count.
    if (text == "generateRsa" || text == "pbkdf2") continue;
    machine->natives[text].Reset(machine->isolate, natives->Get(context, name).ToLocalChecked().As<v8::Function>());
    machine->names.push_back(text);
  }
}

v8::Local<v8::String> ConsumeText(FuzzedDataProvider& in) {
  v8::Isolate* const isolate = machine->isolate;
  const std::string bytes = in.ConsumeRandomLengthString(kMaxText);
  if (in.ConsumeBool()) {
    return v8::String::NewFromOneByte(isolate, reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                      v8::NewStringType::kNormal, static_cast<int>(bytes.size()))
        .ToLocalChecked();
  }
  std::vector<std::uint16_t> units(bytes.size() / 2);
  if (!units.empty()) std::memcpy(units.data(), bytes.data(), units.size() * 2);
  return v8::String::NewFromTwoByte(isolate, units.data(), v8::NewStringType::kNormal, static_cast<int>(units.size()))
      .ToLocalChecked();
}

v8::Local<v8::ArrayBuffer> ConsumeBuffer(FuzzedDataProvider& in) {
  const std::string bytes = in.ConsumeRandomLengthString(kMaxText);
  const auto buffer = v8::ArrayBuffer::New(machine->isolate, bytes.size());
  if (!bytes.empty()) std::memcpy(buffer->Data(), bytes.data(), bytes.size());
  return buffer;
}

using Value = v8::Local<v8::Value>;
using Values = std::vector<Value>;

// Of any type, or something that a call before this one has returned.
Value ConsumeValue(FuzzedDataProvider& in, const Values& results) {
  v8::Isolate* const isolate = machine->isolate;
  switch (in.ConsumeIntegralInRange<int>(0, 9)) {
    case 0:
      return v8::Undefined(isolate);
    case 1:
      return v8::Boolean::New(isolate, in.ConsumeBool());
    case 2:
      return v8::Integer::New(isolate, in.ConsumeIntegralInRange<int>(-1, 10));
    case 3:
      return v8::Number::New(isolate, in.ConsumeFloatingPoint<double>());
    case 4:
      return ConsumeText(in);
    case 5:
      return ConsumeBuffer(in);
    case 6: {
      const auto buffer = ConsumeBuffer(in);
      const std::size_t size = buffer->ByteLength();
      const std::size_t start = in.ConsumeIntegralInRange<std::size_t>(0, size);
      return v8::Uint8Array::New(buffer, start, size - start);
    }
    case 7:
      return v8::Object::New(isolate);
    case 8: {
      Values parts;
      for (int i = in.ConsumeIntegralInRange<int>(0, 9); i > 0; --i) parts.push_back(ConsumeText(in));
      return v8::Array::New(isolate, parts.data(), parts.size());
    }
    default:
      return results.empty() ? Value(v8::Null(isolate))
                             : results[in.ConsumeIntegralInRange<std::size_t>(0, results.size() - 1)];
  }
}

Value Call(const std::string& name, Values arguments) {
  v8::Isolate* const isolate = machine->isolate;
  const v8::TryCatch caught(isolate);
  Value result = v8::Undefined(isolate);
  const auto context = isolate->GetCurrentContext();
  const auto function = machine->natives.at(name).Get(isolate);
  if (!function->Call(context, v8::Undefined(isolate), static_cast<int>(arguments.size()), arguments.data())
           .ToLocal(&result)) {
    return v8::Undefined(isolate);
  }
  return result;
}

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "natives_fuzz: %s\n", what);
  std::abort();
}

// What a URL was serialised to is a URL and means itself, and stays one whatever part of it is set.
void RunUrl(FuzzedDataProvider& in) {
  v8::Isolate* const isolate = machine->isolate;
  const auto parts = v8::Uint32Array::New(v8::ArrayBuffer::New(isolate, 32), 0, 8);
  Value base = v8::Undefined(isolate);
  if (in.ConsumeBool()) base = ConsumeText(in);
  Value href = Call("urlParse", {ConsumeText(in), base, parts});
  for (int i = 0; i < kMaxCalls && href->IsString(); ++i) {
    const Value again = Call("urlParse", {href, v8::Undefined(isolate), parts});
    Require(again->IsString() && again.As<v8::String>()->StringEquals(href.As<v8::String>()), "a URL is not stable");
    Call("urlOrigin", {href});
    const Value next = Call(
        "urlUpdate", {href, v8::Integer::New(isolate, in.ConsumeIntegralInRange<int>(0, 9)), ConsumeText(in), parts});
    if (next->IsString()) href = next;
  }
}

void RunText(FuzzedDataProvider& in) {
  v8::Isolate* const isolate = machine->isolate;
  const Value text = ConsumeText(in);
  const Value bytes = Call("utf8Encode", {text});
  const Value decoded = Call("decode", {bytes, v8::Integer::New(isolate, 0), v8::True(isolate)});
  Require(decoded->IsString(), "what was encoded is not UTF-8");
  const Value base64 = Call("base64Encode", {text});
  if (base64->IsString()) {
    const Value back = Call("base64Decode", {base64});
    Require(back->IsString() && back.As<v8::String>()->StringEquals(text.As<v8::String>()),
            "base64 does not come back");
  }
  Call("base64Decode", {ConsumeText(in)});
  Call("querySerialize", {Call("queryParse", {ConsumeText(in)})});
  const auto buffer = ConsumeBuffer(in);
  Call("decode",
       {v8::Uint8Array::New(buffer, 0, buffer->ByteLength()),
        v8::Integer::New(isolate, in.ConsumeIntegralInRange<int>(0, 3)), v8::Boolean::New(isolate, in.ConsumeBool())});
}

// A stream of legacy text, cut anywhere, with any state: it is the runtime's, but in JavaScript's memory.
void RunLegacy(FuzzedDataProvider& in) {
  v8::Isolate* const isolate = machine->isolate;
  static constexpr const char* kNames[] = {"big5",        "euc-jp",    "euc-kr", "gb18030",      "gbk",
                                           "iso-2022-jp", "shift_jis", "koi8-r", "windows-1252", "x-user-defined"};
  const Value name = v8::String::NewFromUtf8(isolate, in.PickValueInArray(kNames)).ToLocalChecked();
  const auto state = v8::Uint8Array::New(v8::ArrayBuffer::New(isolate, 8), 0, 8);
  if (in.ConsumeBool()) in.ConsumeData(state->Buffer()->Data(), 8);
  for (int i = 0; i < kMaxCalls && in.remaining_bytes() > 0; ++i) {
    const auto buffer = ConsumeBuffer(in);
    Call("decodeLegacy",
         {name, v8::Uint8Array::New(buffer, 0, buffer->ByteLength()), v8::Boolean::New(isolate, in.ConsumeBool()),
          v8::Boolean::New(isolate, in.ConsumeBool()), state});
  }
}

// What is compressed comes back; what is not compressed data is refused.
void RunCompression(FuzzedDataProvider& in) {
  v8::Isolate* const isolate = machine->isolate;
  const Value format = v8::Integer::New(isolate, in.ConsumeIntegralInRange<int>(0, 2));
  const Value stream = Call("zlibStart", {format, v8::Boolean::New(isolate, in.ConsumeBool())});
  for (int i = 0; i < kMaxCalls && stream->IsObject(); ++i) {
    const auto buffer = ConsumeBuffer(in);
    Call("zlibStep", {stream, v8::Uint8Array::New(buffer, 0, buffer->ByteLength()),
                      v8::Integer::New(isolate, in.ConsumeIntegralInRange<int>(0, 500)),
                      v8::Boolean::New(isolate, in.ConsumeBool())});
  }
}

void RunBytes(FuzzedDataProvider& in) {
  v8::Isolate* const isolate = machine->isolate;
  const auto bytes = [&] {
    const auto buffer = ConsumeBuffer(in);
    return v8::Uint8Array::New(buffer, 0, buffer->ByteLength());
  };
  Call("base64Bytes", {bytes()});
  Call("findBytes", {bytes(), bytes(), v8::Number::New(isolate, in.ConsumeFloatingPoint<double>()),
                     v8::Number::New(isolate, in.ConsumeFloatingPoint<double>())});
}

// Reads and commits of state: of keys and changes that the runtime has looked at, and of others.
void RunState(FuzzedDataProvider& in) {
  v8::Isolate* const isolate = machine->isolate;
  const auto number = [&](int least, int most) {
    return v8::Integer::New(isolate, in.ConsumeIntegralInRange<int>(least, most));
  };
  for (int i = 0; i < kMaxCalls && in.remaining_bytes() > 0; ++i) {
    if (in.ConsumeBool()) {
      Call("stateRead", {number(-1, 4), ConsumeText(in), ConsumeText(in)});
      continue;
    }
    Values parts;
    for (int count = in.ConsumeIntegralInRange<int>(0, 4); count > 0; --count) {
      parts.insert(parts.end(), {number(-1, 4), ConsumeText(in), ConsumeText(in)});
      parts.push_back(in.ConsumeBool() ? Value(ConsumeText(in)) : ConsumeValue(in, parts));
      parts.push_back(in.ConsumeBool() ? Value(number(-1, 9)) : ConsumeValue(in, parts));
    }
    if (in.ConsumeBool()) parts.push_back(ConsumeValue(in, {}));
    Call("stateCommit", {v8::Array::New(isolate, parts.data(), parts.size())});
  }
}

// crypto.subtle's natives check what they get, whatever it is.
void RunCrypto(FuzzedDataProvider& in) {
  Values results;
  for (int i = 0; i < kMaxCalls && in.remaining_bytes() > 0; ++i) {
    Values arguments;
    for (int count = in.ConsumeIntegralInRange<int>(0, 7); count > 0; --count) {
      arguments.push_back(ConsumeValue(in, results));
    }
    const std::string& name = machine->names[in.ConsumeIntegralInRange<std::size_t>(0, machine->names.size() - 1)];
    const Value result = Call(name, arguments);
    if (result->IsArray() && result.As<v8::Array>()->Length() > 0) {
      Value first;
      if (result.As<v8::Array>()->Get(machine->isolate->GetCurrentContext(), 0).ToLocal(&first))
        results.push_back(first);
    }
    results.push_back(result);
  }
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  machine = new Machine;
  v8::V8::SetFlagsFromString("--jitless --single-threaded --no-memory-protection-keys");
  v8::V8::InitializePlatform(&machine->platform);
  v8::V8::Initialize();
  warder::crypto::StartOpenSsl();
  warder::crypto::SetRandomSource(Draw, nullptr);
  v8::Isolate::CreateParams parameters;
  machine->buffers.SetBudget(kBufferBytes);
  parameters.array_buffer_allocator = &machine->buffers;
  v8::Isolate* const isolate = machine->isolate = v8::Isolate::New(parameters);
  isolate->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
  isolate->Enter();
  const v8::HandleScope scope(isolate);
  const auto context = v8::Context::New(isolate);
  machine->context.Reset(isolate, context);
  const v8::Context::Scope entered(context);
  const auto lazy = warder::cell::MakeNatives(context, warder::cell::CryptoNatives());
  const auto crypto = lazy->Get(context, v8::String::NewFromUtf8Literal(isolate, "crypto")).ToLocalChecked();
  const auto made = crypto.As<v8::Function>()->Call(context, lazy, 0, nullptr).ToLocalChecked();
  Add(context, made.As<v8::Object>());
  Add(context, warder::cell::MakeNatives(context, warder::cell::ByteNatives()));
  Add(context, warder::cell::MakeNatives(context, warder::cell::StateNatives()));
  Add(context, warder::cell::MakeNatives(context, warder::cell::CompressionNatives()));
  Add(context, warder::cell::MakeNatives(context, warder::cell::UrlNatives()));
  Add(context, warder::cell::MakeNatives(context, warder::cell::TextNatives()));
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  const v8::HandleScope scope(machine->isolate);
  const v8::Context::Scope entered(machine->context.Get(machine->isolate));
  warder::cell::CellState state(&machine->engine, &machine->platform, nullptr);
  state.AttachTo(machine->isolate);
  switch (in.ConsumeIntegralInRange<int>(0, 6)) {
    case 0:
      RunUrl(in);
      break;
    case 1:
      RunText(in);
      break;
    case 2:
      RunLegacy(in);
      break;
    case 3:
      RunCompression(in);
      break;
    case 4:
      RunBytes(in);
      break;
    case 6:
      RunState(in);
      break;
    default:
      RunCrypto(in);
  }
  return 0;
}
