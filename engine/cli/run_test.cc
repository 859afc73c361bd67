#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <boost/json.hpp>

#include "engine/cli/fake_engine.h"
#include "engine/cli/run_request.h"
#include "engine/cli/testing.h"

namespace warder::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

class RunTest : public testing::Test {
 protected:
  Scratch scratch_;
  StateInScratch state_;
};

TEST_F(RunTest, ResultGoesToStandardOutputEverythingElseToStandardError) {
  const Ran ran = Warder({"run", scratch_.Bundle("chatty")});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "{\"ok\":true}\n");
  EXPECT_EQ(ran.err,
            "   12 ms  info   loaded {\"id\":42}\n"
            "   13 ms  → #1   GET https://api.test/v1/x\n"
            "   13 ms  ← #1   200 in 12 ms, 1.2 KB\n"
            "   12 ms  warn   \\x1b[2Jgone\n"
            "                 succeeded in 1 ms\n"
            "succeeded in 14 ms: 1 call, cpu 9.4 ms, peak 21 MB\n");
}

TEST_F(RunTest, QuietLeavesTheResultAndErrors) {
  EXPECT_EQ(Warder({"run", "-q", scratch_.Bundle("chatty")}).err, "");
  EXPECT_THAT(Warder({"run", scratch_.Bundle("throw"), "--quiet"}).err, StartsWith("TypeError: no order\n"));
}

TEST_F(RunTest, ExitCodeIsTheStatus) {
  const std::vector<std::pair<std::string, int>> cases = {{"succeed", 0}, {"throw", 1},     {"reject", 2},
                                                          {"limit", 3},   {"violation", 4}, {"fault", 70}};
  for (const auto& [how, code] : cases) {
    const Ran ran = Warder({"run", scratch_.Bundle(how)});
    EXPECT_EQ(ran.code, code) << how;
    EXPECT_EQ(ran.out.empty(), code != 0) << how;
  }
  fake::SetMissingLayers({"landlock"});
  const Ran ran = Warder({"run", scratch_.Bundle("succeed")});
  const Ran permitted = Warder({"run", scratch_.Bundle("succeed"), "--permit-degraded", "landlock"});
  fake::SetMissingLayers({});
  EXPECT_EQ(ran.code, 5);
  EXPECT_EQ(ran.err, "warder: the kernel has no landlock; use a newer one (layer landlock; see `warder doctor`)\n");
  EXPECT_EQ(permitted.code, 0);
  EXPECT_THAT(fake::LastOptions().permit_degraded, ElementsAre("landlock"));
}

TEST_F(RunTest, OptionsReachTheEngine) {
  const std::string bundle = scratch_.Bundle("succeed");
  const std::string event = scratch_.Put("event.json", "{\"a\":1}");
  const std::string config = scratch_.Put("config.json", "{\"b\":2}");
  const std::string limits = scratch_.Put("limits.json", R"({"wall":"5s"})");
  const Ran ran = Warder({"run", "--allow", "https://a.test", "--allow", "http://127.0.0.1:80", bundle, "--flow=f",
                          "--event", event, "--config", config, "--limits", limits});
  ASSERT_EQ(ran.code, 0) << ran.err;
  const ExecutionRequest& request = fake::LastRequest();
  EXPECT_THAT(request.allow_origins, ElementsAre("https://a.test", "http://127.0.0.1:80"));
  EXPECT_EQ(request.flow, "f");
  EXPECT_EQ(request.event_json, "{\"a\":1}");
  EXPECT_EQ(request.config_json, "{\"b\":2}");
  EXPECT_EQ(request.limits.wall_ms, 5'000u);
  EXPECT_EQ(fake::LastOptions().start_mode, StartMode::kWarm);
  EXPECT_EQ(fake::LastOptions().pooled_cells, 0u) << "there is no next execution";
  EXPECT_EQ(Warder({"run", bundle, "--start-mode", "fresh"}).code, 0);
  EXPECT_EQ(fake::LastOptions().start_mode, StartMode::kFresh);
  EXPECT_EQ(Warder({"run", bundle, "--start-mode", "template"}).code, 2);
}

TEST_F(RunTest, EventFromStandardInput) {
  const int in = ::open(scratch_.Put("event.json", "[1, 2]").c_str(), O_RDONLY);
  EXPECT_EQ(Warder({"run", scratch_.Bundle("echo"), "--event", "-"}, in).out, "[1, 2]\n");
  ::close(in);
}

TEST_F(RunTest, InvalidInputIsOneSentenceThatNamesTheFile) {
  const std::string bundle = scratch_.Bundle("succeed");
  const std::string broken = scratch_.Put("broken.json", "{nope");
  const auto error = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments = {"run", bundle};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Ran ran = Warder(arguments);
    EXPECT_EQ(ran.code, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1);
    return ran.err;
  };
  EXPECT_THAT(error({"--event", broken}), HasSubstr("warder: the event from " + broken + " is not JSON: "));
  EXPECT_THAT(error({"--event", "/no/such"}), HasSubstr("cannot read the event from /no/such"));
  EXPECT_THAT(error({"--config", "/no/such"}), HasSubstr("cannot read the configuration from /no/such"));
  EXPECT_THAT(error({"--limits", broken}),
              HasSubstr("warder: the file " + broken + ": the limits cannot be read: it is not JSON"));
  EXPECT_THAT(error({"--limits", scratch_.Put("l.json", R"({"wall":"9h"})")}), HasSubstr("limit \"wall\""));
  EXPECT_THAT(error({"--allow", "api.test"}), HasSubstr("the allowed origin from --allow \"api.test\" is not one"));
  EXPECT_THAT(error({"--receipt", "/no/such/file"}),
              HasSubstr("cannot write --receipt /no/such/file: there is no folder"));
  EXPECT_THAT(error({"--record", "/no/such/file"}), HasSubstr("cannot write --record"));
  EXPECT_THAT(Warder({"run", "/no/such"}).err, HasSubstr("cannot open the bundle /no/such"));
}

TEST_F(RunTest, BundleThatCannotRunIsOneSentence) {
  EXPECT_EQ(Warder({"run", scratch_.Bundle("reject")}).err, "warder: index.js:1:5: Unexpected token\n");
}

TEST_F(RunTest, ReceiptAndJournalAreWrittenAlsoWhenTheFlowFails) {
  const std::string receipt = scratch_ / "receipt.json";
  const std::string journal = scratch_ / "journal";
  EXPECT_EQ(Warder({"run", scratch_.Bundle("throw"), "--receipt", receipt, "--record", journal}).code, 1);
  EXPECT_EQ(Scratch::Read(receipt), "{\"payload\":\"fake\"}\n");
  EXPECT_EQ(Scratch::Read(journal), "journal\n");
  EXPECT_EQ(scratch_.Names().size(), 3u);  // and the bundle
}

TEST_F(RunTest, AReceiptIsReadableByItsOwnerAlone) {
  const std::string receipt = scratch_ / "receipt.json";
  ASSERT_EQ(Warder({"run", scratch_.Bundle("succeed"), "--receipt", receipt}).code, 0);
  EXPECT_EQ(std::filesystem::status(receipt).permissions(), std::filesystem::perms(0600));
}

TEST_F(RunTest, TheSigningKeyIsMadeOnFirstUseAndSaidOnce) {
  const std::string bundle = scratch_.Bundle("succeed");
  EXPECT_EQ(Warder({"run", bundle, "-q"}).err, "");
  EXPECT_FALSE(std::filesystem::exists(state_.key())) << "made where nothing is signed";
  EXPECT_EQ(fake::LastOptions().signing_key, "");
  const std::vector<std::string> signing = {"run", bundle, "-q", "--receipt", scratch_ / "r.json"};
  EXPECT_EQ(Warder(signing).err, "made the key that signs receipts, " + state_.key() +
                                     "; `warder audit public-key` prints its public half\n");
  EXPECT_EQ(fake::LastOptions().signing_key, state_.key());
  EXPECT_EQ(Warder(signing).err, "");
  EXPECT_EQ(Warder({"run", bundle, "-q", "--signing-key", "my.pem"}).err, "");
  EXPECT_EQ(fake::LastOptions().signing_key, "my.pem");
}

TEST_F(RunTest, NothingIsWrittenWhereNothingRan) {
  const std::string bundle = scratch_.Bundle("succeed");
  EXPECT_EQ(Warder({"run", bundle, "--allow", "x", "--receipt", scratch_ / "r", "--record", scratch_ / "j"}).code, 2);
  EXPECT_THAT(scratch_.Names(), ElementsAre("succeed.js"));
}

// It would still be valid, and be taken for this run's.
TEST_F(RunTest, AnOldReceiptIsGoneWhereNothingRan) {
  const std::string receipt = scratch_ / "r";
  for (const std::vector<std::string>& wrong :
       {std::vector<std::string>{"run", scratch_.Bundle("succeed"), "--allow", "x"},
        {"run", scratch_.Bundle("succeed"), "--event", "/no/such"},
        {"run", "/no/such"}}) {
    scratch_.Put("r", "old");
    std::vector<std::string> arguments = wrong;
    arguments.insert(arguments.end(), {"--receipt", receipt});
    EXPECT_EQ(Warder(arguments).code, 2);
    EXPECT_FALSE(std::filesystem::exists(receipt)) << wrong.back();
  }
}

TEST_F(RunTest, WhatIsNoRegularFileIsNotReplacedByAJournal) {
  const std::string pipe = scratch_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const Ran ran = Warder({"run", scratch_.Bundle("succeed"), "--record", pipe});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("cannot write --record " + pipe + ": it is not a regular file"));
  EXPECT_TRUE(std::filesystem::is_fifo(pipe));
}

TEST_F(RunTest, AMissingJournalDoesNotHideTheFailure) {
  const Ran ran = Warder({"run", scratch_.Bundle("no-journal"), "--record", scratch_ / "journal"});
  EXPECT_EQ(ran.code, 70);
  EXPECT_EQ(ran.err.substr(0, ran.err.find('\n')), "warder: cannot write the journal: No space left on device");
}

TEST_F(RunTest, AJournalIsWithoutWhatIsNamedOrNotWritten) {
  const std::string journal = scratch_ / "journal";
  EXPECT_EQ(Warder({"run", scratch_.Bundle("succeed"), "--record", journal, "--redact", "email"}).code, 0);
  EXPECT_EQ(Scratch::Read(journal), "redacted\n");
  const Ran ran = Warder({"run", scratch_.Bundle("succeed"), "--record", journal, "--redact", "needed"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("warder: without it the flow goes another way\n"));
  EXPECT_THAT(ran.out, HasSubstr("true"));  // it ran all the same
  EXPECT_FALSE(std::filesystem::exists(journal));
  EXPECT_EQ(Warder({"run", scratch_.Bundle("throw"), "--record", journal, "--redact", "needed"}).code, 1);
  EXPECT_EQ(Warder({"run", scratch_.Bundle("succeed"), "--redact", "email"}).code, 2);
}

TEST_F(RunTest, JsonIsOneObjectWhateverHappens) {
  const auto run = [&](const std::vector<std::string>& arguments) {
    return boost::json::parse(Warder(arguments).out).as_object();
  };
  const auto chatty = run({"run", "--json", scratch_.Bundle("chatty")});
  EXPECT_EQ(chatty.at("status"), "succeeded");
  EXPECT_EQ(chatty.at("output").at("ok"), true);
  EXPECT_EQ(chatty.at("usage").at("cpuUs"), 9'400);
  EXPECT_EQ(chatty.at("receipt").at("version"), 1);
  EXPECT_EQ(chatty.at("logs").at(0).at("fields").at("id"), 42);
  EXPECT_EQ(chatty.at("logs").as_array().size(), 2u);
  EXPECT_EQ(run({"run", "--json", scratch_.Bundle("throw")}).at("error").at("causes").at(0).at("name"), "RangeError");
  EXPECT_EQ(run({"run", "--json", scratch_.Bundle("limit")}).at("limit").at("peak"), 10'002);
  EXPECT_EQ(run({"run", "--json", scratch_.Bundle("violation")}).at("violation").at("arguments").at(0), 2);
  EXPECT_EQ(run({"run", "--json", "/no/such"}).at("status"), "invalid");
}

TEST_F(RunTest, AFlowIsTriedAgainAsItDeclares) {
  const Ran ran = Warder({"run", "--json", scratch_.Bundle("retry-twice")});
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.err,
              StartsWith("Error: busy\nattempt 1 of 3 failed; the next one in 1ms\nError: busy\nattempt 2 of 3"));
  EXPECT_EQ(fake::LastRequest().first_execution, "exe-1");
  EXPECT_EQ(fake::LastRequest().limits.wall_ms, 5'000U);  // declared; otherwise 60 seconds
  const auto object = boost::json::parse(ran.out).as_object();
  const auto& tried = object.at("attempts").as_array();
  ASSERT_EQ(tried.size(), 3U);
  EXPECT_EQ(tried[0].at("status"), "failed");
  EXPECT_EQ(tried[0].at("retryInMs"), 1);
  EXPECT_EQ(tried[2].at("status"), "succeeded");
  EXPECT_TRUE(tried[2].at("retryInMs").is_null());
}

TEST_F(RunTest, NotAgainWhereItDoesNotHelpOrEndsTheLast) {
  const auto tried = [&](const std::string& how) {
    const Ran ran = Warder({"run", "--json", "-q", scratch_.Bundle(how)});
    return boost::json::parse(ran.out).at("attempts").as_array().size();
  };
  EXPECT_EQ(tried("retry-always"), 3U);
  EXPECT_EQ(tried("retry-never"), 1U);
  EXPECT_EQ(tried("throw"), 1U);
}

TEST_F(RunTest, WhereAnErrorDoesNotSayWhenTheFlowDoes) {
  const Ran ran = Warder({"run", "--json", "-q", scratch_.Bundle("retry-can")});
  const auto object = boost::json::parse(ran.out).as_object();
  ASSERT_EQ(object.at("attempts").as_array().size(), 3U);
  EXPECT_EQ(object.at("attempts").at(0).at("retryInMs"), 1);
}

TEST_F(RunTest, JitIsForThoseWhoAskForItAndAreGrantedIt) {
  const Ran denied = Warder({"run", scratch_.Bundle("jit")});
  EXPECT_EQ(denied.code, 0) << denied.err;
  EXPECT_THAT(denied.err, HasSubstr("asks for jit, which is not granted: it is interpreted; see --allow-jit"));
  EXPECT_EQ(fake::LastRequest().profile, CellProfile::kJitless);
  EXPECT_EQ(Warder({"run", "--allow-jit", scratch_.Bundle("jit")}).code, 0);
  EXPECT_EQ(fake::LastRequest().profile, CellProfile::kJit);
  EXPECT_EQ(Warder({"run", "--allow-jit", scratch_.Bundle("succeed")}).code, 0);
  EXPECT_EQ(fake::LastRequest().profile, CellProfile::kJitless);
}

TEST_F(RunTest, LimitsThatAreLowerThanTheDeclaredOnesHold) {
  const std::string limits = scratch_.Put("limits.json", R"({"wall": "2s"})");
  EXPECT_EQ(Warder({"run", "-q", scratch_.Bundle("retry-twice"), "--limits", limits}).code, 0);
  EXPECT_EQ(fake::LastRequest().limits.wall_ms, 2'000U);
}

TEST_F(RunTest, AnInstanceHasAVaultAndWithoutOneThereIsNone) {
  const std::vector<std::string> place = {"--state", scratch_ / "state", "--kek", scratch_ / "kek"};
  const auto run = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), place.begin(), place.end());
    return Warder(arguments);
  };
  EXPECT_EQ(run({"run", scratch_.Bundle("succeed")}).code, 0);
  EXPECT_EQ(fake::LastOptions().vault, nullptr);
  const Ran kept = run({"run", scratch_.Bundle("succeed"), "--instance", "main"});
  EXPECT_EQ(kept.code, 0) << kept.err;
  EXPECT_EQ(fake::LastRequest().instance, "main");
  ASSERT_NE(fake::LastOptions().vault, nullptr);
  EXPECT_TRUE(fake::LastOptions().vault->HasTenant("local"));
  const Ran nobody = run({"run", scratch_.Bundle("succeed"), "--instance", "main", "--tenant", "acme"});
  EXPECT_EQ(nobody.code, 2);
  EXPECT_EQ(nobody.err, "warder: there is no tenant \"acme\"; make it with: warder tenant create acme\n");
}

TEST(WithSourceTest, OnlyTheSubjectIsExtended) {
  RunOptions options;
  options.event = "-";
  EXPECT_EQ(WithSource("the event is not JSON", options), "the event from standard input is not JSON");
  EXPECT_EQ(WithSource("the configuration is not JSON", options), "the configuration is not JSON");
  options.config = "c.json";
  EXPECT_EQ(WithSource("the configuration is not JSON", options), "the configuration from c.json is not JSON");
  EXPECT_EQ(WithSource("an origin like the event", options), "an origin like the event");
  EXPECT_EQ(WithSource("the allowed origin \"x\" is not one", options),
            "the allowed origin from --allow \"x\" is not one");
}

TEST(WithSourceTest, EachSentenceOfTheCellsNamesItsFile) {
  const std::string reason =
      "the input \"id\" of the flow \"f\" is missing\nthe config \"a\" of the integration \"T\" is 1\nboth";
  RunOptions options;
  EXPECT_EQ(WithSources(reason, options),
            "without --event: the input \"id\" of the flow \"f\" is missing\n"
            "without --config: the config \"a\" of the integration \"T\" is 1\nboth");
  options.event = "-";
  options.config = "c.json";
  EXPECT_EQ(WithSources(reason, options),
            "standard input: the input \"id\" of the flow \"f\" is missing\n"
            "c.json: the config \"a\" of the integration \"T\" is 1\nboth");
  EXPECT_EQ(WithSources("the event of the flow \"f\" must be an object", options),
            "standard input: the event of the flow \"f\" must be an object");
  EXPECT_EQ(WithSources("", options), "");
}

}  // namespace
}  // namespace warder::cli
