#include "engine/broker/content_decoder.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <new>

#include "engine/broker/ascii.h"

namespace warder::broker {
namespace {

constexpr std::size_t kStepBytes = std::size_t{16} << 10;

// RFC 1952: one or more members.
class GzipDecoder final : public ContentDecoder {
 public:
  GzipDecoder() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~GzipDecoder() override { inflateEnd(&stream_); }
  GzipDecoder(const GzipDecoder&) = delete;
  GzipDecoder& operator=(const GzipDecoder&) = delete;
  GzipDecoder(GzipDecoder&&) = delete;
  GzipDecoder& operator=(GzipDecoder&&) = delete;

  bool Decode(std::string_view* wire, std::string* out, std::size_t limit) override {
    std::array<Bytef, kStepBytes> step;
    while (out->size() < limit && (!wire->empty() || more_)) {
      if (ended_ && inflateReset(&stream_) != Z_OK) return false;
      ended_ = false;
      // zlib reads through a pointer to non-const; it does not write there.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(wire->data()));
      stream_.avail_in = static_cast<uInt>(wire->size());
      stream_.next_out = step.data();
      stream_.avail_out = kStepBytes;
      const int status = inflate(&stream_, Z_NO_FLUSH);
      if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return false;
      ended_ = status == Z_STREAM_END;
      started_ = true;
      more_ = stream_.avail_out == 0 && !ended_;
      wire->remove_prefix(wire->size() - stream_.avail_in);
      out->append(reinterpret_cast<const char*>(step.data()), kStepBytes - stream_.avail_out);
    }
    return true;
  }

  // No bytes at all is a body, too: of a server that labels an empty one.
  bool Complete() const override { return !started_ || ended_; }

 private:
  z_stream stream_{};
  bool started_ = false;
  bool ended_ = false;
  bool more_ = false;  // the last step filled its output: zlib may hold more
};

// RFC 7932. The peer chooses the window, up to 16 MiB: the memory of one decoder is bounded instead (a window of 4 MiB,
// the largest that `brotli` makes by default, fits).
class BrotliDecoder final : public ContentDecoder {
 public:
  BrotliDecoder() : state_(BrotliDecoderCreateInstance(Allocate, Free, this)) {
    if (state_ == nullptr) throw std::bad_alloc();
  }
  ~BrotliDecoder() override { BrotliDecoderDestroyInstance(state_); }
  BrotliDecoder(const BrotliDecoder&) = delete;
  BrotliDecoder& operator=(const BrotliDecoder&) = delete;
  BrotliDecoder(BrotliDecoder&&) = delete;
  BrotliDecoder& operator=(BrotliDecoder&&) = delete;

  bool Decode(std::string_view* wire, std::string* out, std::size_t limit) override {
    std::array<std::uint8_t, kStepBytes> step;
    while (out->size() < limit && (!wire->empty() || BrotliDecoderHasMoreOutput(state_) == BROTLI_TRUE)) {
      started_ = true;
      std::size_t available_in = wire->size();
      const auto* next_in = reinterpret_cast<const std::uint8_t*>(wire->data());
      std::size_t available_out = kStepBytes;
      std::uint8_t* next_out = step.data();
      const auto result =
          BrotliDecoderDecompressStream(state_, &available_in, &next_in, &available_out, &next_out, nullptr);
      if (result == BROTLI_DECODER_RESULT_ERROR) return false;
      const bool stuck = available_in == wire->size() && available_out == kStepBytes;
      wire->remove_prefix(wire->size() - available_in);
      out->append(reinterpret_cast<const char*>(step.data()), kStepBytes - available_out);
      if (stuck && !wire->empty()) return false;  // bytes behind the end
    }
    return true;
  }

  bool Complete() const override { return !started_ || BrotliDecoderIsFinished(state_) == BROTLI_TRUE; }

 private:
  static constexpr std::size_t kMaxBytes = std::size_t{8} << 20;
  static constexpr std::size_t kPrefixBytes = alignof(std::max_align_t);  // holds the size of the block

  static void* Allocate(void* opaque, std::size_t size) noexcept {
    auto* self = static_cast<BrotliDecoder*>(opaque);
    if (size > kMaxBytes || self->allocated_ + size > kMaxBytes) return nullptr;
    void* block = std::malloc(size + kPrefixBytes);
    if (block == nullptr) return nullptr;
    *static_cast<std::size_t*>(block) = size;
    self->allocated_ += size;
    return static_cast<char*>(block) + kPrefixBytes;
  }
  static void Free(void* opaque, void* pointer) noexcept {
    if (pointer == nullptr) return;
    void* block = static_cast<char*>(pointer) - kPrefixBytes;
    static_cast<BrotliDecoder*>(opaque)->allocated_ -= *static_cast<std::size_t*>(block);
    std::free(block);
  }

  std::size_t allocated_ = 0;
  BrotliDecoderState* state_;
  bool started_ = false;
};

// RFC 8878: one or more frames. Windows beyond 8 MiB, which no sender may expect of a receiver (RFC 9659), are refused.
class ZstdDecoder final : public ContentDecoder {
 public:
  ZstdDecoder() : stream_(ZSTD_createDStream()) {
    if (!stream_) throw std::bad_alloc();
    ZSTD_DCtx_setParameter(stream_.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  }

  bool Decode(std::string_view* wire, std::string* out, std::size_t limit) override {
    std::array<char, kStepBytes> step;
    while (out->size() < limit && (!wire->empty() || more_)) {
      ZSTD_inBuffer in{wire->data(), wire->size(), 0};
      ZSTD_outBuffer made{step.data(), step.size(), 0};
      const std::size_t left = ZSTD_decompressStream(stream_.get(), &made, &in);
      if (ZSTD_isError(left) != 0) return false;
      started_ = true;
      ended_ = left == 0;
      more_ = made.pos == step.size() && !ended_;
      wire->remove_prefix(in.pos);
      out->append(step.data(), made.pos);
    }
    return true;
  }

  bool Complete() const override { return !started_ || ended_; }

 private:
  static constexpr int kMaxWindowLog = 23;
  struct Free {
    void operator()(ZSTD_DStream* stream) const { ZSTD_freeDStream(stream); }
  };
  std::unique_ptr<ZSTD_DStream, Free> stream_;
  bool started_ = false;
  bool ended_ = false;
  bool more_ = false;  // the last step filled its output: the decoder may hold more
};

}  // namespace

std::string_view AcceptedCodings() { return "gzip, br, zstd"; }

Result<std::unique_ptr<ContentDecoder>> MakeContentDecoder(std::string_view content_encoding) {
  const std::string_view coding = Trim(content_encoding);
  if (coding.empty() || EqualsIgnoreCase(coding, "identity")) return std::unique_ptr<ContentDecoder>();
  if (EqualsIgnoreCase(coding, "gzip") || EqualsIgnoreCase(coding, "x-gzip")) {
    return std::unique_ptr<ContentDecoder>(std::make_unique<GzipDecoder>());
  }
  if (EqualsIgnoreCase(coding, "br")) return std::unique_ptr<ContentDecoder>(std::make_unique<BrotliDecoder>());
  if (EqualsIgnoreCase(coding, "zstd")) return std::unique_ptr<ContentDecoder>(std::make_unique<ZstdDecoder>());
  return InvalidInput("answered with a content encoding that was not asked for (gzip, br and zstd are)");
}

}  // namespace warder::broker
