#include "engine/execution/receipt.h"

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "engine/audit/receipt_contents.h"
#include "engine/base/iso_time.h"
#include "engine/base/text.h"
#include "engine/broker/request_headers.h"

namespace warder::execution {
namespace {

namespace json = boost::json;
using std::chrono::system_clock;

// What a list of calls may take of a receipt, which as a whole has to stay within audit::kMaxReceiptBytes.
constexpr std::size_t kMaxCallBytes = std::size_t{2} << 20;
constexpr std::size_t kMaxStepNameBytes = 32;

json::object CodeOf(const ExecutionRequest& request) {
  return {{"sha256", request.bundle->sha256()}, {"entry", request.bundle->entry()}, {"flow", request.flow}};
}

std::set<std::string> OriginsOf(const broker::Capabilities& egress) {
  std::set<std::string> origins;
  const auto add = [&](const broker::Policy& policy) {
    for (const broker::Origin& origin : policy.origins) origins.insert(origin.ToString());
  };
  add(egress.plain()->policy());
  for (const auto& grant : egress.connections()) add(grant->policy());
  return origins;
}

json::array ConnectionsOf(const broker::Capabilities& egress) {
  json::array connections;
  for (const auto& grant : egress.connections()) {
    connections.push_back({{"name", grant->name()}, {"policySha256", grant->connection()->policy_sha256()}});
  }
  return connections;
}

json::object PolicyOf(const ReceiptFacts& facts) {
  const std::set<std::string> origins = OriginsOf(*facts.egress);
  const std::set<std::string> permitted(facts.permit_degraded.begin(), facts.permit_degraded.end());
  return {{"sha256", facts.policy_sha256},
          {"origins", json::array(origins.begin(), origins.end())},
          {"connections", ConnectionsOf(*facts.egress)},
          {"permitDegraded", json::array(permitted.begin(), permitted.end())}};
}

json::object TimesOf(const ReceiptFacts& facts) {
  return {{"requested", IsoTime(facts.requested)},
          {"started", facts.started ? json::value(json::string(IsoTime(*facts.started))) : json::value(nullptr)},
          {"ended", IsoTime(facts.ended)},
          {"over", IsoTime(facts.over)}};
}

json::object LimitsOf(const Limits& limits) {
  json::object object;
  for (const LimitSpec& spec : LimitTable()) object[spec.name] = FormatLimit(spec.unit, limits.*(spec.value));
  return object;
}

json::value DevelopmentOf(const ExecutionRequest& request) {
  if (request.inspect) return "inspected";
  if (request.coverage) return "coverage";
  return nullptr;
}

json::array SetupOf(const std::vector<proto::SetupStep>& steps) {
  json::array array;
  for (const proto::SetupStep& step : steps) {
    array.push_back(
        {{"step", Truncate(step.name(), kMaxStepNameBytes)}, {"us", static_cast<double>(step.nanoseconds()) / 1000.0}});
  }
  return array;
}

json::value PostureOf(const ReceiptFacts& facts) {
  if (!facts.posture) return nullptr;
  json::array array;
  for (const LayerStatus& layer : *facts.posture) {
    array.push_back({{"layer", layer.name}, {"state", LayerStateName(layer.state)}, {"detail", layer.detail}});
  }
  return array;
}

bool IsMethod(const std::string& text) {
  const auto allowed = broker::AllowedMethods();
  return std::find(allowed.begin(), allowed.end(), text) != allowed.end();
}

// As many calls as have room, in order; the rest is counted. What a script chose is named only where the policy names
// it too: a refused call could carry anything in its host or method.
json::array CallsOf(const std::vector<CallRecord>& calls, const broker::Capabilities& egress, std::size_t* omitted) {
  const std::set<std::string> granted = OriginsOf(egress);
  json::array array;
  std::size_t bytes = 0;
  for (const CallRecord& call : calls) {
    json::object object{{"call", call.call},
                        {"method", IsMethod(call.method) ? json::value(call.method) : json::value(nullptr)},
                        {"origin", granted.contains(call.origin) ? json::value(call.origin) : json::value(nullptr)},
                        {"connection", call.connection.empty() ? json::value(nullptr) : json::value(call.connection)},
                        {"attempts", call.attempts},
                        {"redirects", json::array(call.redirects.begin(), call.redirects.end())},
                        {"status", call.http_status},
                        {"outcome", call.outcome},
                        {"requestBytes", call.request_bytes},
                        {"responseBytes", call.response_bytes},
                        {"startedUs", call.started.count()},
                        {"durationUs", call.duration.count()}};
    bytes += json::serialize(object).size() + 1;
    if (bytes > kMaxCallBytes) break;
    array.push_back(std::move(object));
  }
  *omitted = calls.size() - array.size();
  return array;
}

// The outcome's own reason may quote the script, and through it anything that the script has seen.
std::string ReasonOf(const Outcome& outcome) {
  switch (outcome.status) {
    case Status::kSucceeded:
      return "";
    case Status::kFailed:
      return "the flow ended with an error of its own";
    case Status::kInvalid:
      return "the bundle cannot be run, or has no such flow";
    case Status::kLimit:
      return outcome.limit ? "the limit " + outcome.limit->limit + " was reached" : "a limit was reached";
    case Status::kViolation:
      return outcome.violation ? "the cell broke out of its rules: " + outcome.violation->what : "a violation";
    default:
      return outcome.reason;
  }
}

json::object StateOf(const ReceiptFacts& facts) {
  std::uint64_t bytes = 0;
  for (const StateRecord& record : facts.outcome->state) bytes += record.bytes;
  const std::string& instance = facts.request->instance;
  return {{"instance", instance.empty() ? json::value(nullptr) : json::value(instance)},
          {"keys", facts.outcome->state.size()},
          {"bytes", bytes}};
}

json::object VerdictOf(const Outcome& outcome) {
  json::object verdict{{"status", StatusName(outcome.status)},
                       {"reason", ReasonOf(outcome)},
                       {"limit", nullptr},
                       {"violation", nullptr}};
  if (outcome.limit) {
    verdict["limit"] = {{"name", outcome.limit->limit}, {"value", outcome.limit->value}, {"peak", outcome.limit->peak}};
  }
  if (outcome.violation) verdict["violation"] = outcome.violation->what;
  return verdict;
}

json::object TeardownOf(const ReceiptFacts& facts) {
  const CellDeath& death = *facts.death;
  const bool ended = death.confirmed && (death.reaped || !death.zygote_lost.empty());
  json::value engine = nullptr;
  if (facts.engine) {
    const auto& [baseline, now] = *facts.engine;
    json::value processes = nullptr;
    if (baseline.processes && now.processes) processes = {{"baseline", *baseline.processes}, {"now", *now.processes}};
    engine = {{"descriptors", {{"baseline", baseline.descriptors}, {"now", now.descriptors}}},
              {"processes", std::move(processes)}};
  }
  // Of a process that never was there is nothing to say.
  const auto seen = [&](bool value) { return death.spawned ? json::value(value) : json::value(nullptr); };
  return {{"dead", seen(death.confirmed)},
          {"reaped", seen(death.reaped)},
          {"zygoteLost", !death.zygote_lost.empty()},
          {"cgroup", !death.had_cgroup      ? "none"
                     : death.cgroup_removed ? "removed"
                                            : "left"},
          {"processes", {{"made", death.spawned ? 1 : 0}, {"ended", death.spawned && ended ? 1 : 0}}},
          {"descriptors", {{"made", facts.descriptors.made}, {"returned", facts.descriptors.returned}}},
          {"engine", std::move(engine)}};
}

}  // namespace

std::string MakeReceipt(const ReceiptFacts& facts) {
  const Outcome& outcome = *facts.outcome;
  std::size_t omitted = 0;
  json::array calls = CallsOf(outcome.calls, *facts.egress, &omitted);
  const json::object receipt{
      {"version", audit::kReceiptVersion},
      {"execution", outcome.execution},
      {"tenant", facts.request->tenant},
      {"code", CodeOf(*facts.request)},
      {"policy", PolicyOf(facts)},
      {"versions", {{"warder", Version()}, {"v8", facts.v8_version}, {"image", facts.image}, {"kernel", facts.kernel}}},
      {"times", TimesOf(facts)},
      {"limits", LimitsOf(facts.request->limits)},
      {"startMode", StartModeName(facts.start_mode)},
      {"profile", CellProfileName(facts.request->profile)},
      {"development", DevelopmentOf(*facts.request)},
      {"setup", SetupOf(facts.setup)},
      {"posture", PostureOf(facts)},
      {"verdict", VerdictOf(outcome)},
      {"calls", std::move(calls)},
      {"callsOmitted", omitted},
      {"state", StateOf(facts)},
      {"usage", json::parse(UsageJson(outcome.usage))},
      {"teardown", TeardownOf(facts)},
  };
  return json::serialize(receipt);
}

}  // namespace warder::execution
