#include "engine/state/store.h"

#include "engine/base/text.h"
#include "engine/store/tenant_id.h"

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

bool IsInstance(const std::string& name) { return store::TenantId::Parse(name).has_value(); }

}  // namespace warder::state
