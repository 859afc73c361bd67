// Response bytes between libcurl and the observer: decoded, counted against credit, bounded.
//
// At most kBufferBytes of decoded body plus one read's worth of compressed bytes are held. When that is full the
// transfer is paused, and the peer's window fills up: back-pressure reaches the upstream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "engine/broker/content_decoder.h"
#include "sandbox/proto/frame.h"

namespace warder::broker {

class ResponseBody {
 public:
  static constexpr std::size_t kBufferBytes = proto::kMaxBodyChunkBytes;

  // Before the first byte. Null: the body is as it comes.
  void SetDecoder(std::unique_ptr<ContentDecoder> decoder) { decoder_ = std::move(decoder); }

  // Whether more may be accepted now.
  bool HasRoom() const { return wire_.empty() && decoded_.size() < kBufferBytes; }
  // False: the bytes are not of the coding that was announced. Only when HasRoom().
  [[nodiscard]] bool Accept(std::string_view bytes);
  // The transfer is over. False: the body was cut off inside its coding.
  [[nodiscard]] bool Finish();

  void Grant(std::uint64_t bytes);
  // What may be delivered now: within credit, at most kMaxBodyChunkBytes; empty: nothing. False as in Accept.
  [[nodiscard]] bool Take(std::string* out);
  // Drops what is held.
  void Discard();
  // Everything that came has been taken.
  bool Drained() const { return wire_.empty() && decoded_.empty(); }
  std::uint64_t wire_bytes() const { return wire_bytes_; }

 private:
  bool Decode();

  std::unique_ptr<ContentDecoder> decoder_;
  std::string wire_;     // accepted, not decoded yet
  std::string decoded_;  // not delivered yet
  std::uint64_t credit_ = proto::kInitialCredit;
  std::uint64_t wire_bytes_ = 0;
  bool finished_ = false;
};

}  // namespace warder::broker
