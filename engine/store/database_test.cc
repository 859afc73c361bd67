#include "engine/store/database.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "engine/store/private_files.h"
#include "engine/store/testing/scratch.h"
#include "engine/store/transaction.h"

namespace warder::store {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;

constexpr std::array kOneStep = {"CREATE TABLE thing(name TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT"};
constexpr std::array kTwoSteps = {kOneStep[0], "ALTER TABLE thing ADD COLUMN data BLOB; UPDATE thing SET data = x'00'"};
constexpr Schema kOne = {.application = 7, .steps = kOneStep};
constexpr Schema kTwo = {.application = 7, .steps = kTwoSteps};
constexpr auto kMake = Database::IfMissing::kMake;
constexpr auto kRefuse = Database::IfMissing::kRefuse;

class DatabaseTest : public testing::Test {
 protected:
  Database Open(const Schema& schema = kOne) {
    Result<Database> database = Database::Open(file_, schema, kMake);
    if (!database) throw std::runtime_error(database.error().message);
    return std::move(*database);
  }
  std::string Refusal(const Schema& schema = kOne) {
    const Result<Database> database = Database::Open(file_, schema, kRefuse);
    if (database) return "";
    EXPECT_EQ(database.error().kind, ErrorKind::kInvalidInput);
    return database.error().message;
  }
  static std::uint64_t Ask(Database& database, const char* sql) {
    Result<Statement> statement = database.Prepare(sql);
    EXPECT_TRUE(statement) << statement.error().message;
    EXPECT_TRUE(*statement->Step());
    return statement->Integer(0);
  }
  static mode_t ModeOf(const fs::path& path) {
    struct stat status {};
    EXPECT_EQ(::stat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }

  Scratch scratch_;
  fs::path file_ = scratch_.folder() / "things.db";
};

TEST_F(DatabaseTest, WhatIsWrittenIsRead) {
  Database database = Open();
  auto insert = database.Prepare("INSERT INTO thing(name, size) VALUES(?1, ?2)");
  ASSERT_TRUE(insert);
  ASSERT_TRUE(insert->BindText(1, "a").BindInteger(2, 9'223'372'036'854'775'807u).Run());
  ASSERT_TRUE(insert->BindText(1, "").BindInteger(2, 0).Run());
  auto rows = database.Prepare("SELECT name, size FROM thing ORDER BY name DESC");
  ASSERT_TRUE(*rows->Step());
  EXPECT_EQ(rows->Text(0), "a");
  EXPECT_EQ(rows->Blob(0), "");  // it is a text
  EXPECT_EQ(rows->Integer(1), 9'223'372'036'854'775'807u);
  ASSERT_TRUE(*rows->Step());
  EXPECT_EQ(rows->Text(0), "");
  EXPECT_FALSE(*rows->Step());
}

TEST_F(DatabaseTest, WhatDoesNotFitIsRefused) {
  Database database = Open();
  auto insert = database.Prepare("INSERT INTO thing(name, size) VALUES(?1, ?2)");
  EXPECT_FALSE(insert->BindText(1, "a").BindInteger(2, 1ull << 63).Run());
  EXPECT_FALSE(insert->BindText(9, "a").Run());
  EXPECT_FALSE(insert->BindText(1, "a").Run());  // NULL
  ASSERT_TRUE(insert->BindText(1, "a").BindInteger(2, 1).Run());
  const auto twice = insert->BindText(1, "a").BindInteger(2, 1).Run();
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().message, HasSubstr("things.db"));
  EXPECT_EQ(Ask(database, "SELECT count(*) FROM thing"), 1u);
}

TEST_F(DatabaseTest, ATransactionIsAllOrNothing) {
  Database database = Open();
  {
    auto transaction = Transaction::Begin(database, Access::kWrite);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database.Run("INSERT INTO thing VALUES('a', 1)"));
  }
  EXPECT_EQ(Ask(database, "SELECT count(*) FROM thing"), 0u);
  auto transaction = Transaction::Begin(database, Access::kWrite);
  ASSERT_TRUE(database.Run("INSERT INTO thing VALUES('a', 1)"));
  ASSERT_TRUE(transaction->Commit());
  EXPECT_EQ(Ask(database, "SELECT count(*) FROM thing"), 1u);
}

TEST_F(DatabaseTest, ItIsDurableAndTrustsNothingInTheFile) {
  Database database = Open();
  EXPECT_EQ(Ask(database, "PRAGMA synchronous"), 2u);
  EXPECT_EQ(Ask(database, "PRAGMA secure_delete"), 1u);
  EXPECT_EQ(Ask(database, "PRAGMA foreign_keys"), 1u);
  EXPECT_EQ(Ask(database, "PRAGMA trusted_schema"), 0u);
  EXPECT_EQ(Ask(database, "PRAGMA cell_size_check"), 1u);
  EXPECT_EQ(Ask(database, "PRAGMA temp_store"), 2u);
  EXPECT_FALSE(database.Run("ATTACH ':memory:' AS other"));
  EXPECT_FALSE(database.Run("PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = ''"));
  // Double quotes are names, never text.
  EXPECT_FALSE(database.Prepare("SELECT \"no such column\" FROM thing"));
}

TEST_F(DatabaseTest, FilesAreTheOwnersAlone) {
  Database database = Open();
  ASSERT_TRUE(database.Run("INSERT INTO thing VALUES('a', 1)"));
  for (const char* const suffix : {"", "-wal", "-shm"}) EXPECT_EQ(ModeOf(file_.string() + suffix), 0600u) << suffix;
  EXPECT_EQ(Refusal(), "");
  ::chmod(file_.c_str(), 0640);
  EXPECT_THAT(Refusal(), EndsWith("its mode is 0640, others have rights to it; chmod 600 it"));
  ::chmod(file_.c_str(), 0600);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(file_.c_str(), 4711, 4711), 0);
    EXPECT_THAT(Refusal(), HasSubstr("belongs to user 4711"));
  }
}

TEST_F(DatabaseTest, LinksAreRefused) {
  { const Database database = Open(); }
  const fs::path link = scratch_.folder() / "link.db";
  fs::create_symlink(file_, link);
  const auto linked = Database::Open(link, kOne, kMake);
  ASSERT_FALSE(linked);
  EXPECT_THAT(linked.error().message, EndsWith("link.db is refused: it is a link"));
  fs::create_hard_link(file_, scratch_.folder() / "second.db");
  EXPECT_THAT(Refusal(), EndsWith("it has a second name somewhere"));
  fs::remove(scratch_.folder() / "second.db");
  // A link in the place of the log, to a file that is ours, is not followed either.
  WriteBytes(scratch_.folder() / "victim", "victim");
  fs::create_symlink(scratch_.folder() / "victim", file_.string() + "-wal");
  EXPECT_NE(Refusal(), "");
  EXPECT_EQ(BytesOf(scratch_.folder() / "victim"), "victim");
}

TEST_F(DatabaseTest, APrivateFolderIsOursAlone) {
  const fs::path folder = scratch_.folder() / "a" / "b";
  ASSERT_TRUE(MakePrivateFolder(folder));
  EXPECT_EQ(ModeOf(folder), 0700u);
  EXPECT_EQ(ModeOf(folder.parent_path()), 0700u);
  EXPECT_TRUE(MakePrivateFolder(folder));
  ::chmod(folder.c_str(), 0750);
  EXPECT_THAT(MakePrivateFolder(folder).error().message, HasSubstr("chmod 700"));
  fs::create_symlink(folder, scratch_.folder() / "link");
  EXPECT_THAT(MakePrivateFolder(scratch_.folder() / "link").error().message, HasSubstr("is a link"));
  WriteBytes(scratch_.folder() / "file", "");
  EXPECT_THAT(MakePrivateFolder(scratch_.folder() / "file").error().message, HasSubstr("not a folder"));
  EXPECT_FALSE(MakePrivateFolder(scratch_.folder() / "file" / "below"));
}

TEST_F(DatabaseTest, AnOlderFileIsBroughtUpToDate) {
  {
    Database database = Open();
    ASSERT_TRUE(database.Run("INSERT INTO thing VALUES('a', 1)"));
    EXPECT_EQ(Ask(database, "PRAGMA user_version"), 1u);
  }
  Database database = Open(kTwo);
  EXPECT_EQ(Ask(database, "PRAGMA user_version"), 2u);
  EXPECT_EQ(Ask(database, "SELECT count(*) FROM thing WHERE data = x'00'"), 1u);
}

TEST_F(DatabaseTest, AMigrationThatFailsChangesNothing) {
  { const Database database = Open(); }
  constexpr std::array kBroken = {kOneStep[0], "CREATE TABLE other(a INTEGER) STRICT; CREATE TABLE thing(a) STRICT"};
  EXPECT_FALSE(Database::Open(file_, Schema{.application = 7, .steps = kBroken}, kRefuse));
  Database database = Open();
  EXPECT_EQ(Ask(database, "PRAGMA user_version"), 1u);
  EXPECT_EQ(Ask(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'other'"), 0u);
}

TEST_F(DatabaseTest, ANewerFileAndAnotherKindOfFileAreRefused) {
  { const Database database = Open(kTwo); }
  EXPECT_THAT(Refusal(), HasSubstr("newer version of Warder (its format is 2, this one knows 1)"));
  EXPECT_THAT(Refusal(Schema{.application = 8, .steps = kTwoSteps}), HasSubstr("is not a file of this kind"));
}

TEST_F(DatabaseTest, ADamagedFileIsOneClearSentence) {
  {
    Database database = Open();
    for (int i = 0; i < 200; ++i) {
      auto insert = database.Prepare("INSERT INTO thing VALUES(?1, 1)");
      ASSERT_TRUE(insert->BindText(1, std::string(200, 'x') + std::to_string(i)).Run());
    }
  }
  const std::string good = BytesOf(file_);
  ASSERT_EQ(Refusal(), "");
  WriteBytes(file_, "This is not a database, it is a letter to somebody." + good.substr(51));
  EXPECT_THAT(Refusal(), HasSubstr("things.db is damaged ("));
  WriteBytes(file_, good.substr(0, good.size() / 2));
  std::string said = Refusal();
  if (said.empty()) {
    Database database = Open();
    auto rows = database.Prepare("SELECT name FROM thing");
    Result<bool> row = true;
    while (row && *row) row = rows->Step();
    ASSERT_FALSE(row);
    said = row.error().message;
  }
  EXPECT_THAT(said, HasSubstr("things.db is damaged ("));
  EXPECT_THAT(said, HasSubstr("put a copy from a backup in its place"));
}

TEST_F(DatabaseTest, AMissingFileIsNotMadeUnasked) {
  EXPECT_THAT(Refusal(), HasSubstr("No such file or directory"));
  EXPECT_FALSE(fs::exists(file_));
}

TEST_F(DatabaseTest, WhatWasDeletedIsInNoFileOnceTheLogIsEmpty) {
  const std::string canary = "canary-4f1c9a7730";
  const auto found = [&] {
    return (BytesOf(file_) + BytesOf(file_.string() + "-wal")).find(canary) != std::string::npos;
  };
  Database database = Open();
  auto insert = database.Prepare("INSERT INTO thing VALUES(?1, 1)");
  ASSERT_TRUE(insert->BindText(1, canary).Run());
  EXPECT_TRUE(found());
  ASSERT_TRUE(database.EmptyLog());
  EXPECT_TRUE(found());
  ASSERT_TRUE(database.Run("DELETE FROM thing"));
  ASSERT_TRUE(database.EmptyLog());
  EXPECT_FALSE(found());
  EXPECT_EQ(fs::file_size(file_.string() + "-wal"), 0u);
}

}  // namespace
}  // namespace warder::store
