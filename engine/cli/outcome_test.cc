#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/cli/live_view.h"
#include "engine/cli/outcome_json.h"
#include "engine/cli/outcome_text.h"
#include "engine/cli/testing.h"

namespace warder::cli {
namespace {

using std::chrono::microseconds;
using testing::HasSubstr;
using testing::Not;

class OutcomeTest : public testing::Test {
 protected:
  Capture capture_;
  const Output& plain_ = capture_.output();
};

TEST_F(OutcomeTest, CausesFollowTheErrorWithTheirStacks) {
  Outcome outcome{.status = Status::kFailed, .reason = "TypeError: a"};
  outcome.error = ScriptError{"TypeError", "a\nsecond line", "    at run (index.js:3:9)\n\n  at main", {}};
  outcome.error->causes.push_back({"", "b", "", {}});
  EXPECT_EQ(FailureText(outcome, plain_),
            "TypeError: a\n    second line\n    at run (index.js:3:9)\n    at main\ncaused by: Error: b\n");
}

TEST_F(OutcomeTest, SeveralCausesStandBelow) {
  Outcome outcome{.status = Status::kFailed};
  outcome.error = ScriptError{"AggregateError", "", "at x", {{"A", "1", "at y", {}}, {"B", "2", "", {}}}};
  EXPECT_EQ(FailureText(outcome, plain_),
            "AggregateError\n    at x\n  caused by: A: 1\n      at y\n  caused by: B: 2\n");
}

TEST_F(OutcomeTest, LimitShowsTheLastStack) {
  Outcome outcome{.status = Status::kLimit, .reason = "the limit cpu of 10s was reached (peak 10002ms)"};
  outcome.limit = LimitReport{"cpu", 10'000, 10'002, "at spin (index.js:1:1)"};
  EXPECT_EQ(
      FailureText(outcome, plain_),
      "limit: the limit cpu of 10s was reached (peak 10002ms)\nlast JavaScript stack:\n    at spin (index.js:1:1)\n");
}

TEST_F(OutcomeTest, ViolationShowsTheCallWithItsArguments) {
  Outcome outcome{.status = Status::kViolation, .reason = "the cell called socket"};
  outcome.violation = ViolationReport{"socket", {2, 0xffffffffffffffff}, ""};
  EXPECT_EQ(FailureText(outcome, plain_), "violation: the cell called socket\n    socket(0x2, 0xffffffffffffffff)\n");
}

TEST_F(OutcomeTest, NothingOfAScriptReachesTheTerminalRaw) {
  const std::string evil = "\x1b]0;x\x07\xc2\x9b";
  Outcome outcome{.execution = "e", .status = Status::kFailed, .reason = evil};
  outcome.error = ScriptError{evil, evil, evil, {{evil, evil, evil, {}}}};
  outcome.violation = ViolationReport{evil, {1}, evil};
  outcome.limit = LimitReport{evil, 1, 1, evil};
  outcome.output_json = "\"\u009b\"";
  outcome.calls = {{.call = 1, .method = evil, .origin = evil, .path = evil, .outcome = evil, .message = evil}};
  Event event{.kind = Event::Kind::kLog, .level = evil, .message = evil, .fields_json = "{\"\u009b\":\"\x7f\"}"};
  std::string shown;
  for (const Status status : {Status::kFailed, Status::kLimit, Status::kViolation, Status::kInvalid}) {
    outcome.status = status;
    shown += FailureText(outcome, plain_) + SummaryText(outcome, plain_) + OutcomeJson(outcome, {}, {event});
  }
  for (const auto kind : {Event::Kind::kLog, Event::Kind::kCallStarted, Event::Kind::kCallFinished}) {
    event.kind = kind;
    event.method = event.origin = event.path = evil;
    shown += EventText(event, plain_);
  }
  EXPECT_THAT(shown, Not(HasSubstr("\x1b")));
  EXPECT_THAT(shown, Not(HasSubstr("\x07")));
  EXPECT_THAT(shown, Not(HasSubstr("\x7f")));
  EXPECT_THAT(shown, Not(HasSubstr("\u009b")));
}

TEST_F(OutcomeTest, SummaryCounts) {
  Outcome outcome{.status = Status::kSucceeded};
  outcome.usage = {.wall = microseconds(14'000), .cpu = microseconds(9'400), .peak_rss_bytes = 22'020'096, .calls = 3};
  EXPECT_EQ(SummaryText(outcome, plain_), "succeeded in 14 ms: 3 calls, cpu 9.4 ms, peak 21 MB\n");
  outcome.status = Status::kLimit;
  EXPECT_THAT(SummaryText(outcome, plain_), HasSubstr("ended by a limit in 14 ms"));
}

TEST_F(OutcomeTest, JsonKeepsDocumentsAsTheyAre) {
  Outcome outcome{.execution = "e", .status = Status::kSucceeded};
  outcome.output_json = R"({"big":12345678901234567890123,"x":1.10})";
  outcome.receipt_json = R"({"v":1})";
  const std::string text = OutcomeJson(outcome, {}, {});
  EXPECT_THAT(text, HasSubstr(R"("output":{"big":12345678901234567890123,"x":1.10},"steps":[],"calls":[],)"));
  EXPECT_THAT(text, HasSubstr(R"("receipt":{"v":1})"));
  EXPECT_THAT(text, Not(HasSubstr("\n")));
}

TEST_F(OutcomeTest, JsonHasTheSameKeysWhateverHappened) {
  Outcome outcome;
  outcome.status = Status::kInvalid;
  outcome.reason = "no \"bundle\"";
  const auto object = boost::json::parse(OutcomeJson(outcome, {}, {})).as_object();
  std::vector<std::string> keys;
  for (const auto& member : object) keys.emplace_back(member.key().data(), member.key().size());
  EXPECT_THAT(keys, testing::ElementsAre("execution", "status", "reason", "attempts", "output", "steps", "calls",
                                         "response", "state", "usage", "receipt", "logs"));
  EXPECT_TRUE(object.at("usage").is_null());
  EXPECT_EQ(object.at("reason"), "no \"bundle\"");
}

TEST_F(OutcomeTest, EventsAreAlignedLines) {
  Event log{.kind = Event::Kind::kLog, .at = microseconds(12'000), .level = "info", .message = "loaded\nmore"};
  log.fields_json = R"({"id":42})";
  EXPECT_EQ(EventText(log, plain_), "   12 ms  info   loaded\n                 more {\"id\":42}\n");
  Event call{.kind = Event::Kind::kCallStarted, .at = microseconds(12'000), .call = 7, .method = "GET"};
  call.origin = "https://api.test";
  call.path = "/v1/x";
  EXPECT_EQ(EventText(call, plain_), "   12 ms  → #7   GET https://api.test/v1/x\n");
  call.kind = Event::Kind::kCallFinished;
  call.http_status = 200;
  call.duration = microseconds(12'300);
  call.response_bytes = 1'234;
  EXPECT_EQ(EventText(call, plain_), "   12 ms  ← #7   200 in 12 ms, 1.2 KB\n");
  call.http_status = 0;
  call.response_bytes = 0;
  call.message = "refused";
  EXPECT_EQ(EventText(call, plain_), "   12 ms  ← #7   failed in 12 ms: refused\n");
  EXPECT_EQ(EventText({.kind = Event::Kind::kStarted}, plain_), "");
}

TEST_F(OutcomeTest, StepsAreATree) {
  Event step{.kind = Event::Kind::kStepStarted, .at = microseconds(12'000)};
  step.step = 2;
  step.depth = 2;
  step.name = "load\nall";
  step.action = "shop.get";
  step.shape = "{ id: string }";
  EXPECT_EQ(EventText(step, plain_), "   12 ms         │ ┌ load\\nall  shop.get { id: string }\n");
  step.kind = Event::Kind::kStepRetried;
  step.attempts = 2;
  step.message = "Error: busy";
  EXPECT_EQ(EventText(step, plain_), "   12 ms         │ │ attempt 1 failed: Error: busy\n");
  step.kind = Event::Kind::kStepFinished;
  step.duration = microseconds(12'300);
  step.calls = 1;
  EXPECT_EQ(EventText(step, plain_),
            "   12 ms         │ └ load\\nall failed in 12 ms, 2 attempts, 1 call: Error: busy\n");
  step.succeeded = true;
  step.message.clear();
  step.shape = "[2 × string]";
  step.attempts = 1;
  step.calls = 0;
  EXPECT_EQ(EventText(step, plain_), "   12 ms         │ └ load\\nall ok in 12 ms → [2 × string]\n");
  Event log{.kind = Event::Kind::kLog, .at = microseconds(12'000), .level = "info", .message = "a\nb"};
  log.depth = 1;
  EXPECT_EQ(EventText(log, plain_), "   12 ms  info   │ a\n                 │ b\n");
}

TEST_F(OutcomeTest, JsonTellsStepsResponsesAndAdvice) {
  Outcome outcome;
  outcome.steps.push_back({.step = 1, .name = "load", .action = "shop.get", .outcome = "ok"});
  outcome.steps[0].input = {"{ id: string }", 12, R"({"id":"a"})"};
  outcome.response = WebhookResponse{202, {{"x-id", "a"}}, "done"};
  outcome.error = ScriptError{"FlowError", "slow down", "", {}, "rate-limited", true, std::chrono::seconds(30)};
  const auto object = boost::json::parse(OutcomeJson(outcome, {}, {})).as_object();
  const auto& step = object.at("steps").as_array().at(0).as_object();
  EXPECT_EQ(step.at("input").as_object().at("value"), (boost::json::value{{"id", "a"}}));
  EXPECT_TRUE(step.at("parent").is_null());
  EXPECT_TRUE(step.at("output").as_object().at("value").is_null());
  EXPECT_EQ(object.at("response").as_object().at("body"), "done");
  EXPECT_EQ(object.at("error").as_object().at("code"), "rate-limited");
  EXPECT_EQ(object.at("error").as_object().at("retryMs"), 30'000);
}

TEST_F(OutcomeTest, JsonTellsWhatIsLeftInTheState) {
  Outcome outcome;
  outcome.state = {{{StateScope::kFlow, "sync", "n"}, false, 1, "7"}, {{StateScope::kInstance, "", "a"}, true}};
  const auto object = boost::json::parse(OutcomeJson(outcome, {}, {})).as_object();
  EXPECT_EQ(boost::json::serialize(object.at("state")),
            R"([{"scope":"flow","flow":"sync","key":"n","deleted":false,"bytes":1,"value":7},)"
            R"({"scope":"instance","flow":null,"key":"a","deleted":true,"bytes":0,"value":null}])");
}

}  // namespace
}  // namespace warder::cli
