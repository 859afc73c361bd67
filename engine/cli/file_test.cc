#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "engine/cli/input_file.h"
#include "engine/cli/output_file.h"
#include "engine/cli/testing.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr InputBound kEvent{"event", &Limits::event_bytes, "send less"};

// What the function refuses with; empty where it does not.
template <typename Function>
std::string Refusal(Function function) {
  try {
    function();
  } catch (const EngineError& error) {
    EXPECT_EQ(error.status(), Status::kInvalid);
    return error.what();
  }
  return {};
}

TEST(InputFileTest, ReadsUpToTheLimit) {
  const Scratch scratch;
  const std::string path = scratch.Put("event.json", "123456");
  EXPECT_EQ(ReadInputFile(kEvent, path, Limits{.event_bytes = 6}), "123456");
  EXPECT_THAT(Refusal([&] { ReadInputFile(kEvent, path, Limits{.event_bytes = 5}); }),
              HasSubstr("event.json has 6 bytes, the limit \"event\" is 5B; send less"));
}

TEST(InputFileTest, GigabyteIsRefusedUnread) {
  const Scratch scratch;
  const std::string path = scratch.Put("event.json", "");
  ASSERT_EQ(::truncate(path.c_str(), 1 << 30), 0);
  EXPECT_THAT(Refusal([&] { ReadInputFile(kEvent, path, Limits{}); }), HasSubstr("has 1073741824 bytes"));
}

TEST(InputFileTest, EndlessPipeIsReadOneByteTooFar) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  std::thread writer([&] {
    Output pipe(ends[1], {});
    pipe.Write(std::string(40'000, 'x'));
    ::close(ends[1]);
  });
  EXPECT_THAT(Refusal([&] { ReadInput(kEvent, ends[0], "standard input", Limits{.event_bytes = 9'999}); }),
              HasSubstr("the event from standard input has more than that, the limit"));
  std::string rest(40'000, '\0');
  std::size_t left = 0;
  for (ssize_t got = 1; got > 0; left += static_cast<std::size_t>(got)) got = ::read(ends[0], rest.data(), rest.size());
  writer.join();
  ::close(ends[0]);
  EXPECT_EQ(left, 30'000u);
}

TEST(InputFileTest, SaysWhatCannotBeReadAndWhy) {
  EXPECT_EQ(Refusal([] { ReadInputFile(kEvent, "/no/such", Limits{}); }),
            "cannot read the event from /no/such: No such file or directory; check the path and its permissions");
  EXPECT_THAT(Refusal([] { ReadInputFile(kEvent, "/tmp", Limits{}); }), HasSubstr("Is a directory"));
  EXPECT_THAT(Refusal([] { ReadInput(kEvent, -1, "standard input", Limits{}); }), HasSubstr("Bad file descriptor"));
}

TEST(OutputFileTest, IsWholeOrAbsentAndLeavesNothingElse) {
  const Scratch scratch;
  const std::string path = scratch.Put("receipt.json", "old");
  {
    OutputFile file("--receipt", path);
    EXPECT_THAT(scratch.Names(), ElementsAre("receipt.json"));
    std::ofstream(file.Stage()) << "half";
    EXPECT_EQ(Scratch::Read(path), "old");
  }
  EXPECT_THAT(scratch.Names(), ElementsAre("receipt.json"));
  OutputFile("--receipt", path).Write("new");
  EXPECT_EQ(Scratch::Read(path), "new");
  EXPECT_THAT(scratch.Names(), ElementsAre("receipt.json"));
}

TEST(OutputFileTest, RelativePathIsInTheWorkingDirectory) {
  const Scratch scratch;
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(scratch / "");
  OutputFile("--receipt", "receipt.json").Write("new");
  std::filesystem::current_path(before);
  EXPECT_EQ(Scratch::Read(scratch / "receipt.json"), "new");
}

TEST(OutputFileTest, LinkIsFollowedNotReplaced) {
  const Scratch scratch;
  const std::string target = scratch.Put("target", "old");
  std::filesystem::create_symlink("target", scratch / "link");
  OutputFile("--receipt", scratch / "link").Write("new");
  EXPECT_TRUE(std::filesystem::is_symlink(scratch / "link"));
  EXPECT_EQ(Scratch::Read(target), "new");
}

TEST(OutputFileTest, DeviceIsWrittenNotReplaced) {
  OutputFile("--receipt", "/dev/null").Write("text");
  struct stat status {};
  ASSERT_EQ(::stat("/dev/null", &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
}

TEST(OutputFileTest, WhatCannotBeReplacedHasNoStage) {
  const Scratch scratch;
  ASSERT_EQ(::mkfifo((scratch / "pipe").c_str(), 0600), 0);
  OutputFile file("--record", scratch / "pipe");
  EXPECT_THAT(Refusal([&] { file.Stage(); }),
              HasSubstr("cannot write --record " + scratch / "pipe" + ": it is not a regular file"));
  file.Clear();
  EXPECT_TRUE(std::filesystem::is_fifo(scratch / "pipe"));
}

TEST(OutputFileTest, ClearTakesAwayWhatWasThere) {
  const Scratch scratch;
  OutputFile file("--receipt", scratch.Put("receipt.json", "old"));
  file.Clear();
  file.Clear();
  EXPECT_THAT(scratch.Names(), IsEmpty());
  file.Write("new");
  EXPECT_EQ(Scratch::Read(scratch / "receipt.json"), "new");
}

TEST(OutputFileTest, RefusesBeforehand) {
  const Scratch scratch;
  const auto refusal = [&](const std::string& path) {
    return Refusal([&] { const OutputFile file("--receipt", path); });
  };
  EXPECT_THAT(refusal(scratch / "no/such/file"), HasSubstr("there is no folder"));
  EXPECT_THAT(refusal(scratch / "."), HasSubstr("it is a folder"));
  EXPECT_THAT(refusal(scratch / "new/"), HasSubstr("there is no folder"));
  EXPECT_THAT(refusal("/proc/receipt"), HasSubstr("cannot make files in /proc"));
  EXPECT_THAT(scratch.Names(), IsEmpty());
}

TEST(OutputTest, BrokenPipeStopsWriting) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  Output output(ends[1], {});
  auto* const before = ::signal(SIGPIPE, SIG_IGN);
  output.Write("text");
  ::signal(SIGPIPE, before);
  ::close(ends[1]);
  EXPECT_EQ(output.error(), EPIPE);
}

}  // namespace
}  // namespace warder::cli
