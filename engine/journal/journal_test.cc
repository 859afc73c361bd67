#include "engine/journal/journal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/journal/request_digest.h"
#include "engine/journal/testing.h"

namespace warder::journal {
namespace {

namespace fs = std::filesystem;

class JournalTest : public testing::Test {
 protected:
  JournalTest() {
    std::string pattern = (fs::temp_directory_path() / "journal.XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(root_); }
  std::size_t Files() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(root_), fs::directory_iterator()));
  }
  fs::path root_;
};

TEST_F(JournalTest, AppearsWholeForItsOwnerOnly) {
  const fs::path path = root_ / "run.journal";
  auto journal = Journal::Create(path);
  ASSERT_TRUE(journal);
  journal->Sent("1234lost, as it comes before the header");
  journal->Begin(SmallJournal().header);
  for (const LooseRecord& frame : SmallJournal().frames) {
    if (frame.kind == RecordKind::kToCell) {
      journal->Sent("1234" + frame.payload.substr(0, 3), frame.payload.substr(3));
    } else {
      proto::FromCell said;
      ASSERT_TRUE(said.ParseFromString(frame.payload));
      journal->Said(said);
    }
  }
  EXPECT_FALSE(fs::exists(path));
  ASSERT_TRUE(journal->Commit(SmallJournal().ending));
  std::ifstream file(path, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), SmallJournal().Text());
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(Files(), 1u);
}

TEST_F(JournalTest, LongPiecesOfRequestsStandInItByTheirHash) {
  const fs::path path = root_ / "run.journal";
  auto journal = Journal::Create(path);
  ASSERT_TRUE(journal);
  journal->Begin(SmallJournal().header);
  journal->SaidBody(1, std::string(kMaxKeptPieceBytes, 'a'), false);
  journal->SaidBody(1, std::string(kMaxKeptPieceBytes + 1, 'b'), true);
  ASSERT_TRUE(journal->Commit({}));
  std::ifstream file(path, std::ios::binary);
  const auto records = Loosen(std::string(std::istreambuf_iterator<char>(file), {}));
  ASSERT_EQ(records.size(), 4u);
  EXPECT_EQ(records[1].kind, RecordKind::kFromCell);
  EXPECT_EQ(DecodeDigest(records[2].payload), DigestOfPiece(1, std::string(kMaxKeptPieceBytes + 1, 'b'), true));
}

TEST_F(JournalTest, WithoutCommitNothingIsLeft) {
  {
    auto journal = Journal::Create(root_ / "run.journal");
    ASSERT_TRUE(journal);
    journal->Begin({});
    Journal moved = std::move(*journal);
    moved.SaidBody(1, std::string(3 << 20, 'x'), true);
  }
  EXPECT_EQ(Files(), 0u);
}

TEST_F(JournalTest, OneThatNobodyWouldReadIsNotWritten) {
  auto journal = Journal::Create(root_ / "run.journal", 10'000);
  ASSERT_TRUE(journal);
  journal->Begin(SmallJournal().header);
  journal->Sent("1234", std::string(20'000, 'x'));
  const auto kept = journal->Commit(SmallJournal().ending);
  ASSERT_FALSE(kept);
  EXPECT_NE(kept.error().message.find("longer than the longest that is read"), std::string::npos);
  *journal = Journal();
  EXPECT_EQ(Files(), 0u);
}

TEST_F(JournalTest, AnUnwritablePlaceIsOneSentence) {
  const auto journal = Journal::Create(root_ / "missing" / "run.journal");
  ASSERT_FALSE(journal);
  EXPECT_NE(journal.error().message.find("No such file or directory"), std::string::npos);
}

TEST_F(JournalTest, WhatIsNoRegularFileIsNotReplaced) {
  const fs::path pipe = root_ / "pipe";
  const fs::path link = root_ / "link";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  fs::create_symlink("target", link);
  for (const fs::path& path : {pipe, link, root_}) {
    const auto journal = Journal::Create(path);
    ASSERT_FALSE(journal) << path;
    EXPECT_EQ(journal.error().kind, ErrorKind::kInvalidInput);
    EXPECT_NE(journal.error().message.find("not a regular file"), std::string::npos) << journal.error().message;
  }
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_EQ(Files(), 2u);

  auto late = Journal::Create(root_ / "late");
  ASSERT_TRUE(late);
  ASSERT_EQ(::mkfifo((root_ / "late").c_str(), 0600), 0);
  EXPECT_FALSE(late->Commit({}));
  EXPECT_TRUE(fs::is_fifo(root_ / "late"));
}

TEST_F(JournalTest, NoneIsKeptUnlessAskedFor) {
  Journal journal;
  journal.Begin({});
  journal.SaidBody(1, "one", true);
  EXPECT_TRUE(journal.Commit({}));
}

}  // namespace
}  // namespace warder::journal
