#include "engine/broker/response_body.h"

#include <algorithm>
#include <limits>

namespace warder::broker {

bool ResponseBody::Accept(std::string_view bytes) {
  wire_bytes_ += bytes.size();
  if (!decoder_) {
    decoded_.append(bytes);
    return true;
  }
  wire_.append(bytes);
  return Decode();
}

bool ResponseBody::Decode() {
  if (!decoder_) return true;
  std::string_view rest = wire_;
  const bool ok = decoder_->Decode(&rest, &decoded_, kBufferBytes);
  wire_.erase(0, wire_.size() - rest.size());
  return ok && (!finished_ || !wire_.empty() || decoded_.size() >= kBufferBytes || decoder_->Complete());
}

bool ResponseBody::Finish() {
  finished_ = true;
  return Decode();
}

void ResponseBody::Grant(std::uint64_t bytes) {
  credit_ += std::min(bytes, std::numeric_limits<std::uint64_t>::max() - credit_);
}

void ResponseBody::Discard() {
  wire_.clear();
  decoded_.clear();
  decoder_.reset();
}

bool ResponseBody::Take(std::string* out) {
  out->clear();
  if (!Decode()) return false;
  const std::size_t size = std::min(
      {static_cast<std::uint64_t>(decoded_.size()), credit_, static_cast<std::uint64_t>(proto::kMaxBodyChunkBytes)});
  if (size == decoded_.size()) {
    std::swap(*out, decoded_);
  } else {
    out->assign(decoded_, 0, size);
    decoded_.erase(0, size);
  }
  credit_ -= size;
  return true;
}

}  // namespace warder::broker
