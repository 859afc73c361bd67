// kill -9 at every step of everything that changes a file. What is there afterwards is what was before or what was to
// be, and all goes on.
#include <sys/wait.h>

#include <csignal>
#include <functional>

#include "engine/vault/testing/dying.h"
#include "engine/vault/testing/vault_test_case.h"

namespace warder::vault {
namespace {

namespace fs = std::filesystem;
using testing::AnyOf;
using testing::HasSubstr;

// More steps than anything here has.
constexpr int kMaxSteps = 500;

class CrashTest : public VaultTestCase {
 protected:
  CrashTest() {
    {
      Vault vault = Must(Vault::OpenWithKeyFile(state_, key_file_));
      for (const char* const name : {"acme", "other"}) {
        const auto tenant = Must(vault.CreateTenant(Tenant(name)));
        for (const char* const connection : {"crm", "erp", "shop"}) Put(*tenant, connection, "token", "old");
      }
    }
    fs::copy(scratch_.folder() / "state", scratch_.folder() / "good", fs::copy_options::recursive);
  }

  Vault OpenWithFile() const { return Must(Vault::OpenWithKeyFile(state_, key_file_)); }

  // Does `work` in a process that dies at its first step, then one that dies at its second, until one lives; `look`
  // sees what each has left. Each begins with the same files.
  void AtEveryStep(const std::function<void()>& work, const std::function<void(bool died)>& look) {
    for (const Death death : {Death::kBefore, Death::kWithin}) {
      int step = 1;
      for (; step < kMaxSteps; ++step) {
        SCOPED_TRACE("step " + std::to_string(step) + (death == Death::kBefore ? ", before" : ", within"));
        fs::remove_all(state_);
        fs::copy(scratch_.folder() / "good", state_, fs::copy_options::recursive);
        const int status = store::Wait(store::StartChild([&] {
          DieAtStep(step, death);
          work();
        }));
        const bool died = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        ASSERT_TRUE(died || status == 0) << status;
        look(died);
        if (HasFailure() || !died) break;
      }
      // The control: there were steps, and the last attempt came to its end.
      EXPECT_GT(step, 3);
      EXPECT_LT(step, kMaxSteps);
    }
  }

  // Every tenant is whole, and can be written.
  void ExpectWhole() {
    Vault vault = OpenWithFile();
    for (const store::TenantId& tenant : *vault.ListTenants()) {
      const auto opened = vault.OpenTenant(tenant);
      ASSERT_TRUE(opened) << opened.error().message;
      EXPECT_EQ(Message((*opened)->Verify()), "");
      Put(**opened, "after", "", "a write");
      EXPECT_EQ(Message((*opened)->Verify()), "");
    }
  }
  std::string Values(std::string_view tenant) const {
    Vault vault = OpenWithFile();
    const auto opened = Must(vault.OpenTenant(Tenant(tenant)));
    std::string values;
    for (const char* const connection : {"crm", "erp", "shop"}) values += Get(*opened, connection, "token") + " ";
    return values;
  }

  fs::path key_file_ = state_ / "kek";
};

TEST_F(CrashTest, AWrite) {
  AtEveryStep(
      [&] {
        const auto acme = Must(OpenWithFile().OpenTenant(Tenant("acme")));
        auto transaction = Must(acme->Begin());
        Must(transaction.Put("crm", "token", "new", 1));
        Must(transaction.Put("erp", "token", "new", 2));
        Must(transaction.Remove("shop", "token", 3));
        Must(transaction.Audit({{"type", "changed"}}));
        Must(transaction.Commit());
      },
      [&](bool died) {
        const std::string values = Values("acme");
        EXPECT_THAT(values, AnyOf("old old old ", "new new - "));
        EXPECT_TRUE(died || values == "new new - ");
        std::size_t audited = 0;
        Must(Must(OpenWithFile().OpenTenant(Tenant("acme")))->ReadAudit(0, [&](std::uint64_t, std::string_view) {
          return ++audited > 0;
        }));
        EXPECT_EQ(audited, values == "old old old " ? 0u : 1u);
        ExpectWhole();
      });
}

TEST_F(CrashTest, ANewDataKey) {
  AtEveryStep([&] { Must(OpenWithFile().RotateDataKey(Tenant("acme"))); },
              [&](bool) {
                EXPECT_EQ(Values("acme"), "old old old ");
                ExpectWhole();
                Must(OpenWithFile().RotateDataKey(Tenant("acme")));
                EXPECT_EQ(Values("acme"), "old old old ");
                EXPECT_EQ(Blob(KeyringFile(), "SELECT CAST(count(*) AS BLOB) FROM data_key WHERE tenant = 'acme'"),
                          "1");
              });
}

TEST_F(CrashTest, ANewKeyEncryptionKeyInAFile) {
  AtEveryStep([&] { Must(OpenWithFile().RotateKekFile(key_file_)); },
              [&](bool) {
                EXPECT_EQ(Values("acme"), "old old old ");
                EXPECT_EQ(Values("other"), "old old old ");
                ExpectWhole();
                EXPECT_EQ(*OpenWithFile().RotateKekFile(key_file_), 2u);
                EXPECT_EQ(Values("other"), "old old old ");
              });
}

TEST_F(CrashTest, ANewKeyEncryptionKeyFitsAllOrNone) {
  AtEveryStep([&] { Must(OpenWithFile().RotateKek(Kek('n'))); },
              [&](bool died) {
                const bool now_new = Vault::Open(state_, Kek('n')).has_value();
                const bool still_old = Vault::OpenWithKeyFile(state_, key_file_).has_value();
                EXPECT_NE(now_new, still_old);
                EXPECT_TRUE(died || now_new);
                Vault vault = now_new ? Open('n') : OpenWithFile();
                for (const char* const name : {"acme", "other"}) {
                  EXPECT_EQ(Get(*Must(vault.OpenTenant(Tenant(name))), "erp", "token"), "old");
                }
              });
}

TEST_F(CrashTest, ATenantMade) {
  AtEveryStep([&] { Must(OpenWithFile().CreateTenant(Tenant("new"))); },
              [&](bool died) {
                Vault vault = OpenWithFile();
                const auto again = vault.CreateTenant(Tenant("new"));
                EXPECT_THAT(Message(again), AnyOf("", "there is a tenant new already"));
                EXPECT_TRUE(died || !again);
                ExpectWhole();
                EXPECT_EQ(vault.ListTenants()->size(), 3u);
              });
}

TEST_F(CrashTest, ATenantShredded) {
  AtEveryStep([&] { Must(OpenWithFile().ShredTenant(Tenant("acme"))); },
              [&](bool died) {
                Vault vault = OpenWithFile();
                const auto opened = vault.OpenTenant(Tenant("acme"));
                if (opened) {
                  EXPECT_TRUE(died);
                  EXPECT_EQ(Get(**opened, "crm", "token"), "old");
                }
                EXPECT_THAT(Message(opened), AnyOf("", HasSubstr("is missing"), "there is no tenant acme"));
                EXPECT_THAT(Message(vault.ShredTenant(Tenant("acme"))), AnyOf("", "there is no tenant acme"));
                EXPECT_EQ(vault.ListTenants()->size(), 1u);
                EXPECT_EQ(Values("other"), "old old old ");
                Must(vault.CreateTenant(Tenant("acme")));
                ExpectWhole();
              });
}

TEST_F(CrashTest, AVaultMade) {
  fs::remove_all(scratch_.folder() / "good");
  fs::create_directory(scratch_.folder() / "good");
  fs::permissions(scratch_.folder() / "good", fs::perms::owner_all);
  AtEveryStep([&] { OpenWithFile(); },
              [&](bool) {
                Put(*Must(OpenWithFile().CreateTenant(Tenant("acme"))), "crm", "token", "new");
                ExpectWhole();
              });
}

}  // namespace
}  // namespace warder::vault
