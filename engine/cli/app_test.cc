#include "engine/cli/app.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "engine/cli/fake_engine.h"
#include "engine/cli/testing.h"

namespace warder::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(AppTest, VersionAndHelpAreResults) {
  EXPECT_EQ(Warder({"--version"}).out, "warder 0.1.0\n");
  const Ran help = Warder({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("Exit codes: 0 succeeded"));
  EXPECT_EQ(help.err, "");
  EXPECT_EQ(Warder({"help"}).out, help.out);
}

TEST(AppTest, EveryCommandShowsExamples) {
  for (const Command& command : Commands()) {
    const Ran help = Warder({command.name, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("Examples:\n  ")) << command.name;
    EXPECT_THAT(help.out, HasSubstr("warder " + command.name)) << command.name;
    EXPECT_EQ(Warder({"help", command.name}).out, help.out);
  }
}

TEST(AppTest, NoCommandAtAllPrintsHelpAsAnError) {
  const Ran ran = Warder({});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.out, "");
  EXPECT_THAT(ran.err, HasSubstr("Subcommands:"));
}

TEST(AppTest, UnknownCommandIsSuggested) {
  EXPECT_EQ(Warder({"docter"}).err,
            "warder: there is no command 'docter'; did you mean 'doctor'? see `warder --help`\n");
  EXPECT_EQ(Warder({"xyzzy"}).err, "warder: there is no command 'xyzzy'; see `warder --help`\n");
  EXPECT_EQ(Warder({"xyzzy"}).code, 2);
  EXPECT_EQ(Warder({"\x1b[31m"}).err, "warder: there is no command '\\x1b[31m'; see `warder --help`\n");
  EXPECT_EQ(Warder({""}).code, 2);
}

TEST(AppTest, UnknownOptionIsSuggested) {
  const Ran ran = Warder({"run", "x.js", "--evnt", "y"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_EQ(ran.err, "warder: unknown option '--evnt'; did you mean '--event'? see `warder run --help`\n");
  EXPECT_EQ(Warder({"run", "x.js", "--recipt=y"}).err,
            "warder: unknown option '--recipt=y'; did you mean '--receipt'? see `warder run --help`\n");
  EXPECT_EQ(Warder({"--versoin"}).code, 2);
}

TEST(AppTest, MissingAndSurplusArgumentsAreUsageErrors) {
  EXPECT_THAT(
      Warder({"run"}).err,
      StartsWith("warder: bundle is missing: an ES module, or a folder with an index.js; see `warder run --help`"));
  EXPECT_EQ(Warder({"run"}).code, 2);
  EXPECT_EQ(Warder({"run", "a.js", "b.js"}).err, "warder: unexpected argument 'b.js'; see `warder run --help`\n");
  EXPECT_EQ(Warder({"run", "a.js", "--flow"}).err,
            "warder: --flow takes a KEY, and was given none; see `warder run --help`\n");
  EXPECT_EQ(Warder({"run", "a.js", "--flow", "a", "--flow", "b"}).err,
            "warder: --flow takes one KEY, and was given 2; see `warder run --help`\n");
  EXPECT_EQ(Warder({"run", "a.js", "--json=maybe"}).err,
            "warder: --json takes no value, and was given maybe; see `warder run --help`\n");
  EXPECT_EQ(Warder({"run", "a.js", "--allow"}).err,
            "warder: --allow takes an ORIGIN, and was given none; see `warder run --help`\n");
  EXPECT_EQ(Warder({"audit"}).err,
            "warder: audit takes a command: verify-receipt, public-key; see `warder audit --help`\n");
  EXPECT_THAT(Warder({"connect", "acme", "--policy", "a.policy", "--oauth", "--port", "high"}).err,
              StartsWith("warder: --port takes a whole number, and was given high; see"));
  EXPECT_THAT(Warder({"connect", "acme", "--policy", "a.policy", "--lifetime-days", "0"}).err,
              StartsWith("warder: --lifetime-days: it has to be a whole number from 1 to 36500, and is 0; see"));
}

TEST(DoctorTest, EnforceableMachineExitsWithZero) {
  const Ran ran = Warder({"doctor"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("v8      13.6.0\n"));
  EXPECT_THAT(ran.out, HasSubstr("layer           state        detail\n"
                                 "seccomp         enforced     44 system calls allowed\n"));
  EXPECT_THAT(ran.out, HasSubstr("time-namespace  unavailable  the kernel has none\n"));
  EXPECT_THAT(ran.out, HasSubstr("What is unavailable is optional: runs start without it"));
}

TEST(DoctorTest, EveryMissingLayerIsNamedNotOnlyTheFirst) {
  fake::SetMissingLayers({"landlock", "user-namespace"});
  const Ran ran = Warder({"doctor", "--json"});
  fake::SetMissingLayers({});
  EXPECT_EQ(ran.code, 5);
  const auto object = boost::json::parse(ran.out).as_object();
  EXPECT_FALSE(object.at("enforceable").as_bool());
  const auto& layers = object.at("layers").as_array();
  ASSERT_EQ(layers.size(), 4u);
  EXPECT_EQ(layers[0].at("state"), "enforced");
  EXPECT_EQ(layers[1].at("name"), "landlock");
  EXPECT_EQ(layers[1].at("state"), "unavailable");
  EXPECT_EQ(layers[3].at("name"), "user-namespace");
  EXPECT_EQ(layers[3].at("detail"), "the kernel has no user-namespace; use a newer one");
}

TEST(DoctorTest, ShowsWhatFailedWhereNothingCanBePermitted) {
  fake::SetMissingLayers({"zygote"});
  const Ran ran = Warder({"doctor", "--json"});
  fake::SetMissingLayers({});
  EXPECT_EQ(ran.code, 5) << ran.err;
  const auto object = boost::json::parse(ran.out).as_object();
  const auto& layers = object.at("layers").as_array();
  ASSERT_EQ(layers.size(), 1u);
  EXPECT_EQ(layers[0].at("name"), "zygote");
}

TEST(DoctorTest, SaysWhatKeepsSecretsInMemoryLessSafe) {
  const auto memory_of = [](const MemoryHygiene& memory) {
    Capture out;
    Capture err;
    Environment environment{out.output(), err.output(), 0, &memory};
    EXPECT_EQ(Main({"doctor", "--json"}, environment), 0) << "a warning, no refusal";
    const auto layers = boost::json::parse(out.Text()).as_object().at("layers").as_array();
    EXPECT_EQ(layers.back().at("name"), "secret-memory");
    return boost::json::serialize(layers.back());
  };
  EXPECT_THAT(memory_of({}), HasSubstr("\"state\":\"enforced\""));
  MemoryHygiene low;
  low.missing = {"the secure heap could not be locked", "RLIMIT_CORE could not be set"};
  EXPECT_THAT(memory_of(low), HasSubstr("\"state\":\"unavailable\""));
  EXPECT_THAT(memory_of(low), HasSubstr("could not be locked; RLIMIT_CORE could not be set"));
}

// Whatever opens the vault holds secrets.
TEST(MemoryTest, WhatIsMissingIsSaidWhereSecretsAreHeld) {
  const Scratch scratch;
  MemoryHygiene low;
  low.missing = {"the secure heap could not be locked"};
  const auto said = [&](const std::vector<std::string>& arguments, const MemoryHygiene* memory) {
    Capture out;
    Capture err;
    Environment environment{out.output(), err.output(), 0, memory};
    Main(arguments, environment);
    return err.Text();
  };
  const std::vector<std::string> list = {"tenant", "list", "--state", scratch / "state"};
  EXPECT_THAT(said(list, &low), HasSubstr("warder: the secure heap could not be locked\n"));
  EXPECT_THAT(said(list, nullptr), Not(HasSubstr("secure heap")));
  EXPECT_THAT(said({"policy"}, &low), Not(HasSubstr("secure heap")));
}

TEST(PolicyTest, TablesAreComplete) {
  const Ran ran = Warder({"policy"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("system call  rule  answer  reason\nread         fd 3  allow   the socket\n"));
  EXPECT_THAT(ran.out, HasSubstr("host            exact  refuse  the broker owns it\n"));
  for (const LimitSpec& spec : LimitTable()) EXPECT_THAT(ran.out, HasSubstr("\n" + std::string(spec.name) + " "));
  EXPECT_THAT(ran.out, Not(HasSubstr("\x1b")));
}

TEST(PolicyTest, JsonHasNumbersInUnits) {
  const auto object = boost::json::parse(Warder({"policy", "--json"}).out).as_object();
  EXPECT_EQ(object.at("syscalls").as_array().size(), 2u);
  EXPECT_EQ(object.at("headers").as_array().at(0).at("answer"), "refuse");
  const auto& wall = object.at("limits").as_array().at(0);
  EXPECT_EQ(wall.at("name"), "wall");
  EXPECT_EQ(wall.at("default"), 60'000);
  EXPECT_EQ(wall.at("unit"), "milliseconds");
}

}  // namespace
}  // namespace warder::cli
