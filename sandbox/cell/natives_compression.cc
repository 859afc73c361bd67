// Compression Streams, by zlib: one step makes at most one piece of output, of at most kMaxOutputBytes.
//
// All that zlib needs for one stream lies in one ArrayBuffer: it counts against the cell's budget, and goes when V8
// finds the stream unreachable. The buffer holds zlib's pointers, so JavaScript gets an object that keeps it in an
// internal field, where no script can look.
#include <v8-array-buffer.h>
#include <v8-container.h>
#include <v8-exception.h>
#include <v8-template.h>
#include <v8-typed-array.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <new>
#include <string>

#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/natives.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

constexpr std::size_t kMaxInputBytes = std::size_t{256} << 10;  // of one step: what is not used waits for the next
constexpr std::size_t kMaxOutputBytes = std::size_t{64} << 10;
// zconf.h, "memory requirements": (1 << (windowBits + 2)) + (1 << (memLevel + 9)) to compress, 1 << windowBits to
// decompress, and some kilobytes.
constexpr std::size_t kCompressBytes = std::size_t{300} << 10;
constexpr std::size_t kDecompressBytes = std::size_t{48} << 10;
constexpr int kMemLevel = 8;

// The runtime has the same numbers.
constexpr int kWindowBits[] = {15, -15, 15 + 16};  // deflate (RFC 1950), deflate-raw (RFC 1951), gzip (RFC 1952)

// Stands at the beginning of the buffer; the rest is what zlib allocates.
struct alignas(std::max_align_t) Stream {
  z_stream zlib;
  bool decompress;
  std::size_t used;
  std::size_t size;
};

void* Allocate(void* opaque, unsigned int items, unsigned int size) {
  auto* const stream = static_cast<Stream*>(opaque);
  constexpr std::size_t kAlign = alignof(std::max_align_t);
  const std::size_t bytes = (std::size_t{items} * size + kAlign - 1) / kAlign * kAlign;
  if (bytes > stream->size - stream->used) return Z_NULL;
  void* const block = reinterpret_cast<char*>(stream) + stream->used;
  stream->used += bytes;
  return block;
}

// The blocks go together, with the buffer.
void Free(void*, void*) {}

void ThrowType(v8::Isolate* isolate, const std::string& message) {
  isolate->ThrowException(v8::Exception::TypeError(v8::String::NewFromUtf8(isolate, message.c_str()).ToLocalChecked()));
}

// Null for an object that zlibStart has not made: nobody else has a buffer in an internal field.
Stream* StreamOf(v8::Local<v8::Object> handle) {
  if (handle->InternalFieldCount() != 1) return nullptr;
  const auto field = handle->GetInternalField(0);
  if (!field->IsValue() || !field.As<v8::Value>()->IsArrayBuffer()) return nullptr;
  return static_cast<Stream*>(field.As<v8::Value>().As<v8::ArrayBuffer>()->Data());
}

// zlibStart(format: number, decompress: boolean): object
void ZlibStart(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const std::uint32_t format = info[0].As<v8::Uint32>()->Value();
  if (format >= std::size(kWindowBits)) return ThrowType(isolate, "there is no such compression format");
  const int window_bits = kWindowBits[format];
  const bool decompress = info[1]->IsTrue();
  const std::size_t size = decompress ? kDecompressBytes : kCompressBytes;
  v8::Local<v8::ArrayBuffer> buffer;
  if (!v8::ArrayBuffer::MaybeNew(isolate, size).ToLocal(&buffer)) return ThrowNoMemory(isolate);
  auto* const stream = new (buffer->Data()) Stream{.decompress = decompress, .used = sizeof(Stream), .size = size};
  stream->zlib.zalloc = Allocate;
  stream->zlib.zfree = Free;
  stream->zlib.opaque = stream;
  const int status = decompress ? inflateInit2(&stream->zlib, window_bits)
                                : deflateInit2(&stream->zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, kMemLevel,
                                               Z_DEFAULT_STRATEGY);
  if (status != Z_OK) return ThrowNoMemory(isolate);
  const auto shape = v8::ObjectTemplate::New(isolate);
  shape->SetInternalFieldCount(1);
  const auto handle = shape->NewInstance(isolate->GetCurrentContext()).ToLocalChecked();
  handle->SetInternalField(0, buffer);
  info.GetReturnValue().Set(handle);
}

void ThrowBadData(v8::Isolate* isolate, const z_stream& zlib) {
  ThrowType(isolate,
            "the compressed data is not valid" + (zlib.msg != nullptr ? ": " + std::string(zlib.msg) : std::string()));
}

// zlibStep(zlib: object, input: Uint8Array, offset: number, finish: boolean):
//   [output: Uint8Array | undefined, used: number, ended: boolean, more: boolean]
// `used` is how much of the input behind `offset` went; `more` that there is output for which this step had no room.
void ZlibStep(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  Stream* const stream = StreamOf(info[0].As<v8::Object>());
  if (stream == nullptr) return ThrowType(isolate, "this is no compression stream");
  z_stream& zlib = stream->zlib;
  const auto view = info[1].As<v8::Uint8Array>();
  const std::size_t length = view->ByteLength();  // 0 where the buffer has been taken away in the meantime
  const std::size_t offset = std::min<std::size_t>(info[2].As<v8::Uint32>()->Value(), length);
  const auto available = static_cast<unsigned int>(std::min(length - offset, kMaxInputBytes));
  zlib.next_in = static_cast<Bytef*>(view->Buffer()->Data()) + view->ByteOffset() + offset;
  zlib.avail_in = available;
  Bytef output[kMaxOutputBytes];
  zlib.next_out = output;
  zlib.avail_out = kMaxOutputBytes;
  const int status =
      stream->decompress ? inflate(&zlib, Z_NO_FLUSH) : deflate(&zlib, info[3]->IsTrue() ? Z_FINISH : Z_NO_FLUSH);
  // Z_BUF_ERROR says only that there was nothing to do.
  if (status == Z_MEM_ERROR) return ThrowNoMemory(isolate);
  if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return ThrowBadData(isolate, zlib);
  const std::size_t made = kMaxOutputBytes - zlib.avail_out;
  v8::Local<v8::Value> chunk = v8::Undefined(isolate);
  if (made > 0) {
    v8::Local<v8::ArrayBuffer> buffer;
    if (!v8::ArrayBuffer::MaybeNew(isolate, made).ToLocal(&buffer)) return ThrowNoMemory(isolate);
    std::memcpy(buffer->Data(), output, made);
    chunk = v8::Uint8Array::New(buffer, 0, made);
  }
  v8::Local<v8::Value> parts[] = {chunk, v8::Number::New(isolate, available - zlib.avail_in),
                                  v8::Boolean::New(isolate, status == Z_STREAM_END),
                                  v8::Boolean::New(isolate, zlib.avail_out == 0)};
  info.GetReturnValue().Set(v8::Array::New(isolate, parts, std::size(parts)));
}

constexpr Native kNatives[] = {{"zlibStart", Checked<ZlibStart, Takes::kUint32>},
                               {"zlibStep", Checked<ZlibStep, Takes::kObject, Takes::kUint8Array, Takes::kUint32>}};

}  // namespace

std::span<const Native> CompressionNatives() { return kNatives; }

}  // namespace warder::cell
