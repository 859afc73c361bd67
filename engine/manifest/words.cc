#include "engine/manifest/words.h"

#include <algorithm>

namespace warder::manifest {

std::string Joined(const std::vector<std::string>& list) {
  std::string text;
  for (const std::string& each : list) text += (text.empty() ? "" : ", ") + each;
  return text;
}

std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string Duration(std::uint64_t milliseconds) { return FormatLimit(LimitUnit::kMilliseconds, milliseconds); }

std::string MethodsOf(const Connection& connection) {
  return connection.methods ? Joined(*connection.methods) : "any method";
}

std::string DescribeTrigger(const Trigger& trigger) {
  if (trigger.kind == "webhook") {
    std::string text = "a webhook (" + Joined(trigger.methods) + "), ";
    text += trigger.scheme == "none" ? "not verified"
                                     : "verified as " + trigger.scheme + " with the secret " + OneLine(trigger.secret);
    if (trigger.scheme == "hmac") {
      text += ", " + trigger.algorithm + " in " + trigger.encoding + " in the header " + OneLine(trigger.header);
      if (!trigger.prefix.empty()) text += " behind " + OneLine(trigger.prefix);
    }
    return text + (trigger.respond ? ", answered by the flow" : "");
  }
  if (trigger.kind == "schedule" && !trigger.cron.empty()) {
    return "a schedule: " + OneLine(trigger.cron) + " in " + OneLine(trigger.timezone);
  }
  if (trigger.kind == "schedule") return "a schedule: every " + Duration(trigger.every_ms);
  return trigger.kind == "poll" ? "a poll every " + Duration(trigger.every_ms) : "hand";
}

}  // namespace warder::manifest
