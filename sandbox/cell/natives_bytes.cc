// Bytes that JavaScript could work on itself, but too slowly without a JIT: forgiving base64 (WHATWG Infra), search.
#include <simdutf_c.h>
#include <v8-array-buffer.h>
#include <v8-primitive.h>
#include <v8-typed-array.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/natives.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

std::string_view ViewBytes(v8::Local<v8::Value> value) {
  const auto view = value.As<v8::Uint8Array>();
  return {static_cast<const char*>(view->Buffer()->Data()) + view->ByteOffset(), view->ByteLength()};
}

std::size_t ToSize(v8::Local<v8::Value> value, std::size_t most) {
  const double number = value.As<v8::Number>()->Value();
  return number > 0 ? static_cast<std::size_t>(std::min(number, static_cast<double>(most))) : 0;
}

// base64Bytes(text: Uint8Array): Uint8Array | undefined, undefined where the text is not base64
void Base64Bytes(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const std::string_view text = ViewBytes(info[0]);
  // What is not base64 is found out as it is decoded, so the buffer is made for the longest that it can come to.
  const std::size_t room = simdutf_maximal_binary_length_from_base64(text.data(), text.size());
  v8::Local<v8::ArrayBuffer> buffer;
  if (!v8::ArrayBuffer::MaybeNew(isolate, room).ToLocal(&buffer)) return ThrowNoMemory(isolate);
  const simdutf_result result = simdutf_base64_to_binary(text.data(), text.size(), static_cast<char*>(buffer->Data()),
                                                         SIMDUTF_BASE64_DEFAULT, SIMDUTF_LAST_CHUNK_LOOSE);
  if (result.error != SIMDUTF_ERROR_SUCCESS) return;
  info.GetReturnValue().Set(v8::Uint8Array::New(buffer, 0, result.count));
}

// findBytes(bytes: Uint8Array, sought: Uint8Array, start: number, end: number): where `sought` is between the two, or
// -1; in a time linear to their distance
void FindBytes(const Info& info) {
  const std::string_view bytes = ViewBytes(info[0]);
  const std::string_view sought = ViewBytes(info[1]);
  const std::size_t end = ToSize(info[3], bytes.size());
  const std::size_t start = ToSize(info[2], end);
  // Nothing may be a null pointer, which memmem does not take.
  const void* const found = sought.empty() || end == start
                                ? nullptr
                                : ::memmem(bytes.data() + start, end - start, sought.data(), sought.size());
  info.GetReturnValue().Set(found == nullptr ? -1.0
                                             : static_cast<double>(static_cast<const char*>(found) - bytes.data()));
}

constexpr Native kNatives[] = {
    {"base64Bytes", Checked<Base64Bytes, Takes::kUint8Array>},
    {"findBytes", Checked<FindBytes, Takes::kUint8Array, Takes::kUint8Array, Takes::kNumber, Takes::kNumber>}};

}  // namespace

std::span<const Native> ByteNatives() { return kNatives; }

}  // namespace warder::cell
