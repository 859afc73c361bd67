#include "engine/broker/inject/placeholder_scan.h"

#include <algorithm>

#include "engine/broker/percent.h"

namespace warder::broker {

const Placeholder* PlaceholderScan::Look(std::string_view chunk, std::string* tail) const {
  tail->append(chunk);
  const Placeholder* found = placeholders_.FirstIn(*tail);
  tail->erase(0, tail->size() - std::min(tail->size(), Placeholders::kBytes - 1));
  return found;
}

std::string PlaceholderScan::Unescaped(std::string_view chunk) {
  escape_.append(chunk);
  // The last "%" may be the first of an escape of which the rest has not come yet.
  const std::size_t last = escape_.rfind('%');
  const std::size_t whole = last != std::string::npos && escape_.size() - last < 3 ? last : escape_.size();
  std::string decoded = PercentDecoded(std::string_view{escape_}.substr(0, whole));
  escape_.erase(0, whole);
  return decoded;
}

const Placeholder* PlaceholderScan::Feed(std::string_view chunk) {
  if (!escaped_ && chunk.find('%') != std::string_view::npos) {
    escaped_ = true;
    decoded_tail_ = tail_;
  }
  if (const Placeholder* found = Look(chunk, &tail_)) return found;
  return escaped_ ? Look(Unescaped(chunk), &decoded_tail_) : nullptr;
}

}  // namespace warder::broker
