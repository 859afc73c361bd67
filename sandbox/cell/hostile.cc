#include "sandbox/cell/hostile.h"

#include <v8-array-buffer.h>
#include <v8-function.h>
#include <v8-primitive.h>

#include <array>
#include <cstdint>

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;
// The number, then the arguments.
using Words = std::array<std::uint64_t, 7>;

std::uint64_t ToWord(v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  if (value->IsBigInt()) return value.As<v8::BigInt>()->Uint64Value();
  if (value->IsArrayBuffer()) return reinterpret_cast<std::uint64_t>(value.As<v8::ArrayBuffer>()->Data());
  if (value->IsArrayBufferView()) {
    const auto view = value.As<v8::ArrayBufferView>();
    return reinterpret_cast<std::uint64_t>(view->Buffer()->Data()) + view->ByteOffset();
  }
  return static_cast<std::uint64_t>(value->IntegerValue(context).FromMaybe(0));
}

Words ToWords(const Info& info) {
  Words words{};
  const auto context = info.GetIsolate()->GetCurrentContext();
  for (int i = 0; i < info.Length() && i < static_cast<int>(words.size()); ++i) words[i] = ToWord(context, info[i]);
  return words;
}

void Return(const Info& info, std::int64_t result) {
  info.GetReturnValue().Set(v8::BigInt::New(info.GetIsolate(), result));
}

void Syscall(const Info& info) {
  const Words words = ToWords(info);
  std::int64_t result = 0;
  register std::uint64_t r10 asm("r10") = words[4];
  register std::uint64_t r8 asm("r8") = words[5];
  register std::uint64_t r9 asm("r9") = words[6];
  asm volatile("syscall"
               : "=a"(result)
               : "a"(words[0]), "D"(words[1]), "S"(words[2]), "d"(words[3]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  Return(info, result);
}

void Int80(const Info& info) {
  const Words words = ToWords(info);
  std::int32_t result = 0;
  // rbx is callee-saved and may hold the address of the GOT: put back what was there.
  asm volatile("xchg %%rbx, %[first]; int $0x80; xchg %%rbx, %[first]"
               : "=a"(result)
               : "a"(static_cast<std::uint32_t>(words[0])), [first] "r"(words[1]), "c"(words[2]), "d"(words[3]),
                 "S"(words[4]), "D"(words[5])
               : "r8", "r9", "r10", "r11", "memory");
  Return(info, result);
}

void Define(v8::Local<v8::Context> context, const char* name, v8::FunctionCallback callback) {
  const auto key = v8::String::NewFromUtf8(context->GetIsolate(), name).ToLocalChecked();
  context->Global()->Set(context, key, v8::Function::New(context, callback).ToLocalChecked()).Check();
}

}  // namespace

void ExposeSystemCalls(v8::Local<v8::Context> context) {
  Define(context, "__syscall", Syscall);
  Define(context, "__int80", Int80);
}

}  // namespace warder::cell
