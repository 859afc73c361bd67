// Encodings (WHATWG Encoding) and base64 (WHATWG Infra, forgiving-base64), by V8 and simdutf.
#include <simdutf_c.h>
#include <v8-exception.h>
#include <v8-primitive.h>
#include <v8-typed-array.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/legacy_decoder.h"
#include "sandbox/cell/legacy_index.h"
#include "sandbox/cell/natives.h"
#include "sandbox/cell/stack_text.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// The runtime has the same numbers.
enum class Encoding { kUtf8, kUtf16Le, kUtf16Be };

struct Bytes {
  const char* data = nullptr;
  std::size_t size = 0;
};

Bytes ViewBytes(v8::Local<v8::Value> value) {
  const auto view = value.As<v8::ArrayBufferView>();
  return {static_cast<const char*>(view->Buffer()->Data()) + view->ByteOffset(), view->ByteLength()};
}

void ThrowRange(const Info& info, const char* message) {
  v8::Isolate* const isolate = info.GetIsolate();
  isolate->ThrowException(v8::Exception::RangeError(v8::String::NewFromUtf8(isolate, message).ToLocalChecked()));
}

void ReturnString(const Info& info, v8::MaybeLocal<v8::String> maybe) {
  v8::Local<v8::String> text;
  if (maybe.ToLocal(&text)) {
    info.GetReturnValue().Set(text);
  } else {
    ThrowRange(info, "Invalid string length");
  }
}

bool FitsString(std::size_t length) { return length <= static_cast<std::size_t>(v8::String::kMaxLength); }

v8::MaybeLocal<v8::String> OneByte(v8::Isolate* isolate, const char* data, std::size_t size) {
  if (!FitsString(size)) return {};
  return v8::String::NewFromOneByte(isolate, reinterpret_cast<const std::uint8_t*>(data), v8::NewStringType::kNormal,
                                    static_cast<int>(size));
}

// utf8Encode(text: string): Uint8Array
void Utf8Encode(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const auto text = info[0].As<v8::String>();
  const std::size_t size = text->Utf8LengthV2(isolate);
  v8::Local<v8::ArrayBuffer> buffer;
  if (!v8::ArrayBuffer::MaybeNew(isolate, size).ToLocal(&buffer)) {
    ThrowRange(info, "Array buffer allocation failed");
    return;
  }
  text->WriteUtf8V2(isolate, static_cast<char*>(buffer->Data()), size, v8::String::WriteFlags::kReplaceInvalidUtf8);
  info.GetReturnValue().Set(v8::Uint8Array::New(buffer, 0, size));
}

// utf8EncodeInto(text: string, target: Uint8Array, result: Uint32Array): result is [code units read, bytes written]
void Utf8EncodeInto(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const auto target = info[1].As<v8::Uint8Array>();
  const auto result = info[2].As<v8::Uint32Array>();
  std::size_t read = 0;
  const std::size_t written = info[0].As<v8::String>()->WriteUtf8V2(
      isolate, static_cast<char*>(target->Buffer()->Data()) + target->ByteOffset(), target->ByteLength(),
      v8::String::WriteFlags::kReplaceInvalidUtf8, &read);
  const std::uint32_t numbers[] = {static_cast<std::uint32_t>(read), static_cast<std::uint32_t>(written)};
  if (result->ByteLength() != sizeof(numbers)) return;
  std::memcpy(static_cast<char*>(result->Buffer()->Data()) + result->ByteOffset(), numbers, sizeof(numbers));
}

v8::MaybeLocal<v8::String> DecodeUtf16(v8::Isolate* isolate, Bytes bytes, bool big_endian, bool fatal, bool* invalid) {
  const std::size_t units = bytes.size / 2;
  std::vector<std::uint16_t> text(units);
  if (units > 0) std::memcpy(text.data(), bytes.data, units * 2);  // without bytes there may be a null pointer
  if (big_endian) {
    for (auto& unit : text) unit = static_cast<std::uint16_t>((unit << 8) | (unit >> 8));
  }
  for (std::size_t i = 0; i < units; ++i) {
    const bool high = (text[i] & 0xFC00U) == 0xD800U;
    const bool low = (text[i] & 0xFC00U) == 0xDC00U;
    if (high && i + 1 < units && (text[i + 1] & 0xFC00U) == 0xDC00U) {
      ++i;
    } else if (high || low) {
      if (fatal) {
        *invalid = true;
        return {};
      }
      text[i] = 0xFFFD;
    }
  }
  if (!FitsString(units)) return {};
  return v8::String::NewFromTwoByte(isolate, text.data(), v8::NewStringType::kNormal, static_cast<int>(units));
}

// decode(view, encoding: number, fatal: boolean): string | undefined, undefined where the bytes are invalid and fatal
// is set. The caller holds back what a stream has not completed.
void Decode(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const Bytes bytes = ViewBytes(info[0]);
  const auto encoding = static_cast<Encoding>(info[1].As<v8::Int32>()->Value());
  const bool fatal = info[2]->IsTrue();
  if (encoding == Encoding::kUtf16Le || encoding == Encoding::kUtf16Be) {
    bool invalid = false;
    const auto text = DecodeUtf16(isolate, bytes, encoding == Encoding::kUtf16Be, fatal, &invalid);
    if (!invalid) ReturnString(info, text);
    return;
  }
  if (simdutf_validate_ascii(bytes.data, bytes.size)) {
    ReturnString(info, OneByte(isolate, bytes.data, bytes.size));
    return;
  }
  if (fatal && !simdutf_validate_utf8(bytes.data, bytes.size)) return;
  if (bytes.size > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    ThrowRange(info, "Invalid string length");
    return;
  }
  ReturnString(info,
               v8::String::NewFromUtf8(isolate, bytes.data, v8::NewStringType::kNormal, static_cast<int>(bytes.size)));
}

// decodeLegacy(name: string, view, last: boolean, fatal: boolean, state: Uint8Array): string | undefined, undefined
// where the bytes are invalid and fatal is set. `state` is the runtime's: eight bytes, zeros at the beginning.
void DecodeLegacyEncoding(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const std::string name = ToUtf8(isolate, info[0]);
  const Bytes bytes = ViewBytes(info[1]);
  if (simdutf_validate_ascii(bytes.data, bytes.size) && FindSingleByteIndex(name) != nullptr) {
    ReturnString(info, OneByte(isolate, bytes.data, bytes.size));
    return;
  }
  DecoderState state;
  const auto kept = info[4].As<v8::Uint8Array>();
  if (kept->CopyContents(&state, sizeof(state)) != sizeof(state)) return;
  std::u16string text;
  text.reserve(bytes.size);
  const Decoded decoded = DecodeLegacy(name, {reinterpret_cast<const std::uint8_t*>(bytes.data), bytes.size},
                                       info[2]->IsTrue() ? Input::kEnds : Input::kGoesOn,
                                       info[3]->IsTrue() ? OnError::kFail : OnError::kReplace, &state, &text);
  std::memcpy(static_cast<char*>(kept->Buffer()->Data()) + kept->ByteOffset(), &state, sizeof(state));
  if (decoded != Decoded::kDone) return;
  if (!FitsString(text.size())) {
    ThrowRange(info, "Invalid string length");
    return;
  }
  ReturnString(info, v8::String::NewFromTwoByte(isolate, reinterpret_cast<const std::uint16_t*>(text.data()),
                                                v8::NewStringType::kNormal, static_cast<int>(text.size())));
}

// Latin-1 text as bytes; false where a code unit is beyond.
bool ToLatin1(v8::Isolate* isolate, v8::Local<v8::Value> value, std::string* bytes) {
  const auto text = value.As<v8::String>();
  if (!text->ContainsOnlyOneByte()) return false;
  bytes->resize(static_cast<std::size_t>(text->Length()));
  text->WriteOneByteV2(isolate, 0, static_cast<std::uint32_t>(bytes->size()),
                       reinterpret_cast<std::uint8_t*>(bytes->data()));
  return true;
}

// base64Encode(binary: string): string | undefined
void Base64Encode(const Info& info) {
  std::string bytes;
  if (!ToLatin1(info.GetIsolate(), info[0], &bytes)) return;
  std::string text(simdutf_base64_length_from_binary(bytes.size(), SIMDUTF_BASE64_DEFAULT), '\0');
  text.resize(simdutf_binary_to_base64(bytes.data(), bytes.size(), text.data(), SIMDUTF_BASE64_DEFAULT));
  ReturnString(info, OneByte(info.GetIsolate(), text.data(), text.size()));
}

// base64Decode(text: string): string | undefined
void Base64Decode(const Info& info) {
  std::string text;
  if (!ToLatin1(info.GetIsolate(), info[0], &text)) return;
  std::string bytes(simdutf_maximal_binary_length_from_base64(text.data(), text.size()), '\0');
  const simdutf_result result = simdutf_base64_to_binary(text.data(), text.size(), bytes.data(), SIMDUTF_BASE64_DEFAULT,
                                                         SIMDUTF_LAST_CHUNK_LOOSE);
  if (result.error != SIMDUTF_ERROR_SUCCESS) return;
  ReturnString(info, OneByte(info.GetIsolate(), bytes.data(), result.count));
}

constexpr Native kNatives[] = {
    {"utf8Encode", Checked<Utf8Encode, Takes::kString>},
    {"utf8EncodeInto", Checked<Utf8EncodeInto, Takes::kString, Takes::kUint8Array, Takes::kUint32Array>},
    {"decode", Checked<Decode, Takes::kView, Takes::kInt32>},
    {"decodeLegacy",
     Checked<DecodeLegacyEncoding, Takes::kString, Takes::kView, Takes::kAny, Takes::kAny, Takes::kUint8Array>},
    {"base64Encode", Checked<Base64Encode, Takes::kString>},
    {"base64Decode", Checked<Base64Decode, Takes::kString>}};

}  // namespace

std::span<const Native> TextNatives() { return kNatives; }

}  // namespace warder::cell
