// What the vault does when nobody attacks it.
#include "engine/vault/vault.h"

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "engine/vault/testing/vault_test_case.h"

namespace warder::vault {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class VaultTest : public VaultTestCase {};

TEST_F(VaultTest, RecordsAreKept) {
  {
    const auto acme = Make("acme");
    EXPECT_EQ(Get(*acme, "crm", "token"), "-");
    EXPECT_EQ(Put(*acme, "crm", "token", "s3cret"), 1u);
    EXPECT_EQ(Put(*acme, "crm", "", R"({"origin":"https://api.acme.test"})"), 2u);
    EXPECT_EQ(Put(*acme, "crm", "token", std::string("\0\xff", 2)), 3u);
    EXPECT_EQ(Put(*acme, "erp", "empty", ""), 4u);
    EXPECT_EQ(Get(*acme, "crm", "token"), std::string("\0\xff", 2));
  }
  EXPECT_EQ(Read("acme", "crm", "token"), std::string("\0\xff", 2));
  EXPECT_EQ(Read("acme", "crm", ""), R"({"origin":"https://api.acme.test"})");
  EXPECT_EQ(Read("acme", "erp", "empty"), "");
  EXPECT_EQ(Read("acme", "erp", ""), "-");
  const auto acme = OpenTenant("acme");
  EXPECT_THAT(*acme->List(),
              ElementsAre(RecordName{"crm", "", 2}, RecordName{"crm", "token", 3}, RecordName{"erp", "empty", 4}));
  EXPECT_EQ(Message(acme->Verify()), "");
}

TEST_F(VaultTest, AWriteNamesTheGenerationThatItReplaces) {
  const auto acme = Make("acme");
  auto transaction = Must(acme->Begin());
  EXPECT_EQ(*transaction.Put("crm", "token", "one", 0), 1u);
  const auto conflict = transaction.Put("crm", "token", "two", 0);
  ASSERT_FALSE(conflict);
  EXPECT_EQ(conflict.error().kind, ErrorKind::kRefused);
  EXPECT_THAT(conflict.error().message, HasSubstr("connection crm, field token has generation 1, not 0"));
  EXPECT_EQ(transaction.Put("erp", "token", "x", 5).error().kind, ErrorKind::kRefused);
  EXPECT_EQ(transaction.Remove("crm", "token", 7).error().kind, ErrorKind::kRefused);
  // The transaction goes on as if it had not been asked.
  EXPECT_EQ((*transaction.Get("crm", "token"))->value.view(), "one");
  EXPECT_EQ(*transaction.Put("crm", "token", "two", 1), 1u);
  Must(transaction.Commit());
  auto next = Must(acme->Begin());
  EXPECT_EQ(*next.Put("crm", "token", "three", 1), 2u);
  Must(next.Commit());
  EXPECT_EQ(Get(*acme, "crm", "token"), "three");
}

TEST_F(VaultTest, ATransactionIsAllOrNothing) {
  const auto acme = Make("acme");
  Put(*acme, "crm", "token", "old");
  {
    auto transaction = Must(acme->Begin());
    Must(transaction.Put("crm", "token", "new", 1));
    Must(transaction.Put("erp", "token", "new", 0));
    Must(transaction.Audit({{"type", "changed"}}));
    EXPECT_EQ((*transaction.Get("crm", "token"))->value.view(), "new");
    EXPECT_EQ(transaction.List().size(), 2u);
  }
  EXPECT_EQ(Get(*acme, "crm", "token"), "old");
  EXPECT_EQ(Get(*acme, "erp", "token"), "-");
  EXPECT_EQ(Message(acme->Verify()), "");
  EXPECT_EQ(Put(*acme, "crm", "token", "newer"), 2u);
}

TEST_F(VaultTest, WhatIsRemovedIsGone) {
  const auto acme = Make("acme");
  Put(*acme, "crm", "token", "s3cret");
  auto transaction = Must(acme->Begin());
  Must(transaction.Remove("crm", "token", 1));
  EXPECT_FALSE(Must(transaction.Get("crm", "token")));
  Must(transaction.Remove("crm", "other", 0));
  Must(transaction.Commit());
  EXPECT_EQ(Get(*acme, "crm", "token"), "-");
  EXPECT_THAT(*acme->List(), IsEmpty());
  EXPECT_EQ(Put(*acme, "crm", "token", "again"), 3u);
}

TEST_F(VaultTest, NamesAndValuesHaveLimits) {
  const auto acme = Make("acme");
  auto transaction = Must(acme->Begin());
  const std::string longest(TenantVault::kMaxNameBytes, 'n');
  EXPECT_TRUE(transaction.Put(longest, longest, std::string(TenantVault::kMaxValueBytes, 'v'), 0));
  for (const auto& [connection, field] : {std::pair<std::string, std::string>{"", "f"},
                                          {longest + "n", "f"},
                                          {"c", longest + "n"},
                                          {"\xff", "f"},
                                          {"c", std::string("a\0b", 3)}}) {
    const auto refused = transaction.Put(connection, field, "v", 0);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidInput);
  }
  EXPECT_THAT(Message(transaction.Put("c", "f", std::string(TenantVault::kMaxValueBytes + 1, 'v'), 0)),
              HasSubstr("at most 1048576 bytes"));
  Must(transaction.Commit());
  EXPECT_EQ(Message(acme->Verify()), "");
}

TEST_F(VaultTest, TenantsAreMadeListedAndOpened) {
  Vault vault = Open();
  EXPECT_THAT(*vault.ListTenants(), IsEmpty());
  Must(vault.CreateTenant(Tenant("b")));
  Must(vault.CreateTenant(Tenant("a")));
  EXPECT_THAT(*vault.ListTenants(), ElementsAre(Tenant("a"), Tenant("b")));
  EXPECT_EQ(Message(vault.CreateTenant(Tenant("a"))), "there is a tenant a already");
  EXPECT_EQ(Message(vault.OpenTenant(Tenant("c"))), "there is no tenant c");
  EXPECT_EQ(Message(vault.RotateDataKey(Tenant("c"))), "there is no tenant c");
  EXPECT_EQ(Message(vault.ShredTenant(Tenant("c"))), "there is no tenant c");
}

TEST_F(VaultTest, AnotherKeyIsOneClearSentence) {
  Make("acme");
  const auto refused = Vault::Open(state_, Kek('x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInvalidInput);
  EXPECT_THAT(refused.error().message,
              testing::MatchesRegex("the keyring .*keyring.db is under the key-encryption key local:[0-9a-f]{32}, and "
                                    "the one given is local:[0-9a-f]{32}"));
}

TEST_F(VaultTest, AFolderOfOthersIsRefused) {
  fs::create_directory(state_);
  ::chmod(state_.c_str(), 0755);
  EXPECT_THAT(Message(Vault::Open(state_, Kek())), HasSubstr("chmod 700"));
}

TEST_F(VaultTest, TheAuditLogIsPartOfTheTransactionAndItsEndIsKnown) {
  const auto acme = Make("acme");
  for (int i = 0; i < 3; ++i) {
    auto transaction = Must(acme->Begin());
    Must(transaction.Audit({{"type", "connection.used"}, {"number", i}}));
    Must(transaction.Commit());
  }
  std::vector<std::uint64_t> sequences;
  Must(acme->ReadAudit(1, [&](std::uint64_t sequence, std::string_view entry) {
    EXPECT_THAT(std::string(entry), HasSubstr(R"("type":"connection.used")"));
    sequences.push_back(sequence);
    return true;
  }));
  EXPECT_THAT(sequences, ElementsAre(2u, 3u));
  EXPECT_EQ(Message(acme->Verify()), "");
  // The last entries taken away, which a chain alone does not show.
  Tamper(FileOf("acme"), "DELETE FROM audit WHERE sequence = 3");
  EXPECT_THAT(Message(acme->Verify()), HasSubstr("tenant acme is not authentic: entry 3 is missing"));
}

TEST_F(VaultTest, TheKeyInAFileIsMadeWithTheKeyringAndNeverAgain) {
  const fs::path key_file = scratch_.folder() / "kek";
  bool made = false;
  Must(Must(Vault::OpenWithKeyFile(state_, key_file, &made)).CreateTenant(Tenant("acme")));
  EXPECT_TRUE(made);
  EXPECT_TRUE(Vault::OpenWithKeyFile(state_, key_file, &made));
  EXPECT_FALSE(made);
  fs::rename(key_file, scratch_.folder() / "lost");
  EXPECT_THAT(Message(Vault::OpenWithKeyFile(state_, key_file, &made)), HasSubstr("No such file"));
  EXPECT_FALSE(fs::exists(key_file));
}

TEST_F(VaultTest, ANewKeyEncryptionKeyRewritesNoRecord) {
  for (const char* const name : {"a", "b", "c"}) Put(*Make(name), "crm", "token", std::string("of ") + name);
  const auto files = [&] {
    return store::BytesOf(FileOf("a")) + store::BytesOf(FileOf("b")) + store::BytesOf(FileOf("c"));
  };
  const std::string before = files();
  Vault vault = Open();
  const auto held = Must(vault.OpenTenant(Tenant("a")));
  EXPECT_EQ(*vault.RotateKek(Kek('n')), 3u);
  EXPECT_EQ(files(), before);
  // This vault goes on, with what was open and with what was not.
  EXPECT_EQ(Get(*held, "crm", "token"), "of a");
  EXPECT_EQ(Get(*Must(vault.OpenTenant(Tenant("b"))), "crm", "token"), "of b");
  EXPECT_FALSE(Vault::Open(state_, Kek()));
  EXPECT_EQ(Get(*Must(Open('n').OpenTenant(Tenant("c"))), "crm", "token"), "of c");
}

// Who rotates believes that the old key opens nothing from now on.
TEST_F(VaultTest, ARotationToTheSameKeyIsRefused) {
  Put(*Make("acme"), "crm", "token", "s3cret");
  const std::string before = Blob(KeyringFile(), "SELECT wrapped FROM data_key");
  EXPECT_THAT(Message(Open().RotateKek(Kek())), HasSubstr("that is the same key, wherever it is kept"));
  EXPECT_EQ(Blob(KeyringFile(), "SELECT wrapped FROM data_key"), before);
  EXPECT_EQ(Read("acme", "crm", "token"), "s3cret");
}

TEST_F(VaultTest, AProcessWithTheOldKeyIsToldAndWrapsNothingUnderIt) {
  Put(*Make("acme"), "crm", "token", "s3cret");
  Vault old = Open();
  const auto open_before = Must(old.OpenTenant(Tenant("acme")));
  EXPECT_EQ(Get(*open_before, "crm", "token"), "s3cret");
  Must(Open().RotateKek(Kek('n')));
  EXPECT_EQ(Put(*open_before, "crm", "token", "newer"), 2u);
  EXPECT_THAT(Get(*Must(old.OpenTenant(Tenant("acme"))), "crm", "token"), HasSubstr("is under the key-encryption key"));
  EXPECT_THAT(Message(old.CreateTenant(Tenant("b"))), HasSubstr("is under the key-encryption key"));
  EXPECT_THAT(Message(open_before->RotateDataKey()), HasSubstr("is under the key-encryption key"));
  EXPECT_EQ(Get(*Must(Open('n').OpenTenant(Tenant("acme"))), "crm", "token"), "newer");
}

TEST_F(VaultTest, TheKeyInAFileIsReplaced) {
  const fs::path key_file = scratch_.folder() / "kek";
  Vault vault = Must(Vault::OpenWithKeyFile(state_, key_file));
  Put(*Must(vault.CreateTenant(Tenant("acme"))), "crm", "token", "s3cret");
  const std::string before = store::BytesOf(key_file);
  std::ifstream former(key_file, std::ios::binary);  // the same file, whatever its name becomes
  EXPECT_EQ(*vault.RotateKekFile(key_file), 1u);
  EXPECT_NE(store::BytesOf(key_file), before);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(former), {}), std::string(before.size(), '\0'));
  EXPECT_FALSE(fs::exists(key_file.string() + ".next"));
  Vault again = Must(Vault::OpenWithKeyFile(state_, key_file));
  EXPECT_EQ(Get(*Must(again.OpenTenant(Tenant("acme"))), "crm", "token"), "s3cret");
}

TEST_F(VaultTest, ANewDataKeySealsEverythingAnew) {
  const auto acme = Make("acme");
  Put(*acme, "crm", "token", "one");
  Put(*acme, "erp", "token", "two");
  const auto names = *acme->List();
  const auto key = [&] { return Blob(FileOf("acme"), "SELECT key FROM record_index"); };
  const auto sealed = [&] { return Blob(FileOf("acme"), "SELECT sealed FROM record WHERE connection = 'crm'"); };
  const std::string old_key = key();
  const std::string old_sealed = sealed();
  const std::string old_wrapped = Blob(KeyringFile(), "SELECT wrapped FROM data_key");
  EXPECT_NE(AllBytes().find(old_wrapped), std::string::npos);
  const auto other = OpenTenant("acme");  // has the old key
  EXPECT_EQ(Get(*other, "crm", "token"), "one");
  Must(Open().RotateDataKey(Tenant("acme")));
  EXPECT_NE(key(), old_key);
  EXPECT_NE(sealed(), old_sealed);
  std::string log;
  Must(acme->ReadAudit(0, [&](std::uint64_t, std::string_view entry) {
    log.append(entry);
    return true;
  }));
  EXPECT_THAT(log, HasSubstr(R"("event":{"event":"data key replaced"})"));
  EXPECT_EQ(Blob(KeyringFile(), "SELECT key FROM data_key WHERE tenant = 'acme'"), key());
  for (const auto& vault : {acme, other}) {
    EXPECT_EQ(Get(*vault, "crm", "token"), "one");
    EXPECT_EQ(Get(*vault, "erp", "token"), "two");
    EXPECT_EQ(*vault->List(), names);
  }
  EXPECT_EQ(Put(*other, "crm", "token", "three"), 4u);
  EXPECT_EQ(Message(acme->Verify()), "");
  // The old key is in no file any more, wrapped as it was.
  EXPECT_NE(AllBytes().find(Blob(KeyringFile(), "SELECT wrapped FROM data_key")), std::string::npos);
  EXPECT_EQ(AllBytes().find(old_wrapped), std::string::npos);
}

TEST_F(VaultTest, ThreadsShareAVault) {
  const auto acme = Make("acme");
  Put(*acme, "crm", "count", "0");
  const auto count = [&] {
    for (int i = 0; i < 25; ++i) {
      auto transaction = Must(acme->Begin());
      const auto record = Must(transaction.Get("crm", "count"));
      const int now = std::stoi(std::string(record->value.view()));
      Must(transaction.Put("crm", "count", std::to_string(now + 1), record->generation));
      Must(transaction.Commit());
    }
  };
  std::thread first(count);
  std::thread second(count);
  first.join();
  second.join();
  EXPECT_EQ(Get(*acme, "crm", "count"), "50");
}

}  // namespace
}  // namespace warder::vault
