// What flows remember from one execution to the next: `context.state` (docs/authoring.md).
//
// An execution of a request with an instance (ExecutionRequest::instance) reads and commits the state of that instance
// in the file of its tenant (docs/vault.md). Without one, its state is in the engine's memory, at most 16 MB and 10,000
// keys of each tenant and 256 MB of all tenants together, and goes with it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace warder {

enum class StateScope {
  kFlow,       // of one flow of the instance
  kInstance,   // of all flows of the instance
  kCrossFlow,  // of all flows of the tenant
};

// "flow", "instance", "crossFlow", as scripts have it.
const char* StateScopeName(StateScope scope);

struct StateKey {
  StateScope scope = StateScope::kFlow;
  std::string flow;  // its key; empty but for kFlow
  std::string key;

  auto operator<=>(const StateKey&) const = default;
};

// What stands, or was left, under a key.
struct StateItem {
  StateKey key;
  std::optional<std::string> value_json;  // nothing: it is not there, or was deleted

  bool operator==(const StateItem&) const = default;
};

// What an execution left under a key.
struct StateRecord {
  StateKey key;
  bool deleted = false;
  std::uint64_t bytes = 0;      // of the value's JSON
  std::string value_json = {};  // empty: it was deleted, or not asked for
};

}  // namespace warder
