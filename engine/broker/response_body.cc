#include "engine/broker/response_body.h"

#include <algorithm>
#include <limits>

#include "engine/base/spare_buffer.h"

namespace warder::broker {

std::string_view ResponseBody::Accept(std::string_view bytes) {
  wire_bytes_ += bytes.size();
  if (decoder_) {
    wire_.append(bytes);
    return {};
  }
  if (scrubbers_.empty()) {
    if (ready_.empty() && bytes.size() == kMaxAcceptBytes) ready_ = SpareBuffers::Take(kBufferBytes);  // more follows
    ready_.append(bytes);
  } else {
    std::string text(bytes);
    Pass(&text);
  }
  return {};
}

std::string_view ResponseBody::Decode() {
  if (decoder_ && ready_.size() < kBufferBytes) {
    std::string_view rest = wire_;
    std::string text;
    const std::size_t most = std::min(kSliceBytes, kBufferBytes - ready_.size());
    const bool ok = decoder_->Decode(&rest, &text, most);
    wire_.erase(0, wire_.size() - rest.size());
    if (!ok) return "sent a body that is not in the encoding it announced";
    decoded_bytes_ += text.size();
    if (decoded_bytes_ > kUnsuspiciousBytes && decoded_bytes_ / kMaxRatio > wire_bytes_ - wire_.size()) {
      return "sent a body that grows more than 250-fold when it is decoded, as decompression bombs do";
    }
    more_ = text.size() >= most;
    if (!text.empty()) Pass(&text);
  }
  if (!finished_ || flushed_ || more_ || !wire_.empty()) return {};
  if (decoder_ && !decoder_->Complete()) return "sent a body that is cut off, or not in the encoding it announced";
  flushed_ = true;
  std::string rest;
  for (Scrubber& scrubber : scrubbers_) {
    std::string out;
    scrubber.Push(rest, &out);
    scrubber.Finish(&out);
    rest = std::move(out);
  }
  ready_.append(rest);
  return {};
}

void ResponseBody::Pass(std::string* text) {
  for (Scrubber& scrubber : scrubbers_) {
    std::string out;
    scrubber.Push(*text, &out);
    *text = std::move(out);
  }
  if (ready_.empty()) {
    ready_ = std::move(*text);
  } else {
    ready_.append(*text);
  }
}

void ResponseBody::Grant(std::uint64_t bytes) {
  credit_ += std::min(bytes, std::numeric_limits<std::uint64_t>::max() - credit_);
}

void ResponseBody::Discard() {
  wire_.clear();
  ready_.clear();
  decoder_.reset();
  scrubbers_.clear();
  more_ = false;
}

std::string_view ResponseBody::Take(std::string* out) {
  out->clear();
  if (const std::string_view error = Decode(); !error.empty()) return error;
  if (more_ && ready_.size() < kPieceBytes) return {};
  const std::size_t size = std::min(
      {static_cast<std::uint64_t>(ready_.size()), credit_, static_cast<std::uint64_t>(proto::kMaxBodyChunkBytes)});
  if (size == ready_.size()) {
    std::swap(*out, ready_);
  } else {
    out->assign(ready_, 0, size);
    ready_.erase(0, size);
  }
  credit_ -= size;
  return {};
}

std::uint64_t ResponseBody::redactions() const {
  std::uint64_t count = 0;
  for (const Scrubber& scrubber : scrubbers_) count += scrubber.redactions();
  return count;
}

}  // namespace warder::broker
