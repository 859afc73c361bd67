// The command as a process: signals, closed streams, exit codes as a shell sees them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <csignal>
#include <utility>

#include "engine/cli/testing.h"

namespace warder::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ProcessTest : public testing::Test {
 protected:
  // Runs a line of shell in which $W is the command and $D the scratch folder.
  std::pair<int, std::string> Shell(const std::string& line) {
    ::setenv("W", WARDER_FAKE, 1);
    ::setenv("D", (scratch_ / "").c_str(), 1);
    FILE* pipe = ::popen(("exec 2>&1; " + line).c_str(), "r");
    std::string text;
    for (int byte = std::fgetc(pipe); byte != EOF; byte = std::fgetc(pipe)) text += static_cast<char>(byte);
    const int status = ::pclose(pipe);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), text};
  }

  // Starts the command on a bundle that hangs, sends a signal once it does and, if there is a second, that one once the
  // first has been taken. Returns the exit code and standard error.
  std::pair<int, std::string> Interrupted(const char* how, const std::vector<int>& signals,
                                          const std::vector<std::string>& more = {}) {
    std::vector<std::string> words = {WARDER_FAKE, "run", scratch_.Bundle(how)};
    words.insert(words.end(), more.begin(), more.end());
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      // Who started this test may ignore some (a shell's background job does), and the command leaves those ignored.
      for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::signal(signal, SIG_DFL);
      ::dup2(ends[1], STDERR_FILENO);
      std::vector<char*> argv;
      argv.reserve(words.size() + 1);
      for (std::string& word : words) argv.push_back(word.data());
      argv.push_back(nullptr);
      ::execv(argv[0], argv.data());
      ::_exit(99);
    }
    ::close(ends[1]);
    std::string text;
    for (const int signal : signals) {
      text += ReadUntil(ends[0], text.empty() ? "hanging\n" : "to quit at once\n");
      ::kill(child, signal);
    }
    text += ReadUntil(ends[0], "");
    int status = 0;
    ::waitpid(child, &status, 0);
    ::close(ends[0]);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), text};
  }

  Scratch scratch_;
  StateInScratch state_;

 private:
  // Empty `word`: until the end.
  static std::string ReadUntil(int fd, const std::string& word) {
    std::string text;
    char byte = 0;
    while ((word.empty() || text.find(word) == std::string::npos) && ::read(fd, &byte, 1) == 1) text += byte;
    return text;
  }
};

TEST_F(ProcessTest, InterruptCancelsAndCleansUp) {
  const auto [code, text] = Interrupted("hang", {SIGINT}, {"--record", scratch_ / "journal"});
  EXPECT_EQ(code, 130);
  EXPECT_THAT(text, HasSubstr("warder: the host ended it\ncancelled in 14 ms"));
  EXPECT_EQ(Interrupted("hang", {SIGTERM}).first, 143);
  EXPECT_EQ(Interrupted("hang", {SIGHUP}).first, 129);
  EXPECT_THAT(scratch_.Names(), testing::UnorderedElementsAre("hang.js", "journal"));
}

TEST_F(ProcessTest, SecondInterruptEndsItWhateverTheEngineDoes) {
  EXPECT_EQ(Interrupted("stuck", {SIGINT, SIGINT}).first, 130);
  EXPECT_EQ(Interrupted("stuck", {SIGINT, SIGTERM}).first, 143);
}

TEST_F(ProcessTest, IgnoredSignalsStayIgnored) {
  scratch_.Bundle("hang");
  const auto [code, text] = Shell(
      "trap '' HUP; $W run ${D}hang.js & child=$!; sleep 0.3; kill -HUP $child; sleep 0.3; kill -TERM $child; wait "
      "$child");
  EXPECT_EQ(code, 143) << text;
}

TEST_F(ProcessTest, ReaderThatLeftIsNoError) {
  scratch_.Bundle("succeed");
  scratch_.Bundle("throw");
  EXPECT_EQ(Shell("bash -c '$W run -q ${D}succeed.js | true; exit ${PIPESTATUS[0]}'").first, 0);
  EXPECT_EQ(Shell("bash -c '$W run ${D}throw.js 2>&1 | true; exit ${PIPESTATUS[0]}'").first, 1);
  EXPECT_EQ(Shell("bash -c '$W policy | true; exit ${PIPESTATUS[0]}'").first, 0);
}

TEST_F(ProcessTest, ResultThatCannotBeWrittenIsAFault) {
  scratch_.Bundle("succeed");
  const auto [full, full_text] = Shell("$W run -q ${D}succeed.js >/dev/full");
  EXPECT_EQ(full, 70);
  EXPECT_EQ(full_text, "warder: cannot write to standard output: No space left on device\n");
  EXPECT_EQ(Shell("$W run -q ${D}succeed.js >&-").first, 70);
}

TEST_F(ProcessTest, ClosedStreamsDoNotSwallowFiles) {
  scratch_.Bundle("succeed");
  EXPECT_EQ(Shell("$W run ${D}succeed.js --receipt ${D}r <&- 2>&-").first, 0);
  EXPECT_EQ(Scratch::Read(scratch_ / "r"), "{\"payload\":\"fake\"}\n");
  const auto [code, text] = Shell("$W run ${D}succeed.js --event - <&-");
  EXPECT_EQ(code, 2);
  EXPECT_THAT(text, HasSubstr("cannot read the event from standard input"));
}

TEST_F(ProcessTest, EndlessEventIsRefusedAtOnce) {
  scratch_.Bundle("echo");
  const auto [code, text] = Shell("yes | $W run ${D}echo.js --event -");
  EXPECT_EQ(code, 2);
  EXPECT_THAT(text, HasSubstr("the event from standard input has more than that, the limit \"event\" is 8MB"));
}

}  // namespace
}  // namespace warder::cli
