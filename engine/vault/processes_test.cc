// Several processes with one state folder.
#include <optional>
#include <thread>

#include "engine/store/transaction.h"
#include "engine/vault/testing/vault_test_case.h"

namespace warder::vault {
namespace {

class ProcessesTest : public VaultTestCase {};

TEST_F(ProcessesTest, NoWriteIsLost) {
  constexpr int kProcesses = 3;
  constexpr int kWrites = 20;
  Put(*Make("acme"), "crm", "count", "0");
  store::InChildren(kProcesses, [&](int number) {
    const auto acme = OpenTenant("acme");
    for (int i = 0; i < kWrites; ++i) {
      auto transaction = Must(acme->Begin());
      const auto count = Must(transaction.Get("crm", "count"));
      const int now = std::stoi(std::string(count->value.view()));
      Must(transaction.Put("crm", "count", std::to_string(now + 1), count->generation));
      Must(transaction.Put("p" + std::to_string(number), std::to_string(i), "x", 0));
      Must(transaction.Audit({{"type", "counted"}}));
      Must(transaction.Commit());
    }
  });
  const auto acme = OpenTenant("acme");
  EXPECT_EQ(Get(*acme, "crm", "count"), std::to_string(kProcesses * kWrites));
  EXPECT_EQ(acme->List()->size(), 1u + kProcesses * kWrites);
  EXPECT_EQ(Message(acme->Verify()), "");
}

TEST_F(ProcessesTest, ReadersAndWritersGoOnWhileKeysAreReplaced) {
  Put(*Make("acme"), "crm", "token", "s3cret");
  Put(*OpenTenant("acme"), "crm", "other", "0");
  store::InChildren(4, [&](int number) {
    const auto acme = OpenTenant("acme");
    for (int i = 0; i < 15; ++i) {
      if (number == 0) Must(acme->RotateDataKey());
      if (number == 1) Put(*acme, "crm", "other", std::to_string(i));
      if (number > 1) {
        EXPECT_EQ(Get(*acme, "crm", "token"), "s3cret");
      }
    }
  });
  EXPECT_EQ(Read("acme", "crm", "token"), "s3cret");
  EXPECT_EQ(Read("acme", "crm", "other"), "14");
  EXPECT_EQ(Message(OpenTenant("acme")->Verify()), "");
}

TEST_F(ProcessesTest, ManyMayMakeTheSameVaultAndTenant) {
  store::InChildren(6, [&](int) {
    Vault vault = Must(Vault::OpenWithKeyFile(state_, scratch_.folder() / "kek"));
    const auto made = vault.CreateTenant(Tenant("acme"));
    EXPECT_THAT(Message(made), testing::AnyOf("", "there is a tenant acme already"));
    Put(*Must(vault.OpenTenant(Tenant("acme"))), "crm", std::to_string(::getpid()), "x");
  });
  Vault vault = Must(Vault::OpenWithKeyFile(state_, scratch_.folder() / "kek"));
  EXPECT_EQ(Must(vault.OpenTenant(Tenant("acme")))->List()->size(), 6u);
}

// Who has the file locked, in this process or another, keeps nobody from reading.
TEST_F(ProcessesTest, WhoReadsWaitsForNobodyWhoWrites) {
  Put(*Make("acme"), "crm", "token", "s3cret");
  const auto vault = OpenTenant("acme");
  const auto elsewhere = OpenTenant("acme");
  auto held = Must(elsewhere->Begin());
  std::thread writer([&] { Must(vault->Begin()); });  // waits for it, with all that writers of this vault share
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Get(*vault, "crm", "token"), "s3cret");
    EXPECT_EQ(Must(vault->List()).size(), 1u);
  }
  const auto reading = Must(vault->Read());
  Must(held.Commit());
  writer.join();
}

// The keyring is everybody's: whoever has it locked keeps writers waiting, and no reader of any tenant.
TEST_F(ProcessesTest, ALockedKeyringKeepsNobodyFromReading) {
  Put(*Make("acme"), "crm", "token", "s3cret");
  Vault vault = Open();
  const auto acme = Must(vault.OpenTenant(Tenant("acme")));
  auto keyring = Must(OpenRaw(KeyringFile()));
  auto held = std::make_optional(Must(store::Transaction::Begin(keyring, store::Access::kWrite)));
  std::thread maker([&] { Must(vault.CreateTenant(Tenant("other"))); });  // waits for it
  for (int i = 0; i < 100; ++i) EXPECT_EQ(Get(*acme, "crm", "token"), "s3cret");
  EXPECT_EQ(vault.ListTenants()->size(), 1u);
  EXPECT_EQ(Get(*Must(vault.OpenTenant(Tenant("acme"))), "crm", "token"), "s3cret") << "also who opens it anew";
  held.reset();
  maker.join();
}

}  // namespace
}  // namespace warder::vault
