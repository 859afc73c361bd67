// A new key-encryption key for many tenants.
#include <chrono>
#include <iostream>

#include "engine/vault/testing/vault_test_case.h"

namespace warder::vault {
namespace {

class RotationTest : public VaultTestCase {};

TEST_F(RotationTest, OfTenThousandTenantsRewritesNoRecord) {
  constexpr int kTenants = 10'000;
  constexpr int kWithFiles = 20;
  std::vector<std::string> before;
  const auto name = [](int i) { return "tenant-" + std::to_string(i); };
  for (int i = 0; i < kWithFiles; ++i) {
    Put(*Make(name(i)), "crm", "token", "of " + name(i));
    before.push_back(store::BytesOf(FileOf(name(i))));
  }
  {
    // The others' rows of the keyring; their files play no part.
    const auto keyring = Must(Keyring::Open(state_, Kek()));
    for (int i = kWithFiles; i < kTenants; ++i) {
      Must(keyring->Add(Tenant(name(i)), DataKey::Generate(), [] { return Result<void>(); }));
    }
  }
  Vault vault = Open();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_EQ(*vault.RotateKek(Kek('n')), static_cast<std::size_t>(kTenants));
  const auto took = std::chrono::steady_clock::now() - begun;
  std::cout << kTenants << " data keys under another key-encryption key in "
            << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
  EXPECT_LT(took, std::chrono::seconds(5));
  for (int i = 0; i < kWithFiles; ++i) {
    EXPECT_EQ(store::BytesOf(FileOf(name(i))), before[static_cast<std::size_t>(i)]) << name(i);
    EXPECT_EQ(Get(*Must(vault.OpenTenant(Tenant(name(i)))), "crm", "token"), "of " + name(i));
  }
}

TEST_F(RotationTest, OneKeyThatIsNotAuthenticKeepsAllAsTheyWere) {
  Put(*Make("acme"), "crm", "token", "s3cret");
  Make("other");
  const std::string good = Blob(KeyringFile(), "SELECT wrapped FROM data_key WHERE tenant = 'other'");
  Tamper(KeyringFile(), "UPDATE data_key SET wrapped = ?1 WHERE tenant = 'other'", good.substr(1));
  EXPECT_THAT(Message(Open().RotateKek(Kek('n'))), testing::HasSubstr("the data key of tenant other is refused"));
  EXPECT_EQ(Read("acme", "crm", "token"), "s3cret");
  Tamper(KeyringFile(), "UPDATE data_key SET wrapped = ?1 WHERE tenant = 'other'", good);
  EXPECT_EQ(*Open().RotateKek(Kek('n')), 2u);
}

}  // namespace
}  // namespace warder::vault
