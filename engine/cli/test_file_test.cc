// What a test file's cells may say, and what becomes of what they may not.
#include "engine/cli/test_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/cli/observed_run.h"
#include "engine/cli/testing.h"
#include "engine/cli/value_pattern.h"

namespace warder::cli {
namespace {

using testing::HasSubstr;

class TestFileTest : public testing::Test {
 protected:
  TestFileTest() { std::filesystem::create_directories(scratch_ / "project/src"); }

  std::shared_ptr<const TestFile> Load() const {
    return TestFile::Load(scratch_.Put("project/src/orders.test.js", "// chatty\n"));
  }
  static Finished Said(std::string output) {
    Finished finished;
    finished.outcome.status = Status::kSucceeded;
    finished.outcome.output_json = std::move(output);
    return finished;
  }
  static Finished Ended(Status status, const std::string& reason) {
    Finished finished;
    finished.outcome.status = status;
    finished.outcome.reason = reason;
    return finished;
  }
  std::string ErrorOf(Finished declared, Status status = Status::kInvalid) const {
    try {
      Load()->FixturesOf(std::move(declared));
    } catch (const EngineError& error) {
      EXPECT_EQ(error.status(), status);
      EXPECT_THAT(error.what(), HasSubstr("orders.test.js"));
      return error.what();
    }
    return "";
  }

  const Scratch scratch_;
};

TEST_F(TestFileTest, DeclaresFixtures) {
  const auto file = Load();
  const auto fixtures = file->FixturesOf(
      Said(R"([{"fixture":{"name":"a","event":1},"checked":true},{"fixture":{"name":"b"},"checked":false}])"));
  ASSERT_EQ(fixtures.size(), 2u);
  EXPECT_THAT(fixtures[0].shown, HasSubstr("src/orders.test.js: a"));
  EXPECT_EQ(fixtures[0].event_json, "1");
  EXPECT_EQ(fixtures[0].bundle, scratch_ / "project/src");
  EXPECT_EQ(fixtures[0].checked_by, file);
  EXPECT_EQ(fixtures[1].checked_by, nullptr);
  scratch_.Put("project/src/orders.js", "");
  EXPECT_EQ(file->FixturesOf(Said(R"([{"fixture":{"name":"a"},"checked":false}])"))[0].bundle,
            scratch_ / "project/src/orders.js");
}

TEST_F(TestFileTest, RunsWithoutAnything) {
  const auto file = Load();
  for (const ExecutionRequest& request : {file->DeclareRequest(), file->CheckRequest({}, "{}")}) {
    EXPECT_TRUE(request.allow_origins.empty());
    EXPECT_TRUE(request.connections.empty());
    EXPECT_TRUE(request.instance.empty());
    ASSERT_NE(request.script, nullptr);
    EXPECT_TRUE(request.script->calls.empty());
    EXPECT_TRUE(request.script->connections.empty());
    EXPECT_EQ(request.script->clock_us, kDefaultClockUs);
    EXPECT_EQ(request.script->seed.size(), 32u);
    EXPECT_LE(request.limits.cpu_ms, 3'000u);
  }
  EXPECT_EQ(file->CheckRequest({.index = 7}, R"({"verdict":"x"})").event_json, R"({"test":7,"run":{"verdict":"x"}})");
}

TEST_F(TestFileTest, WhatIsNotDeclaredRightIsOneSentence) {
  const std::vector<std::pair<std::string, std::string>> wrong = {
      {"1", "it is 1; it has to declare an array"},
      {"[]", "declares no test"},
      {"[1]", "[0] is 1; it has to be an object"},
      {"[{}]", "[0] has no \"fixture\""},
      {R"([{"fixture":1,"checked":true}])", "[0].fixture is 1; it has to be an object"},
      {R"([{"fixture":{},"checked":true}])", "[0].fixture has no \"name\""},
      {R"([{"fixture":{"name":1},"checked":true}])", "[0].fixture.name is 1; it has to be a text"},
      {R"([{"fixture":{"name":""},"checked":true}])", "name is \"\"; it has to be a text with something in it"},
      {R"([{"fixture":{"name":"a"}}])", "[0] has no \"checked\""},
      {R"([{"fixture":{"name":"a"},"checked":1}])", "[0].checked is 1; it has to be true or false"},
      {R"([{"fixture":{"name":"a"},"checked":true,"more":1}])", "[0] has a field \"more\""},
      {R"([{"fixture":{"name":"a","expct":{}},"checked":true}])", "the test \"a\" of "},
      {R"([{"fixture":{"name":"a","name":"b"},"checked":true}])", "the same name twice"},
      {R"([{"fixture":{"name":"a"},"checked":true},{"fixture":{"name":"a"},"checked":true}])", "two tests of the name"},
      {R"([{"fixture":{"name":"a","bundle":"../x.js"},"checked":true}])", "bundle is \"../x.js\"; it leads out of"},
      {R"([{"fixture":{"name":"a","bundle":"/x.js"},"checked":true}])", "bundle is \"/x.js\"; it leads out of"},
      {R"([{"fixture":{"name":"a","journal":"../x"},"checked":true}])", "journal is \"../x\"; it leads out of"},
  };
  for (const auto& [output, says] : wrong) {
    EXPECT_THAT(ErrorOf(Said(output)), HasSubstr(says)) << output;
    EXPECT_EQ(ErrorOf(Said(output)).find('\n'), std::string::npos) << output;
  }
  std::string many;
  for (int i = 0; i <= 1'000; ++i) {
    many += (i == 0 ? "" : ",") + (R"({"fixture":{"name":")" + std::to_string(i)) + R"("},"checked":false})";
  }
  EXPECT_THAT(ErrorOf(Said("[" + many + "]")), HasSubstr("more than 1,000 tests"));
}

TEST_F(TestFileTest, AProjectBeginsAtItsPackage) {
  scratch_.Put("project/package.json", "{}");
  const std::string outside = R"([{"fixture":{"name":"a","bundle":"../dist/index.js"},"checked":true}])";
  EXPECT_EQ(Load()->FixturesOf(Said(outside))[0].bundle, scratch_ / "project/dist/index.js");
  EXPECT_THAT(ErrorOf(Said(R"([{"fixture":{"name":"a","bundle":"../../x.js"},"checked":true}])")),
              HasSubstr("it leads out of " + scratch_ / "project,"));
  // Where a link leads is what counts.
  std::filesystem::create_directory_symlink("/etc", scratch_ / "project/link");
  EXPECT_THAT(ErrorOf(Said(R"([{"fixture":{"name":"a","bundle":"../link/x.js"},"checked":true}])")),
              HasSubstr("it leads out of"));
  // A name that begins alike is another folder's.
  EXPECT_THAT(ErrorOf(Said(R"([{"fixture":{"name":"a","bundle":"../../project2"},"checked":true}])")),
              HasSubstr("it leads out of"));
}

TEST_F(TestFileTest, AnotherEndIsOneSentenceToo) {
  EXPECT_THAT(ErrorOf(Ended(Status::kInvalid, "orders.test.js:1:1: SyntaxError: x")),
              HasSubstr(".js: orders.test.js:1:1: "));
  EXPECT_THAT(ErrorOf(Ended(Status::kLimit, "the limit cpu")), HasSubstr("has not declared its tests: the limit cpu"));
  EXPECT_THAT(ErrorOf(Ended(Status::kViolation, "it tried")), HasSubstr("has not declared its tests: it tried"));
  ErrorOf(Ended(Status::kFault, "the zygote died"), Status::kFault);
  Finished thrown = Ended(Status::kFailed, "TypeError: no");
  thrown.outcome.error =
      ScriptError{"TypeError", "no", "at Object.keys (<anonymous>)\nat orders.test.js:3:4\nat x", {}};
  EXPECT_THAT(ErrorOf(thrown), testing::EndsWith(": TypeError: no, at orders.test.js:3:4"));
  Finished called = Ended(Status::kFailed, "");
  called.outcome.divergence = Divergence{"the 1st call was …", ""};
  called.outcome.calls.push_back({.method = "GET", .origin = "https://a.test", .path = "/b"});
  EXPECT_THAT(ErrorOf(called), HasSubstr("calls GET https://a.test/b while it declares its tests"));
}

TEST_F(TestFileTest, WhatACheckComesTo) {
  const auto file = Load();
  EXPECT_TRUE(file->Checked(Said("null")).empty());
  EXPECT_TRUE(file->Checked(Said("\"whatever it says\"")).empty());
  Finished failed = Ended(Status::kFailed, "");
  failed.outcome.error = ScriptError{"AssertionError", "the total\n- 1\n+ 2", "at orders.test.js:3:4", {}};
  const auto mismatches = file->Checked(failed);
  ASSERT_EQ(mismatches.size(), 1u);
  EXPECT_EQ(mismatches[0].what, "its check failed: the total");
  EXPECT_EQ(mismatches[0].diff, "- 1\n+ 2\nat orders.test.js:3:4\n");
  failed.outcome.error->name = "TypeError";
  EXPECT_EQ(file->Checked(failed)[0].what, "its check failed: TypeError: the total");
  EXPECT_EQ(file->Checked(Ended(Status::kLimit, "the limit cpu of 3s"))[0].what,
            "its check did not end: the limit cpu of 3s");
  EXPECT_EQ(file->Checked(Ended(Status::kViolation, "x"))[0].what, "its check did not end: x");
  EXPECT_EQ(file->Checked(Ended(Status::kFault, "x"))[0].what, "its check did not end: x");
  Finished refused;
  refused.refused = EngineError(Status::kInvalid, "the event is too large");
  EXPECT_THAT(file->Checked(refused)[0].what, HasSubstr("was not given to its check: the event is too large"));
}

TEST(SeenCallsTest, KeepsWhatIsExpectedAndNoMore) {
  Script script;
  script.calls.push_back({.shown = "a",
                          .difference = [](const ScriptedRequest& r) { return r.method == "PUT" ? "" : "no"; },
                          .answer = {}});
  const auto seen = std::make_shared<SeenCalls>();
  const auto watched = SeenCalls::Watch(script, seen);
  EXPECT_EQ(watched->calls[0].difference({.method = "GET"}), "no");
  EXPECT_TRUE(seen->calls().empty());
  EXPECT_EQ(
      watched->calls[0].difference(
          {.method = "PUT", .url = "https://a.test/", .headers = {{"X-A", "1"}, {"x-a", "\xe9"}}, .body = "\xff"}),
      "");
  Finished finished;
  finished.outcome.status = Status::kSucceeded;
  finished.outcome.output_json = R"({"a":1e2})";
  const std::string run = ObservedRun(finished, *seen, script, "");
  EXPECT_THAT(run, HasSubstr(R"("output":{"a":1e2})"));
  EXPECT_THAT(run, HasSubstr(R"("headers":{"x-a":"1, é"},"connection":null,"base64":"/w==")"));
  EXPECT_FALSE(seen->too_many_bytes());
  watched->calls[0].difference({.method = "PUT", .body = std::string(std::size_t{65} << 20, 'x')});
  EXPECT_TRUE(seen->too_many_bytes());
  EXPECT_EQ(seen->calls().size(), 1u);
}

TEST(ObservedRunTest, SaysNothingThatWasMeasured) {
  Finished finished;
  finished.outcome.status = Status::kLimit;
  finished.outcome.reason = "the limit wall of 1s was reached (peak 1013ms)";
  finished.outcome.limit = LimitReport{"wall", 1'000, 1'013, ""};
  finished.outcome.usage.wall = std::chrono::microseconds(4'711);
  const std::string run = ObservedRun(finished, {}, {}, "");
  EXPECT_THAT(run, HasSubstr(R"("reason":"the limit wall of 1s")"));
  EXPECT_THAT(run, HasSubstr(R"("limit":"wall")"));
  EXPECT_EQ(run.find("1013"), std::string::npos);
  EXPECT_EQ(run.find("4711"), std::string::npos);
  EXPECT_EQ(run.find("\"output\""), std::string::npos);
}

struct Described {
  const char* expected;
  const char* actual;
  const char* diff;
};

TEST(ValuePatternTest, DescribesValues) {
  const Described cases[] = {
      {R"({"$any":true})", "null", ""},
      {R"({"a":{"$any":true}})", "{}", "$.a\n  - {\"$any\":true}\n  + (nothing)\n"},
      {R"({"$any":"number"})", "1.5", ""},
      {R"({"$any":"number"})", "\"1\"", "$\n  - {\"$any\":\"number\"}\n  + \"1\"\n"},
      {R"([{"$any":"object"},{"$any":"array"},{"$any":"boolean"},{"$any":"string"}])", R"([{},[],true,""])", ""},
      {R"({"$any":"object"})", "null", "$\n  - {\"$any\":\"object\"}\n  + null\n"},
      {R"({"$like":"ord_{id}"})", "\"ord_7\"", ""},
      {R"({"$like":"ord_{id}"})", "\"ord_\"", "$\n  - {\"$like\":\"ord_{id}\"}\n  + \"ord_\"\n"},
      {R"({"$like":"{n}"})", "7", "$\n  - {\"$like\":\"{n}\"}\n  + 7\n"},
      {R"({"$contains":{"a":{"b":1},"l":[{"c":1}]}})", R"({"a":{"b":1,"x":1},"l":[{"c":1,"x":1}],"x":1})", ""},
      {R"({"$contains":{"a":1}})", R"({"a":2,"x":1})", "$.a\n  - 1\n  + 2\n"},
      {R"({"$contains":[1]})", "[1,2]", "$[1]\n  - (nothing)\n  + 2\n"},
      {R"({"a":{"$contains":{}},"b":1})", R"({"a":{"x":1},"b":1})", ""},
      {R"({"$is":{"$any":true}})", R"({"$any":true})", ""},
      {R"({"$is":{"$any":true}})", "1", "$\n  - {\"$any\":true}\n  + 1\n"},
      {R"({"$set":{"a":1}})", R"({"$set":{"a":1}})", ""},
      {"1", "1.0", ""},
      {"1", "no", "- 1\n+ no\n"},
  };
  for (const auto& [expected, actual, diff] : cases) {
    EXPECT_EQ(PatternDifference(std::string(expected), actual), diff) << expected << " " << actual;
  }
}

}  // namespace
}  // namespace warder::cli
