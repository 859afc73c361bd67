// Response bytes between libcurl and the observer: decoded, scrubbed, counted against credit, bounded.
//
// At most kBufferBytes of decoded body plus kWireBytes of compressed bytes are held, and what a secret that is not
// complete yet may have begun with. When that is full the transfer is paused, and the peer's window fills up:
// back-pressure reaches the upstream.
//
// Decoding is what can take long for few bytes on the wire: each Take decodes no more than kSliceBytes.
#pragma once

#include <curl/curl.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

#include "engine/broker/content_decoder.h"
#include "engine/broker/scrub/scrubber.h"
#include "sandbox/proto/frame.h"

namespace warder::broker {

class ResponseBody {
 public:
  static constexpr std::size_t kBufferBytes = proto::kMaxBodyChunkBytes;
  // A body may grow by so much when it is decoded, once it is longer than kUnsuspiciousBytes: far more than text does
  // (JSON of equal records: 50), far less than bombs (gzip of zeros: 1,030; brotli and zstd: a million).
  static constexpr std::uint64_t kMaxRatio = 250;
  static constexpr std::uint64_t kUnsuspiciousBytes = std::uint64_t{4} << 20;

  static constexpr std::size_t kWireBytes = std::size_t{64} << 10;
  static constexpr std::size_t kSliceBytes = std::size_t{16} << 10;
  // So much is collected before it is delivered, while there is more to decode.
  static constexpr std::size_t kPieceBytes = std::size_t{64} << 10;

  // Before the first byte. Null: the body is as it comes.
  void SetDecoder(std::unique_ptr<ContentDecoder> decoder) { decoder_ = std::move(decoder); }
  // Before the first byte: takes the secrets of one more pattern out of what is decoded.
  void AddScrubber(std::shared_ptr<const ScrubPattern> pattern) { scrubbers_.emplace_back(std::move(pattern)); }

  // The most that libcurl hands over at a time.
  static constexpr std::size_t kMaxAcceptBytes = CURL_MAX_WRITE_SIZE;

  // Whether so much may be accepted now. What is ready then still leaves in one piece.
  bool HasRoom() const {
    return decoder_ ? wire_.size() + kMaxAcceptBytes <= kWireBytes : ready_.size() + kMaxAcceptBytes <= kBufferBytes;
  }
  // The error, empty if none, continues "https://host ...". Only when HasRoom().
  [[nodiscard]] std::string_view Accept(std::string_view bytes);
  // The transfer is over.
  void Finish() { finished_ = true; }

  void Grant(std::uint64_t bytes);
  // Decodes a slice. What may be delivered now: within credit, at most kMaxBodyChunkBytes; empty: nothing. The error as
  // in Accept: also that the body was cut off inside its coding.
  [[nodiscard]] std::string_view Take(std::string* out);
  // The next Take would decode more, whatever happens or does not happen meanwhile.
  bool HasMore() const { return more_ && ready_.size() < kBufferBytes; }
  // Drops what is held.
  void Discard();
  // Everything that came has been taken.
  bool Drained() const { return wire_.empty() && ready_.empty() && finished_ == flushed_; }
  std::uint64_t wire_bytes() const { return wire_bytes_; }
  std::uint64_t redactions() const;

 private:
  std::string_view Decode();
  // Moves `text` through the scrubbers to what is ready.
  void Pass(std::string* text);

  std::unique_ptr<ContentDecoder> decoder_;
  std::deque<Scrubber> scrubbers_;
  std::string wire_;   // accepted, not decoded yet
  std::string ready_;  // not delivered yet
  std::uint64_t credit_ = proto::kInitialCredit;
  std::uint64_t wire_bytes_ = 0;
  std::uint64_t decoded_bytes_ = 0;
  bool more_ = false;  // the decoder was stopped at the end of its slice
  bool finished_ = false;
  bool flushed_ = false;  // the scrubbers hold nothing any more
};

}  // namespace warder::broker
