#include "engine/state/store.h"

#include <algorithm>

#include "engine/base/text.h"

namespace warder {

const char* StateScopeName(StateScope scope) {
  switch (scope) {
    case StateScope::kFlow:
      return "flow";
    case StateScope::kInstance:
      return "instance";
    case StateScope::kCrossFlow:
      break;
  }
  return "crossFlow";
}

}  // namespace warder

namespace warder::state {

Error NoRoom(std::size_t keys, std::size_t bytes) {
  return Refused("the state of the tenant would have " + std::to_string(keys) + " keys and " + std::to_string(bytes) +
                 " bytes, and may have " + std::to_string(kMaxKeys) + " and " + std::to_string(kMaxBytes) +
                 "; delete what is not needed any more");
}

Result<void> CheckValues(std::span<const Change> changes) {
  for (const Change& change : changes) {
    if (!change.json || IsJson(*change.json)) continue;
    return Refused("the value for \"" + change.key.key + "\" is no JSON, or nested deeper than " +
                   std::to_string(kMaxJsonDepth) + " levels");
  }
  return {};
}

bool IsInstance(const std::string& name) {
  constexpr std::size_t kMaxNameBytes = 64;
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  return !name.empty() && name.size() <= kMaxNameBytes && word(name.front()) &&
         std::all_of(name.begin(), name.end(), [&](char c) { return word(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace warder::state
