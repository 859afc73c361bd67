// Several processes, one file.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "engine/store/testing/children.h"
#include "engine/store/testing/scratch.h"
#include "engine/store/transaction.h"

namespace warder::store {
namespace {

constexpr std::array kSteps = {
    "CREATE TABLE counter(id INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT;"
    "INSERT INTO counter VALUES(1, 0)"};
constexpr Schema kSchema = {.application = 9, .steps = kSteps};

Database Open(const std::filesystem::path& file) {
  Result<Database> database = Database::Open(file, kSchema, Database::IfMissing::kMake);
  if (!database) throw std::runtime_error(database.error().message);
  return std::move(*database);
}

std::uint64_t Value(Database& database) {
  auto row = database.Prepare("SELECT value FROM counter");
  EXPECT_TRUE(*row->Step());
  return row->Integer(0);
}

TEST(ProcessesTest, NoWriteIsLost) {
  constexpr int kProcesses = 4;
  constexpr int kWrites = 50;
  const Scratch scratch;
  const auto file = scratch.folder() / "counter.db";
  InChildren(kProcesses, [&](int) {
    Database database = Open(file);
    for (int i = 0; i < kWrites; ++i) {
      auto transaction = Transaction::Begin(database, Access::kWrite);
      ASSERT_TRUE(transaction) << transaction.error().message;
      auto write = database.Prepare("UPDATE counter SET value = ?1");
      ASSERT_TRUE(write->BindInteger(1, Value(database) + 1).Run());
      ASSERT_TRUE(transaction->Commit());
    }
  });
  Database database = Open(file);
  EXPECT_EQ(Value(database), static_cast<std::uint64_t>(kProcesses * kWrites));
}

TEST(ProcessesTest, ManyMayMakeTheFileAtOnce) {
  for (int round = 0; round < 20; ++round) {
    const Scratch scratch;
    InChildren(6, [&](int) {
      const auto database = Database::Open(scratch.folder() / "counter.db", kSchema, Database::IfMissing::kMake);
      ASSERT_TRUE(database) << database.error().message;
    });
  }
}

TEST(ProcessesTest, AReaderSeesOneState) {
  const Scratch scratch;
  Database writer = Open(scratch.folder() / "counter.db");
  Database reader = Open(scratch.folder() / "counter.db");
  auto reading = Transaction::Begin(reader, Access::kRead);
  EXPECT_EQ(Value(reader), 0u);
  ASSERT_TRUE(writer.Run("UPDATE counter SET value = 1"));
  EXPECT_EQ(Value(reader), 0u);
  ASSERT_TRUE(reading->Commit());
  EXPECT_EQ(Value(reader), 1u);
}

// One that was stopped while it made a file: who opens what is there does not wait for it, who makes another one not
// for ever.
TEST(ProcessesTest, AFolderThatIsLockedHoldsUpOnlyThoseWhoMakeAFileAndNotForEver) {
  const Scratch scratch;
  { const Database there = Open(scratch.folder() / "counter.db"); }
  std::array<int, 2> locked{};
  ASSERT_EQ(::pipe(locked.data()), 0);
  const pid_t child = StartChild([&] {
    const int folder = ::open(scratch.folder().c_str(), O_RDONLY | O_DIRECTORY);
    EXPECT_EQ(::flock(folder, LOCK_EX), 0);
    EXPECT_EQ(::write(locked[1], "x", 1), 1);
    for (;;) ::pause();
  });
  char byte = 0;
  ASSERT_EQ(::read(locked[0], &byte, 1), 1);
  const auto open = [&](const char* name) {
    return Database::Open(scratch.folder() / name, kSchema, Database::IfMissing::kMake, std::chrono::milliseconds(50));
  };
  EXPECT_TRUE(open("counter.db"));
  const auto other = open("other.db");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().kind, ErrorKind::kInternal);
  EXPECT_THAT(other.error().message, testing::HasSubstr("another process has kept the folder"));
  ::kill(child, SIGKILL);
  EXPECT_NE(Wait(child), 0);
  EXPECT_TRUE(open("other.db"));
  ::close(locked[0]);
  ::close(locked[1]);
}

TEST(ProcessesTest, WhoWaitedTooLongIsTold) {
  const Scratch scratch;
  Database holder = Open(scratch.folder() / "counter.db");
  Database other = Open(scratch.folder() / "counter.db");
  ASSERT_TRUE(other.Run("PRAGMA busy_timeout=1"));
  auto held = Transaction::Begin(holder, Access::kWrite);
  ASSERT_TRUE(held);
  const auto refused = Transaction::Begin(other, Access::kWrite);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInternal);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("another process has kept"));
  ASSERT_TRUE(held->Commit());
  EXPECT_TRUE(Transaction::Begin(other, Access::kWrite));
}

}  // namespace
}  // namespace warder::store
