#include "engine/cli/receipt_text.h"

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <vector>

#include "engine/cli/text.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kLabelColumns = 11;

std::string_view Text(const json::value& value) {
  const json::string* const text = value.if_string();
  return text == nullptr ? std::string_view("-") : std::string_view(text->data(), text->size());
}

std::string Shown(const json::value& value) { return Printable(Text(value)); }

std::uint64_t Number(const json::value& value) {
  json::error_code not_one;
  const auto number = value.to_number<std::uint64_t>(not_one);
  return not_one ? 0 : number;
}

std::string Duration(const json::value& value) {
  return DurationText(std::chrono::microseconds(Number(value) & INT64_MAX));
}

std::string Joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

std::string List(const json::value& value) {
  std::vector<std::string> words;
  for (const json::value& word : value.as_array()) words.push_back(Shown(word));
  return Joined(words);
}

std::string Line(std::string label, const std::string& text) {
  label.resize(kLabelColumns, ' ');
  return label + text + "\n";
}

std::string Code(const json::value& receipt) {
  const json::value& code = receipt.at("code");
  const std::string flow = Shown(code.at("flow"));
  return "sha256 " + Shown(code.at("sha256")) + ", " + Shown(code.at("entry")) + (flow.empty() ? "" : ", flow " + flow);
}

std::string Policy(const json::value& receipt) {
  const json::value& policy = receipt.at("policy");
  const std::string origins = List(policy.at("origins"));
  const std::string permitted = List(policy.at("permitDegraded"));
  const json::value* const profile = receipt.as_object().if_contains("profile");  // none: of a version without jit
  const bool compiled = profile != nullptr && *profile == "jit";
  return "sha256 " + Shown(policy.at("sha256")) + ", may call " + (origins.empty() ? "nobody" : origins) +
         (permitted.empty() ? "" : ", permitted to run without " + permitted) + (compiled ? ", granted jit" : "");
}

std::string Versions(const json::value& receipt) {
  const json::value& versions = receipt.at("versions");
  return "warder " + Shown(versions.at("warder")) + ", V8 " + Shown(versions.at("v8")) + ", " +
         Shown(versions.at("kernel")) + ", image " + Shown(versions.at("image"));
}

std::string Times(const json::value& receipt) {
  const json::value& times = receipt.at("times");
  const bool started = times.at("started").is_string();
  return "requested " + Shown(times.at("requested")) +
         (started ? ", started " + Shown(times.at("started")) : ", never started") + ", ended " +
         Shown(times.at("ended")) + ", torn down " + Shown(times.at("over"));
}

// "18 layers enforced; unavailable: speculation"
std::string Posture(const json::value& receipt) {
  const json::array* const layers = receipt.at("posture").if_array();
  if (layers == nullptr) return "not looked at: the cell never got so far";
  std::map<std::string, std::vector<std::string>> others;
  std::uint64_t enforced = 0;
  for (const json::value& layer : *layers) {
    if (Text(layer.at("state")) == "enforced") {
      ++enforced;
    } else {
      others[Shown(layer.at("state"))].push_back(Shown(layer.at("layer")));
    }
  }
  std::string text = CountText(enforced, "layer") + " enforced";
  for (const auto& [state, names] : others) text += "; " + state + ": " + Joined(names);
  return text;
}

// "3 calls: https://api.test 2 ok, 1 refused"
std::string Calls(const json::value& receipt) {
  std::map<std::string, std::map<std::string, std::uint64_t>> by_origin;
  for (const json::value& call : receipt.at("calls").as_array()) {
    const json::value& origin = call.at("origin");
    ++by_origin[origin.is_null() ? "not granted" : Shown(origin)][Shown(call.at("outcome"))];
    for (const json::value& hop : call.at("redirects").as_array()) ++by_origin[Shown(hop)]["by redirect"];
  }
  std::string text = CountText(Number(receipt.at("usage").at("calls")), "call");
  const char* before = ": ";
  for (const auto& [origin, outcomes] : by_origin) {
    std::vector<std::string> counts;
    for (const auto& [outcome, count] : outcomes) counts.push_back(std::to_string(count) + " " + outcome);
    text.append(before).append(origin).append(" ").append(Joined(counts));
    before = "; ";
  }
  if (const std::uint64_t omitted = Number(receipt.at("callsOmitted")); omitted > 0) {
    text += "; " + std::to_string(omitted) + " not listed";
  }
  return text;
}

std::string Used(const json::value& receipt) {
  const json::value& usage = receipt.at("usage");
  return Duration(usage.at("wallUs")) + ", cpu " + Duration(usage.at("cpuUs")) + ", peak " +
         SizeText(Number(usage.at("peakRssBytes")));
}

std::string Verdict(const json::value& receipt, const Output& output) {
  const json::value& verdict = receipt.at("verdict");
  const std::string reason = Shown(verdict.at("reason"));
  const bool succeeded = Text(verdict.at("status")) == "succeeded";
  return output.Paint(succeeded ? Ink::kGreen : Ink::kRed, Shown(verdict.at("status"))) +
         (reason.empty() ? "" : ": " + reason);
}

std::string Teardown(const json::value& receipt) {
  const json::value& teardown = receipt.at("teardown");
  const auto share = [&](const char* what, const char* made, const char* back) {
    const json::value& counts = teardown.at(what);
    return std::to_string(Number(counts.at(back))) + " of " + std::to_string(Number(counts.at(made))) + " " + what;
  };
  const auto yes = [&](const char* what) { return teardown.at(what) == json::value(true); };
  const std::string end = teardown.at("dead").is_null()
                              ? "there was no process"
                              : std::string(yes("dead") ? "dead" : "NOT dead") +
                                    (yes("reaped") ? ", reaped" : ", NOT reaped by its zygote");
  return end + (teardown.at("zygoteLost").as_bool() ? ", the zygote was lost" : "") + "; " +
         share("processes", "made", "ended") + " and " + share("descriptors", "made", "returned") +
         " given back; cgroup: " + Shown(teardown.at("cgroup"));
}

}  // namespace

std::string ReceiptText(std::string_view text, const Output& output) {
  const json::value receipt = json::parse({text.data(), text.size()});
  return Line("execution", Shown(receipt.at("execution")) + ", tenant " + Shown(receipt.at("tenant"))) +
         Line("ended", Verdict(receipt, output)) + Line("code", Code(receipt)) + Line("policy", Policy(receipt)) +
         Line("versions", Versions(receipt)) + Line("times", Times(receipt)) + Line("jail", Posture(receipt)) +
         Line("calls", Calls(receipt)) + Line("used", Used(receipt)) + Line("teardown", Teardown(receipt));
}

}  // namespace warder::cli
