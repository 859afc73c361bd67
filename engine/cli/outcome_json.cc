#include "engine/cli/outcome_json.h"

#include <boost/json.hpp>

#include "engine/cli/json_text.h"
#include "engine/cli/state_text.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

json::array Calls(const Outcome& outcome) {
  json::array array;
  for (const CallRecord& call : outcome.calls) {
    array.push_back(json::object{{"call", call.call},
                                 {"step", call.step == 0 ? json::value(nullptr) : json::value(call.step)},
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

std::string ValueOf(const StepValue& value) {
  return JsonObject()
      .Add("shape", json::string(value.shape))
      .Add("bytes", value.bytes)
      .AddDocument("value", value.json)
      .Text();
}

std::string Steps(const Outcome& outcome) {
  std::vector<std::string> steps;
  for (const StepRecord& step : outcome.steps) {
    steps.push_back(JsonObject()
                        .Add("step", step.step)
                        .Add("parent", step.parent == 0 ? json::value(nullptr) : json::value(step.parent))
                        .Add("name", json::string(step.name))
                        .Add("action", json::string(step.action))
                        .Add("attempts", step.attempts)
                        .Add("outcome", json::string(step.outcome))
                        .Add("message", json::string(step.message))
                        .AddDocument("input", ValueOf(step.input))
                        .AddDocument("output", ValueOf(step.output))
                        .Add("calls", step.calls)
                        .Add("startedUs", step.started.count())
                        .Add("durationUs", step.duration.count())
                        .Text());
  }
  return JsonArray(steps);
}

json::value ResponseOf(const std::optional<WebhookResponse>& response) {
  if (!response) return nullptr;
  json::array headers;
  for (const auto& [name, value] : response->headers) headers.push_back(json::array{name, value});
  return json::object{{"status", response->status}, {"headers", std::move(headers)}, {"body", response->body}};
}

// False: no retry can help. A number: one can, after so many milliseconds. Null: the error does not say.
json::value RetryOf(const ScriptError& error) {
  if (!error.retry) return nullptr;
  return *error.retry ? json::value(error.retry_after.count()) : json::value(false);
}

json::object ErrorOf(const ScriptError& error) {
  json::array causes;
  for (const ScriptError& cause : error.causes) causes.push_back(ErrorOf(cause));
  return {{"name", error.name},        {"message", error.message}, {"code", error.code},
          {"retryMs", RetryOf(error)}, {"stack", error.stack},     {"causes", std::move(causes)}};
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

json::array AttemptsOf(const std::vector<Attempt>& attempts) {
  json::array array;
  for (const Attempt& attempt : attempts) {
    array.push_back(
        json::object{{"execution", attempt.execution},
                     {"status", StatusName(attempt.status)},
                     {"reason", attempt.reason},
                     {"retryInMs", attempt.retry_in ? json::value(attempt.retry_in->count()) : json::value(nullptr)}});
  }
  return array;
}

std::string Logs(const std::vector<Event>& events) {
  std::vector<std::string> lines;
  for (const Event& event : events) {
    if (event.kind != Event::Kind::kLog) continue;
    lines.push_back(JsonObject()
                        .Add("execution", json::string(event.execution))
                        .Add("atUs", event.at.count())
                        .Add("step", event.step == 0 ? json::value(nullptr) : json::value(event.step))
                        .Add("level", json::string(event.level))
                        .Add("message", json::string(event.message))
                        .AddDocument("fields", event.fields_json)
                        .Text());
  }
  return JsonArray(lines);
}

}  // namespace

std::string OutcomeJson(const Outcome& outcome, const std::vector<Attempt>& attempts,
                        const std::vector<Event>& events) {
  JsonObject object;
  object.Add("execution",
             outcome.execution.empty() ? json::value(nullptr) : json::value(json::string(outcome.execution)));
  object.Add("status", json::string(StatusName(outcome.status)));
  object.Add("reason", json::string(outcome.reason));
  object.Add("attempts", AttemptsOf(attempts));
  object.AddDocument("output", outcome.output_json);
  object.AddDocument("steps", Steps(outcome));
  object.Add("calls", Calls(outcome));
  object.Add("response", ResponseOf(outcome.response));
  object.AddDocument("state", StateArray(outcome.state));
  object.AddDocument("usage", outcome.execution.empty() ? "" : UsageJson(outcome.usage));
  object.AddDocument("receipt", outcome.receipt_json);
  if (outcome.error) object.Add("error", ErrorOf(*outcome.error));
  if (outcome.limit) object.Add("limit", LimitOf(*outcome.limit));
  if (outcome.violation) object.Add("violation", ViolationOf(*outcome.violation));
  object.AddDocument("logs", Logs(events));
  return object.Text();
}

}  // namespace warder::cli
