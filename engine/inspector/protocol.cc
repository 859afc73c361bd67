#include "engine/inspector/protocol.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "engine/base/base64.h"

namespace warder::inspector {
namespace {

namespace json = boost::json;

// Whole domains end in a dot.
constexpr std::array<std::string_view, 15> kHandedOn = {
    "Console.",
    "Debugger.",
    "Runtime.",
    "Schema.",
    "HeapProfiler.collectGarbage",
    "HeapProfiler.disable",
    "HeapProfiler.enable",
    "HeapProfiler.takeHeapSnapshot",
    "Profiler.disable",
    "Profiler.enable",
    "Profiler.getBestEffortCoverage",
    "Profiler.setSamplingInterval",
    "Profiler.startPreciseCoverage",
    "Profiler.stopPreciseCoverage",
    "Profiler.takePreciseCoverage",
};
constexpr std::string_view kTerminate = "Runtime.terminateExecution";
constexpr std::string_view kResume = "Debugger.resume";
constexpr std::string_view kScriptParsed = R"({"method":"Debugger.scriptParsed")";

// As V8 has them.
enum ErrorCode : int { kParseError = -32700, kInvalidRequest = -32600, kMethodNotFound = -32601 };

std::string Refusal(const json::value& id, ErrorCode code, const std::string& message) {
  json::object answer{{"error", {{"code", static_cast<int>(code)}, {"message", message}}}};
  if (id.is_int64()) answer["id"] = id;
  return json::serialize(answer);
}

bool IsHandedOn(std::string_view method) {
  return std::any_of(kHandedOn.begin(), kHandedOn.end(), [&](std::string_view each) {
    return each.ends_with('.') ? method.starts_with(each) : method == each;
  });
}

bool Terminates(std::string_view method, const json::object& message) {
  if (method == kTerminate) return true;
  if (method != kResume) return false;
  const json::value* const params = message.if_contains("params");
  const json::value* const terminate =
      params != nullptr && params->is_object() ? params->as_object().if_contains("terminateOnResume") : nullptr;
  return terminate != nullptr && *terminate != false;
}

}  // namespace

std::optional<std::string> RefusalOf(std::string_view message) {
  boost::system::error_code error;
  const json::value parsed = json::parse(message, error);
  if (error || !parsed.is_object()) return Refusal(nullptr, kParseError, "Message must be a valid JSON object");
  const json::object& object = parsed.as_object();
  const json::value* const id = object.if_contains("id");
  const json::value* const method = object.if_contains("method");
  if (id == nullptr || !id->is_int64()) {
    return Refusal(nullptr, kInvalidRequest, "Message must have integer 'id' property");
  }
  if (method == nullptr || !method->is_string()) {
    return Refusal(*id, kInvalidRequest, "Message must have string 'method' property");
  }
  const std::string_view name(method->as_string());
  if (Terminates(name, object)) return Refusal(*id, kMethodNotFound, "the execution is ended where it was started");
  if (IsHandedOn(name)) return std::nullopt;
  return Refusal(*id, kMethodNotFound, "a cell has no method of this name");
}

std::string WithSourceMap(std::string message, const Bundle& bundle) {
  if (bundle.source_maps().empty() || !message.starts_with(kScriptParsed)) return message;
  boost::system::error_code error;
  json::value parsed = json::parse(message, error);
  if (error) return message;
  json::value* const params = parsed.as_object().if_contains("params");
  if (params == nullptr || !params->is_object()) return message;
  const json::value* const url = params->as_object().if_contains("url");
  for (const Bundle::SourceMap& each : bundle.source_maps()) {
    if (!each.problem.empty() || url == nullptr || *url != json::value(each.module)) continue;
    params->as_object()["sourceMapURL"] = "data:application/json;base64," + Base64Of(each.text);
    return json::serialize(parsed);
  }
  return message;
}

}  // namespace warder::inspector
