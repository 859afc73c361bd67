#include "engine/connections/connect_options.h"

#include <chrono>
#include <optional>
#include <string>

#include "warder/engine.h"

namespace warder::connections {
namespace {

// Longer than anybody means, and short of what a time point holds.
constexpr std::chrono::seconds kMaxDuration = std::chrono::hours(24) * 366 * 100;

void CheckDuration(const char* what, const std::optional<std::chrono::seconds>& duration) {
  if (!duration || (duration->count() > 0 && *duration <= kMaxDuration)) return;
  throw EngineError(Status::kInvalid, std::string(what) + " is at least a second and at most a hundred years");
}

}  // namespace

void CheckOptions(const ConnectOptions& options) {
  CheckDuration("a connection's lifetime", options.lifetime);
  CheckDuration("a connection's idle limit", options.idle_limit);
  CheckDuration("the age at which a credential is to be renewed", options.rotate_after);
}

void Apply(const ConnectOptions& options, StoredConnection* connection) {
  if (options.lifetime) connection->ends = ConnectionStore::Now() + *options.lifetime;
  connection->idle_limit = options.idle_limit;
  connection->rotate_after = options.rotate_after;
}

ConnectionStore::IfThere IfThereOf(const ConnectOptions& options) {
  return options.replace ? ConnectionStore::IfThere::kReplace : ConnectionStore::IfThere::kRefuse;
}

}  // namespace warder::connections
