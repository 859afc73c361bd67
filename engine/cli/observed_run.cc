#include "engine/cli/observed_run.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "engine/base/base64.h"
#include "engine/cli/fixture_verdict.h"
#include "engine/cli/json_text.h"
#include "engine/cli/state_text.h"
#include "sandbox/base/utf8.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

// Of requests with their bodies; no event can be larger.
constexpr std::size_t kMaxSeenBytes = std::size_t{64} << 20;

// Header values are bytes: what is no UTF-8 stands as Latin-1, as scripts see it.
std::string AsText(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const Character character = FirstCharacter(bytes);
    if (character.valid) {
      text += bytes.substr(0, character.bytes);
    } else {
      text += static_cast<char>(0xC0U | (character.code >> 6U));
      text += static_cast<char>(0x80U | (character.code & 0x3FU));
    }
    bytes.remove_prefix(character.bytes);
  }
  return text;
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

json::object HeadersOf(const std::vector<std::pair<std::string, std::string>>& headers) {
  json::object object;
  for (const auto& [name, value] : headers) {
    json::value& there = object[LowerCase(name)];
    there = json::string(there.is_string() ? std::string(there.get_string()) + ", " + AsText(value) : AsText(value));
  }
  return object;
}

json::value OrNull(const std::string& text) { return text.empty() ? json::value(nullptr) : json::value(text); }

std::string CallText(const SeenCalls::Seen& seen) {
  const ScriptedRequest& request = seen.request;
  JsonObject call;
  call.Add("expected", seen.expected)
      .Add("method", json::string(request.method))
      .Add("url", json::string(AsText(request.url)))
      .Add("headers", HeadersOf(request.headers))
      .Add("connection", OrNull(request.connection));
  if (FindInvalidUtf8(request.body)) {
    call.Add("base64", json::string(Base64Of(request.body)));
  } else {
    call.Add("body", json::string(request.body));
  }
  return call.Text();
}

json::object ValueOf(const StepValue& value) { return {{"shape", value.shape}, {"bytes", value.bytes}}; }

std::string StepText(const StepRecord& step) {
  return JsonObject()
      .Add("step", step.step)
      .Add("parent", step.parent == 0 ? json::value(nullptr) : json::value(step.parent))
      .Add("name", json::string(step.name))
      .Add("action", OrNull(step.action))
      .Add("attempts", step.attempts)
      .Add("outcome", json::string(step.outcome))
      .Add("message", OrNull(step.message))
      .Add("calls", step.calls)
      .Add("input", ValueOf(step.input))
      .Add("output", ValueOf(step.output))
      .Text();
}

std::string LogText(const Event& log) {
  return JsonObject()
      .Add("level", json::string(log.level))
      .Add("message", json::string(log.message))
      .AddDocument("fields", log.fields_json.empty() ? "{}" : log.fields_json)
      .Add("step", log.step == 0 ? json::value(nullptr) : json::value(log.step))
      .Text();
}

template <typename T>
std::string ArrayOf(const std::vector<T>& all, std::string (*text)(const T&)) {
  std::vector<std::string> documents;
  for (const T& each : all) documents.push_back(text(each));
  return JsonArray(documents);
}

json::value ErrorOf(const std::optional<ScriptError>& error) {
  if (!error) return nullptr;
  return json::object{{"name", error->name}, {"message", error->message}, {"code", OrNull(error->code)}};
}

json::value ResponseOf(const std::optional<WebhookResponse>& response) {
  if (!response) return nullptr;
  return json::object{
      {"status", response->status}, {"headers", HeadersOf(response->headers)}, {"body", response->body}};
}

}  // namespace

std::shared_ptr<const Script> SeenCalls::Watch(const Script& script, const std::shared_ptr<SeenCalls>& seen) {
  auto watched = std::make_shared<Script>(script);
  for (std::size_t i = 0; i < watched->calls.size(); ++i) {
    // The engine asks until it hears of no difference, which decides what the request is.
    watched->calls[i].difference = [seen, i, difference = script.calls[i].difference](const ScriptedRequest& request) {
      std::string found = difference(request);
      if (found.empty()) seen->Keep(i, request);
      return found;
    };
  }
  return watched;
}

void SeenCalls::Keep(std::size_t expected, const ScriptedRequest& request) {
  bytes_ += request.url.size() + request.body.size();
  for (const auto& [name, value] : request.headers) bytes_ += name.size() + value.size();
  too_many_bytes_ = bytes_ > kMaxSeenBytes;
  if (!too_many_bytes_) calls_.push_back({expected, request});
}

std::string ObservedRun(const Finished& finished, const SeenCalls& seen, const Script& script,
                        const std::string& flow) {
  const Outcome& outcome = finished.outcome;
  const auto state = [&](StateScope scope) { return StateDocument(script.state, outcome.state, scope, flow); };
  JsonObject run;
  run.Add("verdict", json::string(StatusName(outcome.status)))
      .Add("reason", OrNull(ComparableReason(outcome.status, outcome.reason)));
  if (outcome.status == Status::kSucceeded) run.AddDocument("output", outcome.output_json);
  return run.Add("error", ErrorOf(outcome.error))
      .Add("limit", OrNull(outcome.limit ? outcome.limit->limit : ""))
      .AddDocument("steps", ArrayOf(outcome.steps, StepText))
      .AddDocument("calls", ArrayOf(seen.calls(), CallText))
      .AddDocument("logs", ArrayOf(finished.logs, LogText))
      .AddDocument("state", JsonObject()
                                .AddDocument("flow", state(StateScope::kFlow))
                                .AddDocument("instance", state(StateScope::kInstance))
                                .AddDocument("crossFlow", state(StateScope::kCrossFlow))
                                .Text())
      .Add("response", ResponseOf(outcome.response))
      .Text();
}

}  // namespace warder::cli
