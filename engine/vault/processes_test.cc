// Several processes with one state folder.
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

}  // namespace
}  // namespace warder::vault
