// Fixtures: what they may say, and one sentence for each of the ways to say it wrong.
#include "engine/cli/fixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "engine/cli/fixture_update.h"
#include "engine/cli/fixture_verdict.h"
#include "engine/cli/scripted_request.h"
#include "engine/cli/testing.h"
#include "engine/cli/text_template.h"
#include "engine/cli/value_pattern.h"

namespace warder::cli {
namespace {

std::vector<Mismatch> Compared(const Expectation& expect, const Finished& finished) {
  Fixture fixture;
  fixture.expect = expect;
  fixture.script = std::make_shared<const Script>();
  return Mismatches(fixture, finished);
}

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kFile = "orders.fixture.json";

std::string ErrorOf(const std::string& text) {
  try {
    ParseFixtures(kFile, text);
  } catch (const EngineError& error) {
    EXPECT_EQ(error.status(), Status::kInvalid);
    return error.what();
  }
  return "";
}

TEST(FixtureTest, OneThatSaysEverything) {
  const auto fixtures = ParseFixtures(kFile, R"({
    "name": "big", "bundle": "dist/index.js", "flow": "tag", "event": {"id": 1}, "config": {"a": [1]},
    "connections": {"acme": {"origin": "https://api.acme.test", "fields": ["token"]}},
    "limits": {"wall": "5s"}, "seed": "x", "clock": "2026-01-31T12:00:00Z", "order": "any",
    "calls": [{"request": {"method": "POST", "url": "https://api.acme.test/{id}", "connection": "acme",
                           "headers": {"x-a": "1", "x-b": null}, "bodyContains": {"a": 1}},
               "reply": {"status": 201, "headers": {"X-C": ["1", "2"]}, "body": {"b": 2}, "delay": "250ms"}},
              {"request": {"url": "https://api.acme.test/"}, "reply": {"error": "timeout", "delay": 10}}],
    "expect": {"verdict": "succeeded", "output": [1], "logs": [{"level": "info", "message": "m", "fields": {}}]}})");
  ASSERT_EQ(fixtures.size(), 1u);
  const Fixture& fixture = fixtures[0];
  EXPECT_EQ(fixture.shown, "orders.fixture.json: big");
  EXPECT_EQ(fixture.bundle, "dist/index.js");
  EXPECT_EQ(fixture.flow, "tag");
  EXPECT_EQ(fixture.event_json, R"({"id":1})");
  EXPECT_EQ(fixture.limits.wall_ms, 5'000u);
  const Script& script = *fixture.script;
  EXPECT_EQ(script.clock_us, 1'769'860'800'000'000u);
  EXPECT_EQ(script.seed.size(), 32u);
  EXPECT_TRUE(script.any_order);
  ASSERT_EQ(script.calls.size(), 2u);
  EXPECT_EQ(script.calls[0].shown, "POST https://api.acme.test/{id}");
  const ScriptedAnswer& answer = script.calls[0].answer;
  EXPECT_EQ(answer.head->status, 201);
  EXPECT_EQ(answer.head->moment.after_call, std::chrono::milliseconds(250));
  EXPECT_EQ(answer.head->headers.size(), 3u);  // with its type
  EXPECT_EQ(answer.body.at(0).data, R"({"b":2})");
  EXPECT_EQ(script.calls[1].answer.failure->kind, ScriptedFailure::Kind::kTimeout);
  EXPECT_EQ(fixture.expect.output_json, "[1]");
  ASSERT_EQ(script.connections.size(), 1u);
  EXPECT_THAT(script.connections[0].placeholders.at(0).second, testing::StartsWith("wrd_"));
}

TEST(FixtureTest, OneThatSaysNothing) {
  const auto fixtures = ParseFixtures("a/orders.fixture.json", "{}");
  ASSERT_EQ(fixtures.size(), 1u);
  EXPECT_EQ(fixtures[0].name, "orders");
  EXPECT_EQ(fixtures[0].bundle, "a");
  EXPECT_EQ(fixtures[0].expect.status, Status::kSucceeded);
  EXPECT_FALSE(fixtures[0].expects);
}

TEST(FixtureTest, AModuleOfItsNameIsItsBundle) {
  const Scratch scratch;
  const std::string module = scratch.Put("orders.mjs", "");
  EXPECT_EQ(ParseFixtures(scratch / kFile, "{}")[0].bundle, module);
}

struct Wrong {
  const char* text;
  const char* says;
};

class WrongFixtureTest : public testing::TestWithParam<Wrong> {};

TEST_P(WrongFixtureTest, IsOneSentenceThatNamesThePlace) {
  const std::string error = ErrorOf(GetParam().text);
  EXPECT_THAT(error, testing::StartsWith("the fixture orders.fixture.json: "));
  EXPECT_THAT(error, HasSubstr(GetParam().says));
  EXPECT_EQ(error.find('\n'), std::string::npos);
}

constexpr Wrong kWrong[] = {
    {"", "it is not JSON"},
    {"{", "it is not JSON"},
    {"{} {}", "it is not JSON"},
    {R"({"name": "a", "name": "b"})", "the same name twice"},
    {"1", "it is 1; it has to be a fixture or an array of fixtures"},
    {"[]", "an array without fixtures"},
    {"[1]", "[0] is 1; it has to be an object"},
    {"[{}]", "[0] has no \"name\"; each of several fixtures"},
    {R"([{"name": "a"}, {"name": "a"}])", "[1].name is \"a\"; another fixture"},
    {R"({"evnt": 1})", "it has a field \"evnt\"; did you mean \"event\"?"},
    {R"({"name": 1})", "name is 1; it has to be a text"},
    {R"({"name": ""})", "name is \"\"; it has to be a text with something in it"},
    {R"({"bundle": 1})", "bundle is 1; it has to be the path of a bundle"},
    {R"({"flow": []})", "flow is []; it has to be the key of a flow"},
    {R"({"config": 1})", "config is 1; it has to be an object"},
    {R"({"limits": {"wal": "5s"}})", "limit \"wal\" does not exist"},
    {R"({"limits": {"wall": "5 parsecs"}})", "\"5 parsecs\" is not a duration"},
    {R"({"seed": 1})", "seed is 1; it has to be a text"},
    {R"({"clock": "yesterday"})", "clock is \"yesterday\"; it has to be a time in UTC"},
    {R"({"clock": "2026-01-31T12:00:00+01:00"})", "it has to be a time in UTC"},
    {R"({"clock": "2026-02-31T12:00:00Z"})", "it has to be a time in UTC"},
    {R"({"order": "none"})", "order is \"none\"; it has to be one of \"strict\", \"any\""},
    {R"({"connections": []})", "connections is []; it has to be an object"},
    {R"({"connections": {"a": {}}})", "connections.a has no \"origin\"; it has to be an origin"},
    {R"({"connections": {"a": {"origin": "api"}}})", "connections.a.origin is \"api\"; it has to be an origin"},
    {R"({"connections": {"a": {"origin": "https://a.test/"}}})", "it has to be an origin"},
    {R"({"connections": {"a": {"origin": "https://a.test", "fields": "token"}}})",
     "fields is \"token\"; it has to be an array"},
    {R"({"connections": {"a": {"orign": ""}}})", "did you mean \"origin\"?"},
    {R"({"journal": 1})", "journal is 1; it has to be the path of a journal"},
    {R"({"journal": "a.journal", "event": 1})", "event is 1; the \"journal\" says that already"},
    {R"({"calls": {}})", "calls is {}; it has to be an array"},
    {R"({"calls": [1]})", "calls[0] is 1; it has to be an object"},
    {R"({"calls": [{}]})", "calls[0] has no \"request\"; it says which call"},
    {R"({"calls": [{"request": {"url": "https://a.test/"}}]})", "calls[0] has no \"reply\"; it says how"},
    {R"({"calls": [{"request": {}, "reply": {}}]})", "calls[0].request has no \"url\"; it has to be an absolute URL"},
    {R"({"calls": [{"request": {"url": "/a"}, "reply": {}}]})",
     "calls[0].request.url is \"/a\"; it has to be an absolute URL"},
    {R"({"calls": [{"request": {"url": "https://a.test/{"}, "reply": {}}]})", "it has a { without its }"},
    {R"({"calls": [{"request": {"url": "https://a.test/{}"}, "reply": {}}]})", "it has a {} without a name"},
    {R"({"calls": [{"request": {"url": "https://a.test/}"}, "reply": {}}]})", "it has a } without its {"},
    {R"({"calls": [{"request": {"url": "https://{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}"}, "reply": {}}]})",
     "it has more than 100 parts in braces"},
    {R"({"calls": [{"request": {"method": "get", "url": "https://a.test/"}, "reply": {}}]})",
     "calls[0].request.method is \"get\"; it has to be one of \"GET\""},
    {R"({"calls": [{"request": {"url": "https://a.test/", "headers": []}, "reply": {}}]})",
     "calls[0].request.headers is []; it has to be an object"},
    {R"({"calls": [{"request": {"url": "https://a.test/", "headers": {"a": 1}}, "reply": {}}]})",
     "calls[0].request.headers.a is 1"},
    {R"({"calls": [{"request": {"url": "https://a.test/", "connection": "b"}, "reply": {}}]})",
     "calls[0].request.connection is \"b\"; the fixture has no such connection; declare it"},
    {R"({"calls": [{"request": {"url": "https://a.test/", "body": 1, "bodyContains": 1}, "reply": {}}]})",
     "calls[0].request.bodyContains is 1; there is a \"body\" too"},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"status": 700}}]})",
     "calls[0].reply.status is 700; it has to be a number from 200 to 599"},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"status": "200"}}]})",
     "calls[0].reply.status is \"200\""},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"status": 204, "body": "x"}}]})",
     "a response with the status 204 has no body"},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"body": 1, "base64": "eA=="}}]})",
     "calls[0].reply.base64 is \"eA==\"; there is a \"body\" too"},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"base64": "?"}}]})", "it has to be padded base64"},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"headers": {"a": 1}}}]})",
     "calls[0].reply.headers.a is 1; it has to be an object of header names"},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"headers": {"a b": "1"}}}]})",
     "reply.headers.a b is \"1\"; its name has to be the name of a header"},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"headers": {"a": "1\n2"}}}]})",
     "it is no header's value"},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"delay": "soon"}}]})",
     "calls[0].reply.delay is \"soon\"; it has to be a duration"},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"error": "dns"}}]})",
     "calls[0].reply.error is \"dns\"; it has to be one of \"network\""},
    {R"({"calls": [{"request": {"url": "https://a.test/"}, "reply": {"error": "network", "status": 200}}]})",
     "there is a \"status\" too; take one of them out"},
    {R"({"expect": 1})", "expect is 1; it has to be an object"},
    {R"({"expect": {"verdict": "well"}})", "expect.verdict is \"well\"; it has to be one of"},
    {R"({"expect": {"verdict": "limit", "output": 1}})", "expect.output is 1; only an execution that succeeds"},
    {R"({"expect": {"verdict": "succeeded", "error": {}}})", "an \"error\" is expected too"},
    {R"({"expect": {"verdict": "failed", "limit": "cpu"}})", "a \"limit\" is expected too"},
    {R"({"expect": {"error": {}, "limit": "cpu"}})", "there is an \"error\" too"},
    {R"({"expect": {"error": {"text": "a"}}})", "expect.error has a field \"text\""},
    {R"({"expect": {"error": {"name": 1}}})", "expect.error.name is 1; it has to be a text"},
    {R"({"expect": {"limit": "patience"}})", "expect.limit is \"patience\"; it has to be the name of a limit"},
    {R"({"expect": {"steps": [{}]}})", "expect.steps[0] has no \"name\""},
    {R"({"expect": {"steps": [{"name": "a", "outcome": "good"}]}})", "expect.steps[0].outcome is \"good\""},
    {R"({"expect": {"response": {"status": 99}}})", "expect.response.status is 99"},
    {R"({"expect": {"response": {"text": 1}}})", "expect.response has a field \"text\""},
    {R"({"expect": {"logs": {}}})", "expect.logs is {}; it has to be an array"},
    {R"({"expect": {"logs": [{"level": "loud"}]}})", "expect.logs[0].level is \"loud\"; it has to be one of"},
    {R"({"expect": {"logs": [{"fields": 1}]}})", "expect.logs[0].fields is 1; it has to be an object"},
    {R"({"expect": {"output": {"$any": false}}})", "expect.output.$any is false; it has to be true, or a type"},
    {R"({"expect": {"output": [{"$any": "text"}]}})", "expect.output[0].$any is \"text\"; it has to be one of"},
    {R"({"expect": {"output": {"$like": 1}}})", "expect.output.$like is 1; it has to be a text"},
    {R"({"expect": {"state": {"flow": {"a": {"$like": "}"}}}}})", "flow.a.$like is \"}\"; it has a } without its {"},
    {R"({"expect": {"logs": [{"fields": {"$any": true, "a": 1}}]}})", "beside \"$any\" there is nothing else"},
    {R"({"expect": {"response": {"body": {"$contains": {"a": {"$any": 1}}}}}})", "$contains.a.$any is 1"},
    {R"({"calls": [{"request": {"url": "https://a.test/", "body": {"$like": "{"}}, "reply": {}}]})",
     "calls[0].request.body.$like is \"{\"; it has a { without its }"},
};
INSTANTIATE_TEST_SUITE_P(Wrong, WrongFixtureTest, testing::ValuesIn(kWrong));

TEST(FixtureTest, ThoseInFoldersAreFoundInOrder) {
  const Scratch scratch;
  std::filesystem::create_directories(scratch / "b/node_modules");
  std::filesystem::create_directories(scratch / "b/.git");
  for (const char* name : {"z.fixture.json", "b/a.fixture.json", "b/c.test.js", "b/node_modules/x.fixture.json",
                           "b/.git/x.fixture.json", "b/other.json", "b/d.test.mjs"}) {
    scratch.Put(name, "{}");
  }
  EXPECT_THAT(FindTests({scratch / "", scratch / "z.fixture.json"}),
              ElementsAre(HasSubstr("b/a.fixture.json"), HasSubstr("b/c.test.js"), HasSubstr("z.fixture.json")));
  std::filesystem::create_directories(scratch / "empty");
  for (const char* name : {"absent", "b/other.json", "empty"}) {
    EXPECT_THROW(FindTests({scratch / name}), EngineError) << name;
  }
}

TEST(TemplateTest, HolesStandForPartsOfUrls) {
  EXPECT_TRUE(MatchesTemplate("https://a.test/{id}", "https://a.test/17"));
  EXPECT_FALSE(MatchesTemplate("https://a.test/{id}", "https://a.test/"));
  EXPECT_FALSE(MatchesTemplate("https://a.test/{id}", "https://a.test/1/2"));
  EXPECT_FALSE(MatchesTemplate("https://a.test/{id}", "https://a.test/1?x=1"));
  EXPECT_TRUE(MatchesTemplate("https://a.test/{id}/b?x={x}", "https://a.test/1/b?x=2"));
  EXPECT_TRUE(MatchesTemplate("https://a.test/{+rest}", "https://a.test/1/2?x=1"));
  EXPECT_TRUE(MatchesTemplate("{a}-{b}", "1-2-3"));
  EXPECT_FALSE(MatchesTemplate("{a}{b}", "1"));
  EXPECT_TRUE(MatchesTemplate("", ""));
  EXPECT_FALSE(MatchesTemplate("", "x"));
  // Such a pattern must not take long.
  std::string holes;
  for (int i = 0; i < 200; ++i) holes += "{+a}x";
  EXPECT_FALSE(MatchesTemplate(holes, std::string(5'000, 'x') + "y"));
}

TEST(ScriptedRequestTest, EverythingThatDiffersIsNamed) {
  ExpectedRequest expected;
  expected.method = "POST";
  expected.url = "https://a.test/{id}";
  expected.headers = {{"X-A", "1"}, {"x-b", std::nullopt}};
  expected.body_json = Containing(boost::json::parse(R"({"a":{"b":1}})"));
  ScriptedRequest request{.method = "POST",
                          .url = "https://a.test/1",
                          .headers = {{"x-a", "1"}},
                          .body = R"({"a":{"b":1,"c":2},"d":3})",
                          .connection = ""};
  EXPECT_EQ(RequestDifference(expected, request), "");
  request = {.method = "GET",
             .url = "https://b.test/",
             .headers = {{"x-b", "2"}},
             .body = R"({"a":{"b":2}})",
             .connection = "acme"};
  EXPECT_EQ(RequestDifference(expected, request),
            "method\n  - POST\n  + GET\nurl\n  - https://a.test/{id}\n  + https://b.test/\n"
            "connection\n  - (none)\n  + acme\nheader X-A\n  - 1\n  + (none)\nheader x-b\n  - (none)\n  + 2\n"
            "body\n$.a.b\n  - 1\n  + 2\n");
  expected.body_json = boost::json::parse("[1]");
  request.body = "no";
  EXPECT_THAT(RequestDifference(expected, request), HasSubstr("(no JSON) no"));
  expected.body_json.reset();
  expected.body_text = "yes";
  EXPECT_THAT(RequestDifference(expected, request), HasSubstr("body\n- yes\n+ no"));
}

TEST(FixtureVerdictTest, EverythingThatIsNotAsExpectedIsNamed) {
  Expectation expect;
  expect.output_json = R"({"a":1})";
  expect.logs = {{ExpectedLog{.level = "info", .message = "hello", .fields_json = "{}"}}};
  Finished finished;
  finished.outcome.status = Status::kSucceeded;
  finished.outcome.output_json = R"({ "a": 1.0 })";
  finished.logs.push_back({.kind = Event::Kind::kLog, .execution = "", .at = {}});
  finished.logs[0].level = "info";
  finished.logs[0].message = "hello";
  EXPECT_TRUE(Compared(expect, finished).empty());
  finished.logs.push_back(finished.logs[0]);
  finished.logs[0].message = "bye";
  finished.outcome.output_json = R"({"a":2})";
  finished.outcome.divergence = Divergence{"the 2nd call, GET x, was expected and never made", ""};
  const auto mismatches = Compared(expect, finished);
  ASSERT_EQ(mismatches.size(), 4u);
  EXPECT_THAT(mismatches[0].what, HasSubstr("never made"));
  EXPECT_EQ(mismatches[1].diff, "$.a\n  - 1\n  + 2\n");
  EXPECT_EQ(mismatches[2].diff, "- info hello {}\n+ info bye \n");
  EXPECT_EQ(mismatches[3].what, "line 2 of the log was not expected");

  expect = {};
  expect.steps = {{ExpectedStep{.name = "load", .action = {}, .outcome = "ok"}}};
  expect.response = ExpectedResponse{.status = 201, .body = "[1]", .body_is_json = true};
  finished = {};
  finished.outcome.status = Status::kSucceeded;
  finished.outcome.steps.resize(1);
  finished.outcome.steps[0].name = "load";
  finished.outcome.steps[0].outcome = "ok";
  finished.outcome.response = WebhookResponse{.status = 201, .headers = {}, .body = "[ 1 ]"};
  EXPECT_TRUE(Compared(expect, finished).empty());
  finished.outcome.steps[0].outcome = "failed";
  finished.outcome.steps.resize(2);
  finished.outcome.response->status = 200;
  finished.outcome.response->body = "[2]";
  ASSERT_EQ(Compared(expect, finished).size(), 4u);
  EXPECT_EQ(Compared(expect, finished)[0].diff, "- \"load\" * ok\n+ \"load\"  failed\n");
  EXPECT_EQ(Compared(expect, finished)[3].diff, "$[0]\n  - 1\n  + 2\n");

  expect = {};
  expect.status = Status::kFailed;
  expect.error_name = "TypeError";
  expect.error_message = "no";
  finished = {};
  finished.outcome.status = Status::kFailed;
  finished.outcome.error = ScriptError{.name = "TypeError", .message = "yes"};
  ASSERT_EQ(Compared(expect, finished).size(), 1u);
  EXPECT_EQ(Compared(expect, finished)[0].diff, "- no\n+ yes\n");
}

TEST(FixtureTest, StateIsReadByItsScopes) {
  const auto fixtures = ParseFixtures(
      kFile,
      R"({"flow": "sync", "state": {"flow": {"n": [1]}, "crossFlow": {"a": null}}, "expect": {"state": {"flow": {}}}})");
  const Script& script = *fixtures.at(0).script;
  EXPECT_EQ(script.state, (std::vector<StateItem>{{{StateScope::kFlow, "sync", "n"}, "[1]"},
                                                  {{StateScope::kCrossFlow, "", "a"}, "null"}}));
  EXPECT_TRUE(script.whole_state);
  EXPECT_EQ(fixtures[0].expect.state.at(StateScope::kFlow), "{}");
  EXPECT_THAT(ErrorOf(R"({"state": {"flows": {}}})"), HasSubstr("flows"));
  EXPECT_THAT(ErrorOf(R"({"state": {"flow": []}})"), HasSubstr("an object of values by their keys"));
  EXPECT_THAT(ErrorOf(R"({"state": {"flow": {"": 1}}})"), HasSubstr("1 to 256 bytes"));
  EXPECT_THAT(ErrorOf(R"({"expect": {"state": {"flow": 1}}})"), HasSubstr("everything that stands there in the end"));
  EXPECT_THAT(ErrorOf(R"({"journal": "a", "state": {}})"), HasSubstr("the \"journal\" says that already"));
}

TEST(FixtureVerdictTest, TheStateIsWhatWasThereAndWhatWasCommitted) {
  Fixture fixture;
  Script script;
  script.state = {{{StateScope::kFlow, "", "kept"}, "1"}, {{StateScope::kFlow, "", "gone"}, "2"}};
  fixture.script = std::make_shared<const Script>(script);
  fixture.expect.state[StateScope::kFlow] = R"({"kept":1,"made":3})";
  fixture.expect.state[StateScope::kInstance] = "{}";
  Finished finished;
  finished.outcome.status = Status::kSucceeded;
  finished.outcome.output_json = "null";
  finished.outcome.state = {{{StateScope::kFlow, "sync", "gone"}, true},
                            {{StateScope::kFlow, "sync", "made"}, false, 1, "3"}};
  EXPECT_TRUE(Mismatches(fixture, finished).empty());
  finished.outcome.state[1].value_json = "4";
  const auto mismatches = Mismatches(fixture, finished);
  ASSERT_EQ(mismatches.size(), 1U);
  EXPECT_EQ(mismatches[0].what, "its flow state is not the expected one");
  EXPECT_EQ(mismatches[0].diff, "$.made\n  - 3\n  + 4\n");
  EXPECT_THAT(WithExpectation("{}", fixture, finished),
              HasSubstr(R"("state": {"flow": {"kept":1,"made":4}, "instance": {}})"));
}

TEST(FixtureVerdictTest, AFileIsRewrittenInItsPlaceOnly) {
  Finished finished;
  finished.outcome.status = Status::kSucceeded;
  finished.outcome.output_json = R"({"a":1e2})";
  Fixture fixture;
  const std::string now = "{\n    \"verdict\": \"succeeded\",\n    \"output\": {\"a\":1e2}\n  }";
  EXPECT_EQ(
      WithExpectation(R"({"event" : {"expect":[1,"}"]}, "expect": {"output": 1} , "seed": "\"" })", fixture, finished),
      R"({"event" : {"expect":[1,"}"]}, "expect": )" + now + R"( , "seed": "\"" })");
  EXPECT_EQ(WithExpectation("{}", fixture, finished), "{\n  \"expect\": " + now + "\n}");
  EXPECT_EQ(WithExpectation(R"({ "name": "a" })", fixture, finished), "{\n  \"expect\": " + now + R"(, "name": "a" })");
  fixture.index = 1;
  EXPECT_EQ(WithExpectation(R"([{"expect": 1}, { "expect":true}])", fixture, finished),
            R"([{"expect": 1}, { "expect":)" + now + "}]");
}

TEST(FixtureVerdictTest, ARecordedEndIsComparedWithoutWhatWasMeasured) {
  EXPECT_EQ(ComparableReason(Status::kLimit, "the limit wall of 1s was reached (peak 1013ms)"), "the limit wall of 1s");
  EXPECT_EQ(ComparableReason(Status::kViolation, "the cell tried the system call socket(0x2, 0x7f), which"),
            "the cell tried the system call socket");
  EXPECT_EQ(ComparableReason(Status::kFailed, "Error: 5 was (too) much"), "Error: 5 was (too) much");
  Expectation expect;
  expect.status = Status::kFailed;
  expect.recorded = {.reason = "Error: a", .response = ResponseText(WebhookResponse{})};
  Finished finished;
  finished.outcome.status = Status::kFailed;
  finished.outcome.reason = "Error: b";
  const auto mismatches = Compared(expect, finished);
  ASSERT_EQ(mismatches.size(), 2u);
  EXPECT_EQ(mismatches[0].what, "it ended for another reason than was recorded");
  EXPECT_EQ(mismatches[1].what, "its answer to the webhook is not the one that was recorded");
  finished.outcome.reason = "Error: a";
  finished.outcome.response = WebhookResponse{};
  EXPECT_TRUE(Compared(expect, finished).empty());
}

TEST(FixtureUpdateTest, AFileThatWasChangedMeanwhileIsNotRewritten) {
  const Scratch scratch;
  const std::string file = scratch.Put("a.fixture.json", "{}");
  Capture out;
  Capture err;
  Environment environment{out.output(), err.output()};
  FixtureUpdate update(environment, true);
  update.Keep(file, "{}");
  scratch.Put("a.fixture.json", "not even JSON");
  Fixture fixture;
  fixture.file = file;
  Finished finished;
  finished.outcome.status = Status::kSucceeded;
  finished.outcome.output_json = "1";
  EXPECT_THROW(update.Offer(fixture, finished, {}), EngineError);
  EXPECT_EQ(Scratch::Read(file), "not even JSON");
}

}  // namespace
}  // namespace warder::cli
