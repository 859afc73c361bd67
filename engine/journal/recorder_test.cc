#include "engine/journal/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <string>

#include "engine/journal/tape.h"
#include "engine/journal/testing.h"

namespace warder::journal {
namespace {

namespace fs = std::filesystem;

class RecorderTest : public testing::Test {
 protected:
  RecorderTest() {
    std::string pattern = (fs::temp_directory_path() / "recorder.XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override {
    disk_.join();
    fs::remove_all(root_);
  }
  Recorder Make() {
    auto journal = Journal::Create(path());
    EXPECT_TRUE(journal);
    return {loop_, disk_, std::move(*journal)};
  }
  fs::path path() const { return root_ / "run.journal"; }
  Result<void> Commit(Recorder& recorder) {
    std::optional<Result<void>> kept;
    recorder.Commit(SmallJournal().ending, [&](const Result<void>& result) { kept = result; });
    if (!kept) {
      const auto work = boost::asio::make_work_guard(loop_);
      while (!kept) loop_.run_one();
    }
    return *kept;
  }

  fs::path root_;
  boost::asio::io_context loop_{1};
  boost::asio::thread_pool disk_{1};
};

TEST_F(RecorderTest, WritesWhatAJournalWrites) {
  Recorder recorder = Make();
  recorder.Begin(SmallJournal().header);
  for (const LooseRecord& frame : SmallJournal().frames) {
    if (frame.kind == RecordKind::kToCell) {
      recorder.Sent("1234" + frame.payload);
    } else {
      proto::FromCell said;
      ASSERT_TRUE(said.ParseFromString(frame.payload));
      recorder.Said(said);
    }
  }
  ASSERT_TRUE(Commit(recorder));
  std::ifstream file(path(), std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), SmallJournal().Text());
}

TEST_F(RecorderTest, MoreThanCanWaitIsNoJournal) {
  std::promise<void> ready;
  boost::asio::post(disk_, [wait = ready.get_future().share()] { wait.wait(); });
  Recorder recorder = Make();
  recorder.Begin(SmallJournal().header);
  const std::string piece(Recorder::kMaxWaitingBytes / 100, 'x');
  for (int i = 0; i < 100; ++i) recorder.Sent("1234", piece);
  ready.set_value();
  const auto kept = Commit(recorder);
  ASSERT_FALSE(kept);
  EXPECT_THAT(kept.error().message, testing::HasSubstr("more than its disk could take"));
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(RecorderTest, WithoutACommitThereIsNoFile) {
  { Make().Begin(SmallJournal().header); }
  disk_.join();
  EXPECT_TRUE(fs::is_empty(root_));
}

TEST_F(RecorderTest, OneThatKeepsNothingIsDoneAtOnce) {
  Recorder recorder;
  recorder.Said(proto::FromCell());
  EXPECT_EQ(recorder.descriptor(), -1);
  EXPECT_TRUE(Commit(recorder));
}

}  // namespace
}  // namespace warder::journal
