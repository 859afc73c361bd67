#include "engine/broker/request_body.h"

#include <algorithm>
#include <cstring>

namespace warder::broker {

std::string_view RequestBody::Append(std::string_view data, bool last) {
  if (last_) return "the request body went on after its end";
  if (appended_ + data.size() > proto::kInitialCredit + granted_) return "the request body went beyond its credit";
  appended_ += data.size();
  last_ = last;
  if (declared_ && appended_ > *declared_) return "the request body is longer than the length it declared";
  if (declared_ && last && appended_ < *declared_) return "the request body is shorter than the length it declared";
  if (discard_) {
    consumed_ = appended_;
  } else {
    data_.append(data);
  }
  return {};
}

std::size_t RequestBody::Read(char* out, std::size_t size) {
  const std::size_t take = std::min(size, data_.size() - read_);
  std::memcpy(out, data_.data() + read_, take);
  read_ += take;
  consumed_ = std::max(consumed_, appended_ - (data_.size() - read_));
  if (!replayable_ && (read_ == data_.size() || read_ >= kGrantBytes)) {
    data_.erase(0, read_);
    read_ = 0;
  }
  return take;
}

std::optional<std::string_view> RequestBody::ReadWhole() {
  const auto whole = Whole();
  if (whole) {
    read_ = data_.size();
    consumed_ = appended_;
  }
  return whole;
}

bool RequestBody::Rewind() {
  if (!Rewindable()) return false;
  read_ = 0;
  return true;
}

void RequestBody::Discard() {
  discard_ = true;
  data_.clear();
  read_ = 0;
  consumed_ = appended_;
}

std::uint64_t RequestBody::TakeGrant() {
  const std::uint64_t grant = consumed_ - granted_;
  if (last_ || grant < kGrantBytes) return 0;
  granted_ += grant;
  return grant;
}

}  // namespace warder::broker
