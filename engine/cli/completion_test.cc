#include "engine/cli/completion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

#include "engine/cli/testing.h"

namespace warder::cli {
namespace {

using testing::HasSubstr;

void ExpectOffered(const CLI::App& app, const std::string& script) {
  for (const CLI::Option* option : app.get_options({})) {
    for (const std::string& name : option->get_lnames()) EXPECT_THAT(script, HasSubstr(name));
  }
  for (const CLI::App* inner : app.get_subcommands({})) {
    EXPECT_THAT(script, HasSubstr(inner->get_name()));
    ExpectOffered(*inner, script);
  }
}

// Every word that a command declares is offered by every script.
TEST(CompletionTest, EveryCommandAndOptionIsOffered) {
  for (const std::string& shell : CompletionShells()) {
    const std::string script = Warder({"completion", shell}).out;
    for (const Command& command : Commands()) {
      EXPECT_THAT(script, HasSubstr(command.name)) << shell;
      CLI::App app;
      command.declare(app);
      ExpectOffered(app, script);
    }
  }
}

TEST(CompletionTest, UnknownShellIsRefused) {
  const Ran ran = Warder({"completion", "tcsh"});
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.err, HasSubstr("tcsh not in {bash,zsh,fish}"));
}

// What bash would offer for the words, the last of which is being typed.
std::string Offers(const std::string& words) {
  const Scratch scratch;
  const std::string script = scratch.Put("script", Warder({"completion", "bash"}).out + R"(
compopt() { echo "option $*"; }
COMP_WORDS=()" + words + R"()
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_warder
echo "${COMPREPLY[@]}"
)");
  FILE* pipe = ::popen(("bash --norc --noprofile '" + script + "' 2>&1").c_str(), "r");
  std::string text;
  for (int byte = std::fgetc(pipe); byte != EOF; byte = std::fgetc(pipe)) text += static_cast<char>(byte);
  EXPECT_EQ(::pclose(pipe), 0) << text;
  return text;
}

TEST(CompletionTest, BashOffersWhatFits) {
  EXPECT_EQ(
      Offers("warder ''"),
      "init run test replay describe connect connection tenant doctor policy audit completion --version -h --help\n");
  EXPECT_EQ(Offers("warder po"), "policy\n");
  EXPECT_EQ(Offers("warder run --re"), "--receipt --record --redact\n");
  EXPECT_EQ(Offers("warder run --event x"), "option -o default\n\n");
  EXPECT_EQ(Offers("warder run --flow x"), "\n");
  EXPECT_EQ(Offers("warder run my"), "option -o default\n\n");
  EXPECT_EQ(Offers("warder completion z"), "zsh\n");
  EXPECT_EQ(Offers("warder audit v"), "verify-receipt\n");
  EXPECT_EQ(Offers("warder audit verify-receipt --k"), "--key\n");
  EXPECT_EQ(Offers("warder audit verify-receipt --key x"), "option -o default\n\n");
  EXPECT_EQ(Offers("warder audit public-key --s"), "--signing-key\n");
  EXPECT_EQ(Offers("warder policy ch"), "check\n");
  EXPECT_EQ(Offers("warder policy --json --m"), "--markdown\n");
  EXPECT_EQ(Offers("warder policy check x --r"), "--request\n");
  EXPECT_EQ(Offers("warder policy show ac"), "option -o default\n\n");
}

}  // namespace
}  // namespace warder::cli
