// What somebody tries who can write to the files: threats.md, row vault. Each has a control, that the same hand puts
// back what it took and the vault is whole again.
#include <sqlite3.h>

#include <functional>
#include <vector>

#include "engine/vault/testing/vault_test_case.h"

namespace warder::vault {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

// A connection to a file by which rows are changed quickly, without SQLite's own checks.
class Hand {
 public:
  explicit Hand(const fs::path& file) {
    EXPECT_EQ(sqlite3_open_v2(file.c_str(), &handle_, SQLITE_OPEN_READWRITE, nullptr), SQLITE_OK);
    Run("PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF; PRAGMA ignore_check_constraints=ON");
  }
  Hand(const Hand&) = delete;
  Hand& operator=(const Hand&) = delete;
  ~Hand() { sqlite3_close(handle_); }

  void Run(const char* sql) { EXPECT_EQ(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr), SQLITE_OK) << sql; }
  std::string Get(const std::string& column, const std::string& from) {
    const Query query(handle_, "SELECT " + column + " FROM " + from);
    EXPECT_EQ(sqlite3_step(query.statement), SQLITE_ROW);
    const auto* const bytes = static_cast<const char*>(sqlite3_column_blob(query.statement, 0));
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(query.statement, 0))};
  }
  // Keeps the type that the column has.
  void Set(const std::string& table, const std::string& column, std::string_view bytes, bool text,
           const std::string& where) {
    const Query query(handle_, "UPDATE " + table + " SET " + column + " = ?1 WHERE " + where);
    if (text) {
      sqlite3_bind_text(query.statement, 1, bytes.data(), static_cast<int>(bytes.size()), SQLITE_TRANSIENT);
    } else {
      sqlite3_bind_blob(query.statement, 1, bytes.empty() ? "" : bytes.data(), static_cast<int>(bytes.size()),
                        SQLITE_TRANSIENT);
    }
    EXPECT_EQ(sqlite3_step(query.statement), SQLITE_DONE) << sqlite3_errmsg(handle_);
    EXPECT_EQ(sqlite3_changes(handle_), 1);
  }

 private:
  struct Query {
    Query(sqlite3* handle, const std::string& sql) {
      EXPECT_EQ(sqlite3_prepare_v2(handle, sql.c_str(), -1, &statement, nullptr), SQLITE_OK) << sql;
    }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query() { sqlite3_finalize(statement); }
    sqlite3_stmt* statement = nullptr;
  };
  sqlite3* handle_ = nullptr;
};

class AttacksTest : public VaultTestCase {
 protected:
  AttacksTest() {
    acme_ = Make("acme");
    Put(*acme_, "crm", "token", "of crm");
    Put(*acme_, "crm", "secret", "of crm2");
    Put(*acme_, "erp", "token", "of erp");
    other_ = Make("other");
    Put(*other_, "crm", "secret", "of other");
    Put(*other_, "crm", "token", "of other");
    Put(*other_, "erp", "token", "of other");
  }

  std::string Token() { return Get(*acme_, "crm", "token"); }
  // What a vault says that has no key in memory yet.
  std::string FreshToken() { return Get(*Must(vault_.OpenTenant(Tenant("acme"))), "crm", "token"); }

  // Every bit of a column and every length of it, read by `read` each time.
  void Spoil(Hand& hand, const std::string& table, const std::string& column, bool text, const std::string& where,
             const std::function<std::string()>& read, const testing::Matcher<std::string>& refusal) {
    const std::string good = hand.Get(column, table + " WHERE " + where);
    ASSERT_FALSE(good.empty());
    ASSERT_EQ(read(), "of crm");
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      std::string changed = good;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
      hand.Set(table, column, changed, text, where);
      EXPECT_THAT(read(), refusal) << table << "." << column << ", bit " << bit;
      hand.Set(table, column, good, text, WhereNow(column, changed, where));
    }
    for (std::size_t size = 0; size < good.size(); ++size) {
      const std::string changed = good.substr(0, size);
      hand.Set(table, column, changed, text, where);
      EXPECT_THAT(read(), refusal) << table << "." << column << " of " << size << " bytes";
      hand.Set(table, column, good, text, WhereNow(column, changed, where));
    }
    EXPECT_EQ(read(), "of crm");
  }

  // The same row when `column`, by which it was found, holds something else.
  static std::string WhereNow(const std::string& column, const std::string& now, const std::string& where) {
    const std::size_t at = where.find(column + " = '");
    if (at == std::string::npos) return where;
    std::string hex;
    for (const char byte : now) {
      static constexpr char kDigits[] = "0123456789abcdef";
      hex += kDigits[static_cast<unsigned char>(byte) >> 4];
      hex += kDigits[byte & 15];
    }
    const std::size_t end = where.find('\'', at + column.size() + 4);
    return where.substr(0, at) + "CAST(" + column + " AS BLOB) = x'" + hex + "'" + where.substr(end + 1);
  }

  Vault vault_ = Open();
  std::shared_ptr<TenantVault> acme_;
  std::shared_ptr<TenantVault> other_;
};

const auto kNamesRecord = AllOf(HasSubstr("the record of tenant acme, connection crm, field token is not authentic"));
const auto kNamesIndex = AllOf(HasSubstr("tenant acme"), testing::StartsWith("("));

TEST_F(AttacksTest, EveryBitAndEveryLengthOfARecord) {
  Hand hand(FileOf("acme"));
  const std::string row = "connection = 'crm' AND field = 'token'";
  const auto read = [&] { return Token(); };
  Spoil(hand, "record", "sealed", false, row, read, kNamesRecord);
  Spoil(hand, "record", "field", true, row, read, kNamesRecord);
  Spoil(hand, "record", "connection", true, row, read, kNamesRecord);
  for (int bit = 0; bit < 63; ++bit) {
    const std::string flip = "UPDATE record SET generation = (generation | " + std::to_string(1ll << bit) +
                             ") - (generation & " + std::to_string(1ll << bit) + ") WHERE " + row;
    hand.Run(flip.c_str());
    EXPECT_THAT(Token(), kNamesRecord) << bit;
    hand.Run(flip.c_str());
  }
  EXPECT_EQ(Token(), "of crm");
}

TEST_F(AttacksTest, EveryBitAndEveryLengthOfTheIndex) {
  Hand hand(FileOf("acme"));
  Spoil(
      hand, "record_index", "sealed", false, "id = 1", [&] { return Token(); }, kNamesIndex);
  Spoil(
      hand, "record_index", "key", false, "id = 1", [&] { return FreshToken(); }, kNamesIndex);
  hand.Run("DELETE FROM record_index");
  EXPECT_EQ(Token(), "(the index of the vault of tenant acme is missing)");
}

TEST_F(AttacksTest, EveryBitAndEveryLengthOfTheKeyring) {
  Hand hand(KeyringFile());
  const auto read = [&] { return FreshToken(); };
  const auto warm = [&] { return Token(); };
  Spoil(hand, "data_key", "wrapped", false, "tenant = 'acme'", read, kNamesIndex);
  Spoil(hand, "data_key", "key", false, "tenant = 'acme'", read, kNamesIndex);
  Spoil(hand, "data_key", "tenant", true, "tenant = 'acme'", read, kNamesIndex);
  Spoil(hand, "tenant", "seal", false, "tenant = 'acme'", warm, kNamesIndex);
  Spoil(hand, "tenant", "key", false, "tenant = 'acme'", warm, kNamesIndex);
  Spoil(hand, "tenant", "tenant", true, "tenant = 'acme'", warm, kNamesIndex);
  Spoil(hand, "keyring", "kek", true, "id = 1", read, HasSubstr("is under the key-encryption key"));
  for (int bit = 0; bit < 63; ++bit) {
    const std::string flip = "UPDATE tenant SET epoch = (epoch | " + std::to_string(1ll << bit) + ") - (epoch & " +
                             std::to_string(1ll << bit) + ") WHERE tenant = 'acme'";
    hand.Run(flip.c_str());
    EXPECT_THAT(Token(), kNamesIndex) << bit;
    hand.Run(flip.c_str());
  }
  EXPECT_EQ(FreshToken(), "of crm");
}

TEST_F(AttacksTest, ARecordOfAnotherFieldConnectionOrTenant) {
  Hand hand(FileOf("acme"));
  Hand elsewhere(FileOf("other"));
  const std::string row = "connection = 'crm' AND field = 'token'";
  const std::string good = hand.Get("sealed", "record WHERE " + row);
  const std::vector<std::string> others = {
      hand.Get("sealed", "record WHERE connection = 'crm' AND field = 'secret'"),
      hand.Get("sealed", "record WHERE connection = 'erp' AND field = 'token'"),
      elsewhere.Get("sealed", "record WHERE connection = 'crm' AND field = 'token'"),
      hand.Get("sealed", "record_index"),
  };
  for (const std::string& sealed : others) {
    hand.Set("record", "sealed", sealed, false, row);
    EXPECT_THAT(Token(), kNamesRecord);
    EXPECT_THAT(Message(acme_->Verify()), kNamesRecord);
  }
  hand.Set("record", "sealed", good, false, row);
  EXPECT_EQ(Token(), "of crm");
  EXPECT_EQ(Message(acme_->Verify()), "");
}

TEST_F(AttacksTest, TwoRecordsSwappedWithTheirNames) {
  Hand hand(FileOf("acme"));
  const char* const swap =
      "UPDATE record SET field = 'x' WHERE connection = 'crm' AND field = 'token';"
      "UPDATE record SET field = 'token' WHERE connection = 'crm' AND field = 'secret';"
      "UPDATE record SET field = 'secret' WHERE connection = 'crm' AND field = 'x'";
  hand.Run(swap);
  EXPECT_THAT(Token(), kNamesRecord);
  EXPECT_THAT(Get(*acme_, "crm", "secret"), HasSubstr("field secret is not authentic"));
  EXPECT_EQ(Get(*acme_, "erp", "token"), "of erp");
  hand.Run(swap);
  EXPECT_EQ(Token(), "of crm");
}

TEST_F(AttacksTest, ARecordTakenAwayAndOnePutThere) {
  Hand hand(FileOf("acme"));
  hand.Run("INSERT INTO record SELECT 'crm', 'planted', generation, sealed FROM record WHERE field = 'secret'");
  EXPECT_THAT(Get(*acme_, "crm", "planted"),
              HasSubstr("field planted is not authentic: it was put there from elsewhere"));
  EXPECT_THAT(Message(acme_->Verify()), HasSubstr("field planted is not authentic"));
  EXPECT_THAT(Message(acme_->RotateDataKey()), HasSubstr("field planted is not authentic"));
  hand.Run("DELETE FROM record WHERE field = 'planted'");
  EXPECT_EQ(Message(acme_->Verify()), "");
  hand.Run("DELETE FROM record WHERE connection = 'crm' AND field = 'token'");
  EXPECT_THAT(Token(), HasSubstr("field token is not authentic: it is missing"));
  EXPECT_THAT(Message(acme_->Verify()), HasSubstr("field token is not authentic: it is missing"));
}

TEST_F(AttacksTest, ARecordSetBack) {
  Hand hand(FileOf("acme"));
  const std::string row = "connection = 'crm' AND field = 'token'";
  const std::string old = hand.Get("sealed", "record WHERE " + row);
  hand.Run("CREATE TABLE kept AS SELECT * FROM record");
  Put(*acme_, "crm", "token", "newer");
  const std::string now = hand.Get("sealed", "record WHERE " + row);
  hand.Set("record", "sealed", old, false, row);
  EXPECT_THAT(Token(), kNamesRecord);
  // With its generation too, as it was.
  hand.Run(
      "UPDATE record SET generation = (SELECT generation FROM kept WHERE connection = 'crm' AND field = 'token') "
      "WHERE connection = 'crm' AND field = 'token'");
  EXPECT_THAT(Token(), HasSubstr("it was set back"));
  hand.Run("UPDATE record SET generation = 4 WHERE connection = 'crm' AND field = 'token'");
  hand.Set("record", "sealed", now, false, row);
  EXPECT_EQ(Token(), "newer");
}

class AuditEndTest : public AttacksTest {
 protected:
  AuditEndTest() {
    for (int i = 1; i <= 4; ++i) Audit(i);
  }
  static void Note(TenantVault& vault, int number) {
    auto transaction = Must(vault.Begin());
    Must(transaction.Audit({{"event", "use"}, {"number", number}}));
    Must(transaction.Commit());
  }
  void Audit(int number) { Note(*acme_, number); }
  std::string RefusalOfANote(const std::shared_ptr<TenantVault>& vault) {
    auto transaction = Must(vault->Begin());
    return Message(transaction.Audit({{"event", "use"}}));
  }
};

// The chain has no key: whoever can write to the file can add to its end what follows from what is there.
TEST_F(AuditEndTest, AnEntryThatSomebodyHasAddedIsSeenAndNothingIsWrittenBehindIt) {
  ASSERT_EQ(Message(acme_->Verify()), "");
  {
    auto store = Must(store::TenantStore::Open(state_, Tenant("acme")));
    Must(store.audit().Append({{"event", "connection removed"}, {"connection", "crm"}}));
  }
  EXPECT_EQ(Message(acme_->Verify()),
            "the audit log of tenant acme is not authentic: entry 5 was put there from elsewhere");
  EXPECT_THAT(RefusalOfANote(acme_), HasSubstr("entry 5 was put there from elsewhere"));
  EXPECT_THAT(RefusalOfANote(OpenTenant("acme")), HasSubstr("entry 5 was put there from elsewhere"));
  Hand hand(FileOf("acme"));
  hand.Run("DELETE FROM audit WHERE sequence = 5");
  Audit(5);
  EXPECT_EQ(Message(acme_->Verify()), "");
}

// Or takes the last ones away and waits for the next entry, whose index would know nothing of them.
TEST_F(AuditEndTest, EntriesThatSomebodyHasCutOffAreNotForgottenWithTheNextOne) {
  Hand hand(FileOf("acme"));
  hand.Run("CREATE TABLE kept AS SELECT * FROM audit");
  for (const std::string from : {"4", "3", "1"}) {
    const std::string cut = "DELETE FROM audit WHERE sequence >= " + from;
    hand.Run(cut.c_str());
    EXPECT_THAT(RefusalOfANote(acme_), HasSubstr("entry " + from + " is missing, with all behind it"));
    EXPECT_THAT(Message(acme_->Verify()), HasSubstr("entry " + from + " is missing"));
  }
  hand.Run("INSERT INTO audit SELECT * FROM kept");
  // Cut, and filled up again by somebody.
  hand.Run("DELETE FROM audit WHERE sequence = 4");
  {
    auto store = Must(store::TenantStore::Open(state_, Tenant("acme")));
    Must(store.audit().Append({{"event", "review"}}));
  }
  EXPECT_THAT(RefusalOfANote(acme_), HasSubstr("entry 4 was changed"));
  hand.Run("DELETE FROM audit; INSERT INTO audit SELECT * FROM kept");
  Audit(5);
  EXPECT_EQ(Message(acme_->Verify()), "");
}

// Everything that is in one file, as it was.
class Copy {
 public:
  explicit Copy(fs::path file) : file_(std::move(file)), bytes_(store::BytesOf(file_)) {}
  void PutBack() const {
    for (const char* const suffix : {"-wal", "-shm"}) fs::remove(file_.string() + suffix);
    store::WriteBytes(file_, bytes_);
  }

 private:
  fs::path file_;
  std::string bytes_;
};

// Vaults are opened and closed around the copies, so that a file is whole without its log.
class FilesTest : public VaultTestCase {
 protected:
  FilesTest() {
    Put(*Make("acme"), "crm", "token", "old");
    Put(*Make("other"), "crm", "token", "of other");
  }
};

TEST_F(FilesTest, AWholeFileSetBack) {
  const Copy old(FileOf("acme"));
  Put(*OpenTenant("acme"), "crm", "token", "new");
  const Copy now(FileOf("acme"));
  old.PutBack();
  EXPECT_EQ(
      Read("acme", "crm", "token"),
      "(the file of tenant acme was set back: it is of epoch 1, and the keyring has seen 2; where a backup of your "
      "own was put back, accept it with: warder tenant restore acme)");
  EXPECT_THAT(Message(OpenTenant("acme")->Begin()), HasSubstr("tenant acme was set back"));
  EXPECT_THAT(Message(OpenTenant("acme")->RotateDataKey()), HasSubstr("tenant acme was set back"));
  now.PutBack();
  EXPECT_EQ(Read("acme", "crm", "token"), "new");
}

TEST_F(FilesTest, TheFileOfAnotherTenant) {
  const Copy acme(FileOf("acme"));
  fs::copy_file(FileOf("other"), FileOf("acme"), fs::copy_options::overwrite_existing);
  EXPECT_THAT(Read("acme", "crm", "token"), AllOf(HasSubstr("tenant acme"), testing::StartsWith("(")));
  // With its rows in the keyring under the other name, too.
  Hand hand(KeyringFile());
  hand.Run(
      "UPDATE tenant SET key = (SELECT key FROM tenant WHERE tenant = 'other'),"
      " seal = (SELECT seal FROM tenant WHERE tenant = 'other') WHERE tenant = 'acme';"
      "UPDATE data_key SET key = (SELECT key FROM data_key WHERE tenant = 'other'),"
      " wrapped = (SELECT wrapped FROM data_key WHERE tenant = 'other') WHERE tenant = 'acme'");
  EXPECT_THAT(Read("acme", "crm", "token"), HasSubstr("the data key of tenant acme is refused"));
  EXPECT_EQ(Read("other", "crm", "token"), "of other");
}

// Two files are enough for it, and nobody else's complains: the keyring must not be older than a crash explains.
TEST_F(FilesTest, ATenantSetBackTogetherWithTheKeyring) {
  const Copy old_keyring(KeyringFile());
  Put(*OpenTenant("acme"), "crm", "token", "second");
  const Copy old_file(FileOf("acme"));
  Put(*OpenTenant("acme"), "crm", "token", "third");
  const Copy file(FileOf("acme"));
  old_keyring.PutBack();
  const std::string refusal =
      "(the keyring was set back: it has seen epoch 1 of tenant acme, whose file is of epoch 3; where a backup of your "
      "own was put back, accept it with: warder tenant restore acme)";
  EXPECT_EQ(Read("acme", "crm", "token"), refusal);
  EXPECT_THAT(Message(OpenTenant("acme")->Begin()), HasSubstr("the keyring was set back"));
  EXPECT_THAT(Message(OpenTenant("acme")->Verify()), HasSubstr("the keyring was set back"));
  EXPECT_THAT(Message(OpenTenant("acme")->RotateDataKey()), HasSubstr("the keyring was set back"));
  EXPECT_EQ(Read("other", "crm", "token"), "of other");
  // What a crash leaves is one epoch: the control.
  old_file.PutBack();
  EXPECT_EQ(Read("acme", "crm", "token"), "second");
  file.PutBack();
  EXPECT_EQ(Read("acme", "crm", "token"), refusal);
}

TEST_F(FilesTest, ABackupIsAcceptedWhereSomebodySaysSoAndWhatWasThereBeforeIsRefusedFromThenOn) {
  const Copy old_file(FileOf("acme"));
  const Copy old_keyring(KeyringFile());
  for (const char* const value : {"second", "third", "fourth"}) Put(*OpenTenant("acme"), "crm", "token", value);
  const Copy file(FileOf("acme"));
  // The keyring's backup is older, and then the file's.
  old_keyring.PutBack();
  Must(OpenTenant("acme")->AcceptRestored());
  EXPECT_EQ(Read("acme", "crm", "token"), "fourth");
  EXPECT_EQ(Message(OpenTenant("acme")->Verify()), "");
  const Copy accepted(FileOf("acme"));
  file.PutBack();
  EXPECT_THAT(Read("acme", "crm", "token"), HasSubstr("was set back: it is of epoch 4, and the keyring has seen 5"));
  old_file.PutBack();
  EXPECT_THAT(Read("acme", "crm", "token"), HasSubstr("was set back"));
  Must(OpenTenant("acme")->AcceptRestored());
  EXPECT_EQ(Read("acme", "crm", "token"), "old");
  accepted.PutBack();
  EXPECT_THAT(Read("acme", "crm", "token"), HasSubstr("was set back"));
  old_file.PutBack();
  Must(OpenTenant("acme")->AcceptRestored());
  std::string log;
  Must(OpenTenant("acme")->ReadAudit(0, [&](std::uint64_t, std::string_view entry) {
    log.append(entry);
    return true;
  }));
  EXPECT_THAT(log, HasSubstr(R"("event":{"event":"restored","fileEpoch":1,"keyringEpoch":6})"));
  // What was changed is not accepted, and where all fits nothing happens.
  Must(OpenTenant("acme")->AcceptRestored());
  EXPECT_EQ(Message(OpenTenant("acme")->Verify()), "");
  Hand(FileOf("acme")).Run("UPDATE record_index SET sealed = zeroblob(200)");
  EXPECT_THAT(Message(OpenTenant("acme")->AcceptRestored()), HasSubstr("tenant acme"));
}

TEST_F(FilesTest, AKeyringThatIsOneBehindTheFileIsNoAttackAndIsHealed) {
  const Copy old(KeyringFile());
  Put(*OpenTenant("acme"), "crm", "token", "newer");
  old.PutBack();
  EXPECT_EQ(Read("acme", "crm", "token"), "newer");
  EXPECT_EQ(Put(*OpenTenant("acme"), "crm", "token", "newest"), 3u);
  // From then on what lies before that write is refused again.
  const Copy now(FileOf("acme"));
  Put(*OpenTenant("acme"), "crm", "token", "last");
  now.PutBack();
  EXPECT_THAT(Read("acme", "crm", "token"), HasSubstr("was set back"));
}

TEST_F(FilesTest, AKeyringThatHasLostTheNameOfItsKey) {
  {
    Hand hand(KeyringFile());
    hand.Run("DELETE FROM keyring");
  }
  EXPECT_THAT(Message(Vault::Open(state_, Kek())), HasSubstr("does not name its key-encryption key"));
  EXPECT_THAT(Message(Vault::Open(state_, Kek('x'))), HasSubstr("does not name its key-encryption key"));
}

TEST_F(FilesTest, AFileThatIsMissingAndOneThatIsNoDatabase) {
  const Copy good(FileOf("acme"));
  fs::remove(FileOf("acme"));
  EXPECT_THAT(Message(Open().OpenTenant(Tenant("acme"))), HasSubstr("the file of tenant acme"));
  EXPECT_EQ(Message(Open().CreateTenant(Tenant("acme"))), "there is a tenant acme already");
  store::WriteBytes(FileOf("acme"), std::string(8192, 'x'));
  ::chmod(FileOf("acme").c_str(), 0600);
  EXPECT_THAT(Message(Open().OpenTenant(Tenant("acme"))), HasSubstr("acme.db is damaged"));
  good.PutBack();
  EXPECT_EQ(Read("acme", "crm", "token"), "old");
}

TEST_F(FilesTest, SecretsAreInNoFile) {
  const std::string canary = "canary-9d2c41f0b7e6";
  const auto vault = OpenTenant("acme");
  Put(*vault, "crm", "token", canary);
  Put(*vault, "crm", "token", canary + "2");
  auto open = Must(vault->Begin());
  Must(open.Put("erp", "token", canary, 0));
  // While a transaction is open, and the logs are full. The names stand there as they are: the control.
  EXPECT_NE(AllBytes().find("crm"), std::string::npos);
  EXPECT_GT(fs::file_size(FileOf("acme").string() + "-wal"), 0u);
  EXPECT_EQ(AllBytes().find(canary), std::string::npos);
  Must(open.Commit());
  EXPECT_EQ(AllBytes().find(canary), std::string::npos);
  EXPECT_EQ(AllBytes().find(std::string(32, 'k')), std::string::npos);  // the key-encryption key
}

}  // namespace
}  // namespace warder::vault
