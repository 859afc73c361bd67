// warder replay and warder test, on an engine that ends executions as their bundles say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>

#include "engine/cli/fake_engine.h"
#include "engine/cli/testing.h"

namespace warder::cli {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

class ReplayCommandTest : public testing::Test {
 protected:
  // A journal for the fake engine, whose replay ends in this way.
  std::string Journal(const std::string& how) const { return scratch_.Put(how + ".journal", "// " + how + "\n"); }
  Scratch scratch_;
};

TEST_F(ReplayCommandTest, AnIdenticalReplaySucceeds) {
  const Ran ran = Warder({"replay", Journal("succeed")});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("succeed.journal: identical (succeeded, 0 calls)\n"));
  EXPECT_EQ(ran.err, "");
}

TEST_F(ReplayCommandTest, TheFirstDivergenceIsNamed) {
  const Ran ran = Warder({"replay", Journal("diverge")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out,
              EndsWith("diverge.journal: diverged: the 2nd call was GET https://api.test/b, recorded was GET "
                       "https://api.test/a\n    url\n      - https://api.test/a\n      + https://api.test/b\n"));
}

TEST_F(ReplayCommandTest, AFolderHasTotals) {
  Journal("succeed");
  Journal("diverge");
  scratch_.Put("other.txt", "");
  const Ran ran = Warder({"replay", scratch_ / ""});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, EndsWith("1 identical, 1 diverged\n"));
  const Ran json = Warder({"replay", scratch_ / "", "--json"});
  EXPECT_THAT(json.out, HasSubstr(R"("verdict":"diverged","what":"the 2nd call)"));
}

TEST_F(ReplayCommandTest, AnotherBundleIsHeldAgainstTheRecordedResult) {
  const std::string journal = Journal("succeed");
  Ran ran = Warder({"replay", journal, "--against", scratch_.Bundle("succeed")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("succeed.journal: same (succeeded, 0 calls)\n"));
  EXPECT_TRUE(fake::LastRequest().script);
  EXPECT_FALSE(fake::LastRequest().replay);
  ran = Warder({"replay", journal, "--against", scratch_.Bundle("echo")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("differs: it makes the same calls and has another result"));
  ran = Warder({"replay", journal, "--against", scratch_.Bundle("throw")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("differs: it ends in another way\n    - succeeded\n    + failed"));
}

// A machine's fault says nothing of the code.
TEST_F(ReplayCommandTest, AFaultIsNoDivergence) {
  Ran ran = Warder({"replay", Journal("fault")});
  EXPECT_EQ(ran.code, 70);
  EXPECT_THAT(ran.err, HasSubstr("fault.journal: refused: the zygote died\n"));
  EXPECT_EQ(ran.out, "");
  ran = Warder({"replay", Journal("succeed"), "--against", scratch_.Bundle("fault")});
  EXPECT_EQ(ran.code, 70);
}

TEST_F(ReplayCommandTest, AnotherAnswerToTheWebhookIsAnotherResult) {
  const std::string journal = Journal("succeed");
  const Ran ran = Warder({"replay", journal, "--against", scratch_.Bundle("respond")});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, HasSubstr("differs: it makes the same calls and answers its webhook otherwise\n"));
  EXPECT_THAT(ran.out, HasSubstr("x-a: 1"));
}

TEST_F(ReplayCommandTest, WhatCannotBeReplayedIsInvalid) {
  Ran ran = Warder({"replay", scratch_ / "absent.journal"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("cannot read the journal"));
  EXPECT_EQ(ran.out, "");
  ran = Warder({"replay", scratch_ / ""});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("there is no *.journal in the folder"));
  EXPECT_EQ(Warder({"replay"}).code, 2);
  ran = Warder({"replay", Journal("succeed"), "--bundle", "a", "--against", "b"});
  EXPECT_EQ(ran.code, 2);
  ran = Warder({"replay", Journal("succeed"), "--bundle", scratch_.Bundle("succeed")});
  EXPECT_EQ(ran.code, 0) << ran.err;  // the fake's bundles have no hash
}

class TestCommandTest : public testing::Test {
 protected:
  std::string Put(const std::string& how, const std::string& text) const {
    scratch_.Bundle(how);
    return scratch_.Put(how + ".fixture.json", text);
  }
  Scratch scratch_;
};

TEST_F(TestCommandTest, TapNamesEveryTestAndEndsWithTheSum) {
  Put("succeed",
      R"([{"name": "one", "expect": {"output": {"ok": true}}}, {"name": "two #1", "expect": {"output": 1}}])");
  Put("throw", R"({"expect": {"error": {"name": "TypeError", "message": "no order"}}})");
  Put("diverge", "{}");
  const Ran ran = Warder({"test", scratch_ / ""});
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, StartsWith("TAP version 14\n1..4\nnot ok 1 - "));
  EXPECT_THAT(ran.out, HasSubstr("diverge.fixture.json: diverge\n  ---\n  message: |\n    the 2nd call was"));
  EXPECT_THAT(ran.out, HasSubstr("succeed.fixture.json: one\n"));
  EXPECT_THAT(ran.out,
              HasSubstr("succeed.fixture.json: two \\#1\n  ---\n  message: |\n    its output is not the expected one\n"
                        "    $\n      - 1\n      + {\"ok\":true}\n  ...\n"));
  EXPECT_THAT(ran.out, EndsWith("throw\n2 passed, 2 failed\n"));
}

TEST_F(TestCommandTest, AFilterChooses) {
  Put("succeed", R"([{"name": "one"}, {"name": "two"}])");
  Ran ran = Warder({"test", scratch_ / "", "--filter", "two"});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, EndsWith(": two\n1 passed, 0 failed\n"));
  ran = Warder({"test", scratch_ / "", "--filter", "three"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("no fixture has \"three\""));
}

TEST_F(TestCommandTest, WrongFixturesAreAllNamedAndNothingRuns) {
  Put("succeed", "{}");
  scratch_.Put("a.fixture.json", R"({"evnt": 1})");
  scratch_.Put("b.fixture.json", "{");
  const Ran ran = Warder({"test", scratch_ / ""});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("did you mean \"event\"?"));
  EXPECT_THAT(ran.err, HasSubstr("b.fixture.json: it is not JSON"));
}

TEST_F(TestCommandTest, JUnitHasTheSame) {
  Put("succeed", R"([{"name": "o<n>e"}, {"name": "two", "expect": {"output": "&"}}])");
  const Ran ran = Warder({"test", scratch_ / "", "--junit", scratch_ / "out.xml"});
  EXPECT_EQ(ran.code, 1);
  const std::string xml = Scratch::Read(scratch_ / "out.xml");
  EXPECT_THAT(xml, HasSubstr("tests=\"2\" failures=\"1\""));
  EXPECT_THAT(xml, HasSubstr("name=\"o&lt;n&gt;e\""));
  EXPECT_THAT(xml, HasSubstr("<failure message=\"its output is not the expected one\">"));
  EXPECT_THAT(xml, HasSubstr("&quot;&amp;&quot;"));
}

TEST_F(TestCommandTest, UpdateShowsTheChangeAndRewrites) {
  const std::string file = Put("succeed", R"({"expect": {"output": 1}})");
  ASSERT_EQ(::chmod(file.c_str(), 0640), 0);
  const Ran ran = Warder({"test", file, "--update", "--yes"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.err, HasSubstr("expects something else from now on"));
  EXPECT_THAT(ran.err, HasSubstr("+ {\"ok\":true}"));
  EXPECT_THAT(Scratch::Read(file), HasSubstr("\"output\": {\"ok\":true}"));
  struct stat status {};
  ASSERT_EQ(::stat(file.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_EQ(Warder({"test", file}).code, 0);
  const std::string before = Scratch::Read(file);
  EXPECT_EQ(Warder({"test", file, "--update", "--yes"}).err, "");
  EXPECT_EQ(Scratch::Read(file), before);
  // Calls that nobody expected are not made expected ones.
  const std::string other = Put("diverge", "{}");
  EXPECT_EQ(Warder({"test", other, "--update", "--yes"}).code, 1);
  EXPECT_EQ(Scratch::Read(other), "{}");
  EXPECT_EQ(Warder({"test", other, "--yes"}).code, 2);
}

TEST_F(TestCommandTest, UpdateAsksFirst) {
  const std::string before = R"([{"name": "a", "expect": {"output": 1}}, {"name": "b", "expect": {"output": 2}}])";
  struct Case {
    const char* answers;
    int code;
    int asked;
    int left;  // of the old expectations
  };
  for (const Case& each : {Case{"", 1, 2, 2}, Case{"n\nn\n", 1, 2, 2}, Case{"y\nno\n", 1, 2, 1},
                           Case{"what?\nyes\ny\n", 0, 3, 0}, Case{"a\n", 0, 1, 0}, Case{"q\n", 1, 1, 2}}) {
    const std::string file = Put("succeed", before);
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    ASSERT_EQ(::write(pipe[1], each.answers, strlen(each.answers)), static_cast<ssize_t>(strlen(each.answers)));
    ::close(pipe[1]);
    const Ran ran = Warder({"test", file, "--update"}, pipe[0]);
    ::close(pipe[0]);
    EXPECT_EQ(ran.code, each.code) << each.answers;
    const auto count = [](const std::string& text, const std::string& what) {
      int found = 0;
      for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++found;
      return found;
    };
    EXPECT_EQ(count(ran.err, "write it?"), each.asked) << each.answers;
    EXPECT_EQ(count(Scratch::Read(file), R"({"output": )"), each.left) << each.answers;
  }
}

// A repository may hold links that lead out of it.
TEST_F(TestCommandTest, UpdateFollowsNoLinkBesideTheFixture) {
  const std::string victim = scratch_.Put("victim", "mine");
  const std::string file = Put("succeed", "{}");
  std::filesystem::create_symlink(victim, file + ".new");
  EXPECT_EQ(Warder({"test", file, "--update", "--yes"}).code, 0);
  EXPECT_EQ(Scratch::Read(victim), "mine");
  EXPECT_THAT(Scratch::Read(file), HasSubstr("\"ok\":true"));
}

TEST_F(TestCommandTest, WhatIsNoFileIsNoFixture) {
  Put("succeed", "{}");
  ASSERT_EQ(::mkfifo((scratch_ / "pipe.fixture.json").c_str(), 0600), 0);  // nobody ever writes to it
  EXPECT_EQ(Warder({"test", scratch_ / ""}).code, 0);
  EXPECT_EQ(Warder({"test", scratch_ / "pipe.fixture.json"}).code, 2);
}

TEST_F(TestCommandTest, AJournalIsAFixtureToo) {
  scratch_.Put("run.journal", "// succeed\n");
  const std::string file = Put("succeed", R"({"journal": "run.journal"})");
  EXPECT_EQ(Warder({"test", file}).code, 0);
  EXPECT_TRUE(fake::LastRequest().script);
  Put("echo", R"({"journal": "run.journal"})");
  EXPECT_THAT(Warder({"test", scratch_ / "echo.fixture.json"}).out, HasSubstr("its output is not the expected one"));
}

}  // namespace
}  // namespace warder::cli
