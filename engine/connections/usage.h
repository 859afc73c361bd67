// What a connection was really used for, by day: the counterpart of what was granted.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/oauth/scope.h"
#include "sandbox/base/result.h"

namespace warder::connections {

using CallsByOrigin = std::map<std::string, std::uint64_t, std::less<>>;

struct Usage {
  static constexpr std::size_t kMaxDays = 400;  // older ones are forgotten

  struct Day {
    std::uint64_t executions = 0;
    CallsByOrigin calls;
    oauth::ScopeSet scopes;  // of the rules that allowed the calls (docs/policy.md)
    bool operator==(const Day&) const = default;
  };

  std::optional<std::chrono::sys_seconds> last;  // use
  std::map<std::chrono::sys_days, Day> days;

  Day& On(std::chrono::sys_seconds now);
  // All of the last `days` days, today's included, in one.
  Day Since(std::chrono::sys_seconds now, unsigned days) const;

  bool operator==(const Usage&) const = default;
};

std::string ToJson(const Usage& usage);
// Invalid input: anything that ToJson does not write.
Result<Usage> UsageFromJson(std::string_view json);

}  // namespace warder::connections
