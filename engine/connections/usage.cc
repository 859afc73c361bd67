#include "engine/connections/usage.h"

#include <boost/json.hpp>

#include "engine/base/strict_json.h"

namespace warder::connections {
namespace {

namespace json = boost::json;

std::optional<std::uint64_t> Count(const json::value& value) {
  if (value.is_int64() && value.get_int64() >= 0) return static_cast<std::uint64_t>(value.get_int64());
  if (value.is_uint64()) return value.get_uint64();
  return std::nullopt;
}

// One member of "days": {"day": N, "executions": N, "calls": {ORIGIN: N}, "scopes": [..]}.
std::optional<std::pair<std::chrono::sys_days, Usage::Day>> DayFrom(const json::value& value) {
  const json::object* const object = value.if_object();
  if (object == nullptr || object->size() != 4 || !object->contains("day") || !object->contains("executions") ||
      !object->contains("calls") || !object->contains("scopes")) {
    return std::nullopt;
  }
  const auto number = Count(object->at("day"));
  const auto executions = Count(object->at("executions"));
  const json::object* const calls = object->at("calls").if_object();
  const json::array* const scopes = object->at("scopes").if_array();
  if (!number || !executions || calls == nullptr || scopes == nullptr) return std::nullopt;
  Usage::Day day{*executions, {}, {}};
  for (const auto& [origin, count] : *calls) {
    const auto calls_there = Count(count);
    if (!calls_there) return std::nullopt;
    day.calls.emplace(origin, *calls_there);
  }
  for (const json::value& scope : *scopes) {
    if (!scope.is_string()) return std::nullopt;
    day.scopes.emplace(scope.get_string());
  }
  return std::pair(std::chrono::sys_days(std::chrono::days(*number)), std::move(day));
}

}  // namespace

Usage::Day& Usage::On(std::chrono::sys_seconds now) {
  last = now;
  const auto today = days.try_emplace(std::chrono::floor<std::chrono::days>(now)).first;
  // Of a clock that was set back behind all of them, today is the first: it stays, and the next goes.
  while (days.size() > kMaxDays) days.erase(days.begin() == today ? std::next(today) : days.begin());
  return today->second;
}

Usage::Day Usage::Since(std::chrono::sys_seconds now, unsigned count) const {
  const auto today = std::chrono::floor<std::chrono::days>(now);
  Day all;
  for (const auto& [date, day] : days) {
    if (date <= today - std::chrono::days(count)) continue;
    all.executions += day.executions;
    for (const auto& [origin, calls] : day.calls) all.calls[origin] += calls;
    all.scopes.insert(day.scopes.begin(), day.scopes.end());
  }
  return all;
}

std::string ToJson(const Usage& usage) {
  json::array days;
  for (const auto& [date, day] : usage.days) {
    json::object calls;
    for (const auto& [origin, count] : day.calls) calls[origin] = count;
    json::array scopes;
    for (const std::string& scope : day.scopes) scopes.emplace_back(scope);
    days.push_back({{"day", date.time_since_epoch().count()},
                    {"executions", day.executions},
                    {"calls", std::move(calls)},
                    {"scopes", std::move(scopes)}});
  }
  json::object object = {{"days", std::move(days)}};
  if (usage.last) object["last"] = usage.last->time_since_epoch().count();
  return json::serialize(object);
}

Result<Usage> UsageFromJson(std::string_view text) {
  auto value = ParseStrict(text);
  if (!value) return value.error();
  const Error wrong = InvalidInput("it is no record of what a connection was used for");
  const json::object* const object = value->if_object();
  if (object == nullptr || !object->contains("days") || !object->at("days").is_array() ||
      object->size() != (object->contains("last") ? 2U : 1U)) {
    return wrong;
  }
  Usage usage;
  if (const json::value* const last = object->if_contains("last"); last != nullptr) {
    if (!last->is_int64()) return wrong;
    usage.last = std::chrono::sys_seconds(std::chrono::seconds(last->get_int64()));
  }
  for (const json::value& each : object->at("days").get_array()) {
    auto day = DayFrom(each);
    if (!day) return wrong;
    if (!usage.days.insert(std::move(*day)).second) return wrong;
  }
  return usage;
}

}  // namespace warder::connections
