#include "engine/cli/outcome_json.h"

#include <boost/json.hpp>

#include "engine/cli/json_text.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

json::array Calls(const Outcome& outcome) {
  json::array array;
  for (const CallRecord& call : outcome.calls) {
    array.push_back(json::object{{"call", call.call},
                                 {"method", call.method},
                                 {"origin", call.origin},
                                 {"path", call.path},
                                 {"connection", call.connection},
                                 {"attempts", call.attempts},
                                 {"redirects", json::array(call.redirects.begin(), call.redirects.end())},
                                 {"status", call.http_status},
                                 {"outcome", call.outcome},
                                 {"message", call.message},
                                 {"requestBytes", call.request_bytes},
                                 {"responseBytes", call.response_bytes},
                                 {"startedUs", call.started.count()},
                                 {"durationUs", call.duration.count()}});
  }
  return array;
}

json::object ErrorOf(const ScriptError& error) {
  json::array causes;
  for (const ScriptError& cause : error.causes) causes.push_back(ErrorOf(cause));
  return {{"name", error.name}, {"message", error.message}, {"stack", error.stack}, {"causes", std::move(causes)}};
}

json::object LimitOf(const LimitReport& limit) {
  return {{"name", limit.limit}, {"value", limit.value}, {"peak", limit.peak}, {"stack", limit.stack}};
}

json::object ViolationOf(const ViolationReport& violation) {
  return {{"what", violation.what},
          {"arguments", json::array(violation.arguments.begin(), violation.arguments.end())},
          {"rule", violation.rule},
          {"detail", violation.detail},
          {"stack", violation.stack}};
}

std::string Logs(const std::vector<Event>& events) {
  std::vector<std::string> lines;
  for (const Event& event : events) {
    if (event.kind != Event::Kind::kLog) continue;
    lines.push_back(JsonObject()
                        .Add("atUs", event.at.count())
                        .Add("level", json::string(event.level))
                        .Add("message", json::string(event.message))
                        .AddDocument("fields", event.fields_json)
                        .Text());
  }
  return JsonArray(lines);
}

}  // namespace

std::string OutcomeJson(const Outcome& outcome, const std::vector<Event>& events) {
  JsonObject object;
  object.Add("execution",
             outcome.execution.empty() ? json::value(nullptr) : json::value(json::string(outcome.execution)));
  object.Add("status", json::string(StatusName(outcome.status)));
  object.Add("reason", json::string(outcome.reason));
  object.AddDocument("output", outcome.output_json);
  object.Add("steps", json::array());  // until flows have steps
  object.Add("calls", Calls(outcome));
  object.AddDocument("usage", outcome.execution.empty() ? "" : UsageJson(outcome.usage));
  object.AddDocument("receipt", outcome.receipt_json);
  if (outcome.error) object.Add("error", ErrorOf(*outcome.error));
  if (outcome.limit) object.Add("limit", LimitOf(*outcome.limit));
  if (outcome.violation) object.Add("violation", ViolationOf(*outcome.violation));
  object.AddDocument("logs", Logs(events));
  return object.Text();
}

}  // namespace warder::cli
