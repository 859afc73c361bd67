// A key in a token: SoftHSM's, made by the test.
#include <stdlib.h>

#include <fstream>

#include "engine/vault/pkcs11_key.h"
#include "engine/vault/testing/vault_test_case.h"

namespace warder::vault {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr const char* kModule = SOFTHSM_MODULE;
constexpr const char* kPin = "57190246";

class Pkcs11Test : public VaultTestCase {
 protected:
  // One token for all tests of the process: making keys takes time.
  static void SetUpTestSuite() {
    token_folder = new store::Scratch;
    const fs::path folder = token_folder->folder();
    fs::create_directory(folder / "tokens");
    std::ofstream(folder / "softhsm2.conf") << "directories.tokendir = " << (folder / "tokens").string()
                                            << "\nobjectstore.backend = file\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", (folder / "softhsm2.conf").c_str(), 1);
    const std::string pin = kPin;
    Run("softhsm2-util --init-token --free --label warder --so-pin 12345678 --pin " + pin);
    const auto import = [&](const std::string& algorithm, const std::string& label, const std::string& id) {
      const std::string key = (folder / (label + ".pem")).string();
      Run("openssl genpkey -quiet -algorithm " + algorithm + " -out " + key + " 2>&1 || openssl genpkey -algorithm " +
          algorithm + " -out " + key);
      Run("softhsm2-util --import " + key + " --token warder --label " + label + " --id " + id + " --pin " + pin);
    };
    import("RSA -pkeyopt rsa_keygen_bits:2048", "kek", "A1");
    import("RSA -pkeyopt rsa_keygen_bits:2048", "next", "A2");
    import("RSA -pkeyopt rsa_keygen_bits:1024", "small", "A3");
  }
  static void TearDownTestSuite() { delete token_folder; }

  static void Run(const std::string& command) {
    if (::system(("(" + command + ") > " + (token_folder->folder() / "log").string() + " 2>&1").c_str()) != 0) {
      throw std::runtime_error(command + ": " + store::BytesOf(token_folder->folder() / "log"));
    }
  }
  static Result<std::unique_ptr<KeyEncryption>> Key(const char* label, std::string_view pin = kPin,
                                                    const char* token = "warder", const char* module = kModule) {
    return OpenPkcs11Key({.module = module, .token = token, .key = label, .pin = Secret(pin)});
  }

  static inline store::Scratch* token_folder = nullptr;
  const SealContext context_{"test"};
};

TEST_F(Pkcs11Test, WhatItWrapsItUnwrapsAndNothingElse) {
  const auto key = Must(Key("kek"));
  const auto other = Must(Key("next"));
  EXPECT_THAT(key->id(), testing::MatchesRegex("pkcs11:[0-9a-f]{32}"));
  EXPECT_NE(key->id(), other->id());
  EXPECT_EQ(Must(Key("kek"))->id(), key->id());
  const std::string data_key(32, 'd');
  const std::string wrapped = Must(key->Wrap(Secret(data_key), context_));
  EXPECT_EQ(wrapped.find(data_key), std::string::npos);
  EXPECT_EQ(Must(key->Unwrap(wrapped, context_)).view(), data_key);
  EXPECT_EQ(Must(Must(Key("kek"))->Unwrap(wrapped, context_)).view(), data_key);

  EXPECT_FALSE(other->Unwrap(wrapped, context_));
  EXPECT_FALSE(key->Unwrap(wrapped, SealContext("another tenant")));
  for (std::size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
    std::string changed = wrapped;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto refused = key->Unwrap(changed, context_);
    ASSERT_FALSE(refused) << bit;
    EXPECT_THAT(refused.error().message, HasSubstr("it was not wrapped by pkcs11:"));
  }
  for (std::size_t size = 0; size < wrapped.size(); ++size) {
    EXPECT_FALSE(key->Unwrap(wrapped.substr(0, size), context_));
  }
}

TEST_F(Pkcs11Test, AVaultUnderAToken) {
  {
    Vault vault = Must(Vault::Open(state_, Must(Key("kek"))));
    Put(*Must(vault.CreateTenant(Tenant("acme"))), "crm", "token", "s3cret");
  }
  {
    Vault vault = Must(Vault::Open(state_, Must(Key("kek"))));
    EXPECT_EQ(Get(*Must(vault.OpenTenant(Tenant("acme"))), "crm", "token"), "s3cret");
    // From one token's key to another, and to one in a file and back.
    Must(vault.RotateKek(Must(Key("next"))));
    Must(vault.RotateKek(Kek()));
  }
  EXPECT_EQ(Read("acme", "crm", "token"), "s3cret");
  EXPECT_THAT(Message(Vault::Open(state_, Must(Key("kek")))), HasSubstr("is under the key-encryption key local:"));
  Must(Open().RotateKek(Must(Key("kek"))));
  Vault vault = Must(Vault::Open(state_, Must(Key("kek"))));
  EXPECT_EQ(Get(*Must(vault.OpenTenant(Tenant("acme"))), "crm", "token"), "s3cret");
}

TEST_F(Pkcs11Test, WhatIsMissingIsOneClearSentence) {
  EXPECT_THAT(Message(Key("kek", kPin, "warder", "/no/such/module.so")),
              HasSubstr("the PKCS#11 module /no/such/module.so cannot be loaded: "));
  EXPECT_THAT(Message(Key("kek", kPin, "other")), HasSubstr("has no token with the label other"));
  EXPECT_THAT(Message(Key("absent")), testing::EndsWith("the token warder has no private key with the label absent"));
  EXPECT_THAT(Message(Key("small")), HasSubstr("the key warder/small is not an RSA key of at least 2048 bits"));
  const std::string wrong = Message(Key("kek", "99999999"));
  EXPECT_THAT(wrong, testing::StartsWith("the token warder does not let us in: "));
  EXPECT_EQ(wrong.find("99999999"), std::string::npos);
  EXPECT_EQ(Message(Key("kek")), "");
}

}  // namespace
}  // namespace warder::vault
