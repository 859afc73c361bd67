#include "engine/cli/fixture_verdict.h"

#include <algorithm>
#include <boost/json.hpp>

#include "engine/cli/state_text.h"
#include "engine/cli/value_pattern.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

std::string Pair(const std::string& expected, const std::string& actual) {
  return "- " + expected + "\n+ " + actual + "\n";
}

std::string EndOf(const Outcome& outcome) {
  return StatusName(outcome.status) + (outcome.reason.empty() ? "" : ": " + outcome.reason);
}

std::string LogText(const std::optional<std::string>& level, const std::optional<std::string>& message,
                    const std::optional<std::string>& fields) {
  return level.value_or("*") + " " + message.value_or("*") + " " + fields.value_or("*");
}

bool SameJson(const std::string& expected, const std::string& actual) {
  return PatternDifference(expected, actual.empty() ? "{}" : actual).empty();
}

void CompareLogs(const std::vector<ExpectedLog>& expected, const std::vector<Event>& actual,
                 std::vector<Mismatch>* mismatches) {
  for (std::size_t i = 0; i < std::max(expected.size(), actual.size()); ++i) {
    const std::string line = "line " + std::to_string(i + 1) + " of the log";
    if (i >= actual.size()) {
      mismatches->push_back({line + " is missing",
                             "- " + LogText(expected[i].level, expected[i].message, expected[i].fields_json) + "\n"});
      continue;
    }
    const std::string is = LogText(actual[i].level, actual[i].message, actual[i].fields_json);
    if (i >= expected.size()) {
      mismatches->push_back({line + " was not expected", "+ " + is + "\n"});
      continue;
    }
    const ExpectedLog& log = expected[i];
    const bool same = (!log.level || *log.level == actual[i].level) &&
                      (!log.message || *log.message == actual[i].message) &&
                      (!log.fields_json || SameJson(*log.fields_json, actual[i].fields_json));
    if (!same)
      mismatches->push_back({line + " is another one", Pair(LogText(log.level, log.message, log.fields_json), is)});
  }
}

std::string StepText(const std::string& name, const std::optional<std::string>& action,
                     const std::optional<std::string>& outcome) {
  return "\"" + name + "\" " + action.value_or("*") + " " + outcome.value_or("*");
}

void CompareSteps(const std::vector<ExpectedStep>& expected, const std::vector<StepRecord>& actual,
                  std::vector<Mismatch>* mismatches) {
  for (std::size_t i = 0; i < std::max(expected.size(), actual.size()); ++i) {
    const std::string step = "step " + std::to_string(i + 1);
    if (i >= actual.size()) {
      mismatches->push_back(
          {step + " is missing", "- " + StepText(expected[i].name, expected[i].action, expected[i].outcome) + "\n"});
      continue;
    }
    const StepRecord& is = actual[i];
    const std::string shown = StepText(is.name, is.action, is.outcome) + (is.message.empty() ? "" : ": " + is.message);
    if (i >= expected.size()) {
      mismatches->push_back({step + " was not expected", "+ " + shown + "\n"});
      continue;
    }
    const ExpectedStep& should = expected[i];
    if (should.name == is.name && should.action.value_or(is.action) == is.action &&
        should.outcome.value_or(is.outcome) == is.outcome) {
      continue;
    }
    mismatches->push_back(
        {step + " is another one", Pair(StepText(should.name, should.action, should.outcome), shown)});
  }
}

void CompareResponse(const ExpectedResponse& expected, const std::optional<WebhookResponse>& actual,
                     std::vector<Mismatch>* mismatches) {
  if (!actual) {
    mismatches->push_back({"it answers no webhook", {}});
    return;
  }
  const auto status = static_cast<std::uint64_t>(actual->status);
  if (expected.status.value_or(status) != status) {
    mismatches->push_back({"its answer to the webhook has another status",
                           Pair(std::to_string(*expected.status), std::to_string(status))});
  }
  if (!expected.body || *expected.body == actual->body) return;
  const std::string diff = expected.body_is_json ? PatternDifference(*expected.body, actual->body)
                                                 : Difference(*expected.body, actual->body);
  if (!expected.body_is_json || !diff.empty()) {
    mismatches->push_back(
        {"its answer to the webhook has another body", diff.empty() ? Pair(*expected.body, actual->body) : diff});
  }
}

void CompareEnd(const RecordedEnd& recorded, const Outcome& outcome, std::vector<Mismatch>* mismatches) {
  const std::string reason = ComparableReason(outcome.status, outcome.reason);
  if (reason != recorded.reason) {
    mismatches->push_back({"it ended for another reason than was recorded", Pair(recorded.reason, reason)});
  }
  const std::string response = ResponseText(outcome.response);
  if (response == recorded.response) return;
  mismatches->push_back(
      {"its answer to the webhook is not the one that was recorded", Difference(recorded.response, response)});
}

void CompareState(const Fixture& fixture, const Outcome& outcome, std::vector<Mismatch>* mismatches) {
  for (const auto& [scope, expected] : fixture.expect.state) {
    const std::string diff =
        PatternDifference(expected, StateDocument(fixture.script->state, outcome.state, scope, fixture.flow));
    if (diff.empty()) continue;
    mismatches->push_back({std::string("its ") + StateScopeName(scope) + " state is not the expected one", diff});
  }
  const std::string lines = StateLines(outcome.state);
  if (fixture.expect.state_lines.value_or(lines) != lines) {
    mismatches->push_back(
        {"it leaves another state than was recorded", Difference(*fixture.expect.state_lines, lines)});
  }
}

// Finds values in the text of a document that is known to be JSON.
class Scanner {
 public:
  explicit Scanner(const std::string& text) : text_(text) {}

  std::size_t at() const { return at_; }
  char Next() {
    at_ = text_.find_first_not_of(" \t\r\n", at_);
    return text_[at_];
  }
  void Take() { ++at_; }
  // The string that begins here, decoded.
  std::string String() {
    const std::size_t begin = at_;
    SkipValue();
    return std::string(json::parse(text_.substr(begin, at_ - begin)).get_string());
  }
  void SkipValue() {
    int depth = 0;
    do {
      const char c = Next();
      if (c == '"') {
        for (++at_; text_[at_] != '"'; ++at_) at_ += text_[at_] == '\\' ? 1 : 0;
        ++at_;
      } else if (c == '{' || c == '[') {
        ++depth;
        ++at_;
      } else if (c == '}' || c == ']') {
        --depth;
        ++at_;
      } else if (c == ',' || c == ':') {
        ++at_;
      } else {
        at_ = std::min(text_.find_first_of(",:]} \t\r\n", at_), text_.size());
      }
    } while (depth > 0);
  }

 private:
  const std::string& text_;
  std::size_t at_ = 0;
};

std::string Quoted(const std::string& text) { return json::serialize(json::string(text)); }

std::string LogsText(const std::vector<Event>& logs) {
  std::string text;
  for (const Event& log : logs) {
    text += (text.empty() ? "" : ",") + std::string("\n      {\"level\": ") + Quoted(log.level) +
            ", \"message\": " + Quoted(log.message);
    if (!log.fields_json.empty()) text += ", \"fields\": " + log.fields_json;
    text += "}";
  }
  return "[" + text + (text.empty() ? "]" : "\n    ]");
}

std::string StepsText(const std::vector<StepRecord>& steps) {
  std::string text;
  for (const StepRecord& step : steps) {
    text += (text.empty() ? "" : ",") + std::string("\n      {\"name\": ") + Quoted(step.name) +
            ", \"action\": " + Quoted(step.action) + ", \"outcome\": " + Quoted(step.outcome) + "}";
  }
  return "[" + text + (text.empty() ? "]" : "\n    ]");
}

std::string StateText(const Fixture& fixture, const Outcome& outcome) {
  std::string text;
  for (const auto& [scope, ignored] : fixture.expect.state) {
    text += (text.empty() ? "{\"" : ", \"") + std::string(StateScopeName(scope)) +
            "\": " + StateDocument(fixture.script->state, outcome.state, scope, fixture.flow);
  }
  return text + "}";
}

std::string ExpectationText(const Fixture& fixture, const Finished& finished) {
  const Outcome& outcome = finished.outcome;
  std::string text = std::string("{\n    \"verdict\": ") + Quoted(StatusName(outcome.status));
  if (outcome.status == Status::kSucceeded) text += ",\n    \"output\": " + outcome.output_json;
  if (outcome.error) {
    text += ",\n    \"error\": {\"name\": " + Quoted(outcome.error->name) +
            ", \"message\": " + Quoted(outcome.error->message) + "}";
  }
  if (outcome.limit) text += ",\n    \"limit\": " + Quoted(outcome.limit->limit);
  if (fixture.expect.steps) text += ",\n    \"steps\": " + StepsText(outcome.steps);
  if (fixture.expect.response && outcome.response) {
    text += ",\n    \"response\": {\"status\": " + std::to_string(outcome.response->status) +
            ", \"body\": " + Quoted(outcome.response->body) + "}";
  }
  if (!fixture.expect.state.empty()) text += ",\n    \"state\": " + StateText(fixture, outcome);
  if (fixture.expect.logs) text += ",\n    \"logs\": " + LogsText(finished.logs);
  return text + "\n  }";
}

}  // namespace

std::vector<Mismatch> Mismatches(const Fixture& fixture, const Finished& finished) {
  const Expectation& expect = fixture.expect;
  if (finished.refused) return {{finished.refused->what(), {}}};
  const Outcome& outcome = finished.outcome;
  std::vector<Mismatch> mismatches;
  if (outcome.divergence) mismatches.push_back({outcome.divergence->what, outcome.divergence->diff});
  // The end of an execution that nobody could answer says nothing more.
  const bool ended_there = outcome.divergence && outcome.status == Status::kFailed && !outcome.error;
  if (ended_there) return mismatches;
  if (outcome.status != expect.status) {
    mismatches.push_back({"it ended in another way than expected", Pair(StatusName(expect.status), EndOf(outcome))});
  } else if (expect.output_json) {
    const std::string diff = PatternDifference(*expect.output_json, outcome.output_json);
    if (!diff.empty()) mismatches.push_back({"its output is not the expected one", diff});
  }
  if (expect.recorded && outcome.status == expect.status) CompareEnd(*expect.recorded, outcome, &mismatches);
  const ScriptError error = outcome.error.value_or(ScriptError());
  if (expect.error_name && *expect.error_name != error.name) {
    mismatches.push_back({"the name of its error is not the expected one", Pair(*expect.error_name, error.name)});
  }
  if (expect.error_message && *expect.error_message != error.message) {
    mismatches.push_back(
        {"the message of its error is not the expected one", Pair(*expect.error_message, error.message)});
  }
  if (expect.limit && (!outcome.limit || outcome.limit->limit != *expect.limit)) {
    mismatches.push_back(
        {"another limit ended it", Pair(*expect.limit, outcome.limit ? outcome.limit->limit : "(none)")});
  }
  if (expect.steps) CompareSteps(*expect.steps, outcome.steps, &mismatches);
  if (expect.response) CompareResponse(*expect.response, outcome.response, &mismatches);
  CompareState(fixture, outcome, &mismatches);
  if (expect.logs) CompareLogs(*expect.logs, finished.logs, &mismatches);
  return mismatches;
}

Expectation ExpectationOf(const Recording& recording) {
  Expectation expect;
  expect.status = recording.facts().status;
  // Whatever a flow has returned is no pattern.
  if (expect.status == Status::kSucceeded) expect.output_json = R"({"$is":)" + recording.facts().output_json + "}";
  expect.recorded = {.reason = ComparableReason(expect.status, recording.facts().reason),
                     .response = ResponseText(recording.facts().response)};
  expect.state_lines = StateLines(recording.facts().state);
  return expect;
}

std::string ComparableReason(Status status, const std::string& reason) {
  switch (status) {
    case Status::kLimit:
      return reason.substr(0, reason.find(" was "));  // "the limit wall of 1s was reached (peak 1013ms)"
    case Status::kViolation:
      return reason.substr(0, reason.find('('));  // "the cell tried the system call socket(0x2, …"
    default:
      return reason;
  }
}

std::string ResponseText(const std::optional<WebhookResponse>& response) {
  if (!response) return {};
  std::string text = std::to_string(response->status);
  for (const auto& [name, value] : response->headers) text += "\n" + name + ": " + value;
  return text + "\n\n" + response->body;
}

std::string WithExpectation(const std::string& text, const Fixture& fixture, const Finished& finished) {
  const std::string now = ExpectationText(fixture, finished);
  Scanner scanner(text);
  if (scanner.Next() == '[') {
    scanner.Take();
    for (std::size_t i = 0; i < fixture.index; ++i) {
      scanner.SkipValue();
      scanner.Next();
      scanner.Take();  // the comma
    }
  }
  scanner.Next();
  scanner.Take();  // the brace
  const std::size_t first = scanner.at();
  const bool empty = scanner.Next() == '}';
  while (scanner.Next() != '}') {
    const std::string name = scanner.String();
    scanner.Next();
    scanner.Take();  // the colon
    scanner.Next();
    const std::size_t begin = scanner.at();
    scanner.SkipValue();
    if (name == "expect") return text.substr(0, begin) + now + text.substr(scanner.at());
    if (scanner.Next() == ',') scanner.Take();
  }
  return text.substr(0, first) + "\n  \"expect\": " + now + (empty ? "\n" : ",") + text.substr(first);
}

}  // namespace warder::cli
