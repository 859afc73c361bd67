// A shredded tenant, with everything that was ever copied of its file.
#include "engine/vault/testing/vault_test_case.h"

namespace warder::vault {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::string_view kCanary = "canary-61f0e2d94b";

class ShredTest : public VaultTestCase {
 protected:
  ShredTest() {
    acme_ = Must(vault_.CreateTenant(Tenant("acme")));
    Put(*acme_, "crm", "token", kCanary);
    Put(*Must(vault_.CreateTenant(Tenant("other"))), "crm", "token", "of other");
  }

  Vault vault_ = Open();
  std::shared_ptr<TenantVault> acme_;
};

TEST_F(ShredTest, IsInNoFileAndNoLogAndInNoCopyOfItsFile) {
  // A backup made while it was in use: the file, its log and its shared memory.
  const fs::path backup = scratch_.folder() / "backup";
  fs::copy(state_ / "tenants", backup);
  const std::string wrapped = Blob(KeyringFile(), "SELECT wrapped FROM data_key WHERE tenant = 'acme'");
  ASSERT_NE(AllBytes().find(wrapped), std::string::npos);
  // The control: with the keyring as it is, such a copy can be read.
  ASSERT_EQ(Get(*acme_, "crm", "token"), kCanary);

  Must(vault_.ShredTenant(Tenant("acme")));
  EXPECT_EQ(AllBytes().find(wrapped), std::string::npos);
  for (const char* const suffix : {"", "-wal", "-shm"}) EXPECT_FALSE(fs::exists(FileOf("acme").string() + suffix));
  EXPECT_EQ(Message(vault_.OpenTenant(Tenant("acme"))), "there is no tenant acme");
  EXPECT_EQ(Read("other", "crm", "token"), "of other");

  // Put back under its name, it stays unreadable; under a name that has a key too.
  for (const auto& entry : fs::directory_iterator(backup)) {
    if (entry.path().filename().string().starts_with("acme")) {
      fs::copy(entry.path(), state_ / "tenants" / entry.path().filename());
    }
  }
  EXPECT_EQ(Message(vault_.OpenTenant(Tenant("acme"))), "there is no tenant acme");
  EXPECT_THAT(Message(vault_.CreateTenant(Tenant("acme"))), HasSubstr("that the keyring does not know"));
  Must(vault_.ShredTenant(Tenant("acme")));
  Must(vault_.CreateTenant(Tenant("acme")));
  for (const auto& entry : fs::directory_iterator(backup)) {
    if (entry.path().filename().string().starts_with("acme")) {
      fs::copy(entry.path(), state_ / "tenants" / entry.path().filename(), fs::copy_options::overwrite_existing);
    }
  }
  EXPECT_THAT(Read("acme", "crm", "token"), HasSubstr("sealed under a data key that the keyring does not have"));
}

TEST_F(ShredTest, TheCopyIsReadableAsLongAsTheKeyIsThere) {
  // The control of all of the above: the same copy, put back before the shredding.
  acme_.reset();
  const fs::path backup = scratch_.folder() / "backup.db";
  fs::copy(FileOf("acme"), backup);
  fs::remove(FileOf("acme"));
  fs::copy(backup, FileOf("acme"));
  EXPECT_EQ(Read("acme", "crm", "token"), kCanary);
}

TEST_F(ShredTest, WhoHasItOpenLosesIt) {
  ASSERT_EQ(Get(*acme_, "crm", "token"), kCanary);
  auto writing = Must(acme_->Begin());
  Must(writing.Put("crm", "token", "late", 1));
  Must(Open().ShredTenant(Tenant("acme")));
  EXPECT_THAT(Message(writing.Commit()), HasSubstr("it was shredded"));
  EXPECT_THAT(Get(*acme_, "crm", "token"), HasSubstr("it was shredded"));
  EXPECT_THAT(Message(acme_->Begin()), HasSubstr("it was shredded"));
  EXPECT_FALSE(fs::exists(FileOf("acme")));
  // Another one of the same name is not the same.
  Must(vault_.CreateTenant(Tenant("acme")));
  EXPECT_THAT(Get(*acme_, "crm", "token"), testing::StartsWith("("));
  EXPECT_EQ(Read("acme", "crm", "token"), "-");
}

}  // namespace
}  // namespace warder::vault
