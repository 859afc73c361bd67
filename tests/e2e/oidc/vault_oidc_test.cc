// The public vault against a certified OpenID provider: a platform's user in a browser somewhere else, clients that
// sign, and service accounts that assert.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "engine/store/testing/scratch.h"
#include "tests/e2e/oidc/oidc_server.h"
#include "warder/engine.h"
#include "warder/vault.h"

namespace warder::oauth::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCallback = "https://platform.test/callback";
constexpr const char* kSession = "the session of anna";

class VaultOidcTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* const file = std::getenv("OIDC_SERVER");
    ASSERT_NE(file, nullptr) << "tests/e2e/oidc/run.sh sets it";
    server = std::make_unique<OidcServer>(file, R"({"publicKey":)" + key.public_jwk + "}");
    vault = OpenVault();
    vault->CreateTenant("acme");
  }

  std::shared_ptr<Vault> OpenVault() const {
    return Vault::Open({.folder = scratch.folder() / "state", .key = {.file = scratch.folder() / "kek"}});
  }
  OAuthSetup SetupFor(OAuthSetup::Grant grant, const std::string& client) const {
    OAuthSetup setup;
    setup.grant = grant;
    setup.policy = "origin " + server->issuer() + "\nallow * /**\ninject bearer access_token\n";
    setup.issuer = server->issuer();
    setup.client_id = client;
    return setup;
  }
  OAuthSetup Platform() const {
    OAuthSetup setup = SetupFor(OAuthSetup::Grant::kAuthorizationCode, "platform");
    setup.client_secret = "the secret of a platform";
    setup.scopes = {"openid", "offline_access"};
    return setup;
  }
  // The query with which the browser comes back.
  std::string Browsed(const OAuthSetup& setup) {
    const BrowserAuthorization browser{.redirect_uri = kCallback, .session = kSession, .more = {{"prompt", "consent"}}};
    const std::string url = vault->BeginAuthorization("acme", "mail", setup, browser);
    const std::string back = BrowseUntil(url, kCallback);
    EXPECT_TRUE(back.starts_with(std::string(kCallback) + "?")) << back;
    return back.substr(back.find('?') + 1);
  }
  std::string Refusal(const std::string& session, const std::string& query) {
    try {
      vault->FinishAuthorization("acme", session, std::string(kCallback) + "?" + query);
    } catch (const EngineError& error) {
      EXPECT_EQ(error.status(), Status::kInvalid);
      return error.what();
    }
    return {};
  }
  std::string Events() {
    std::string log;
    vault->ReadAudit("acme", 0, [&](std::uint64_t, std::string_view entry) {
      log.append(entry).append("\n");
      return true;
    });
    return log;
  }

  const store::Scratch scratch;
  const SigningKey key = SigningKey::Make();
  std::unique_ptr<OidcServer> server;
  std::shared_ptr<Vault> vault;
};

TEST_F(VaultOidcTest, AUserAuthorizesInABrowserAndComesBackToAnotherProcess) {
  const std::string query = Browsed(Platform());
  EXPECT_THAT(query, HasSubstr("iss="));
  const auto other = OpenVault();
  EXPECT_EQ(other->FinishAuthorization("acme", kSession, std::string(kCallback) + "?" + query), "mail");
  EXPECT_THAT(Refusal(kSession, query), HasSubstr("it has ended or expired"));
  EXPECT_EQ(vault->Connections("acme").at(0).kind, "authorization_code");
  vault->Refresh("acme", "mail");
  other->Refresh("acme", "mail");  // with the refresh token that the other one got
  EXPECT_EQ(vault->Disconnect("acme", "mail").at_server, DisconnectResult::AtServer::kRevoked);
  EXPECT_THAT(Events(), Not(HasSubstr(query.substr(query.find("code=") + 5, 20))));
}

TEST_F(VaultOidcTest, ACodeOfAnotherAuthorizationIsOfNoUse) {
  EXPECT_THAT(Refusal("another session", Browsed(Platform())), HasSubstr("another session"));
  const auto parameter = [](const std::string& query, const std::string& name) {
    const std::size_t at = ("&" + query).find("&" + name + "=");
    return query.substr(at, query.find('&', at) - at);
  };
  const std::string mine = Browsed(Platform());
  const std::string theirs = Browsed(Platform());
  // Somebody's code brought with one's own state: the verifier is the other one's (RFC 9700 section 4.5).
  EXPECT_THAT(
      Refusal(kSession, parameter(theirs, "code") + "&" + parameter(mine, "state") + "&" + parameter(mine, "iss")),
      HasSubstr("invalid_grant"));
  EXPECT_TRUE(vault->Connections("acme").empty());
  EXPECT_THAT(Events(), HasSubstr("authorization failed"));
}

TEST_F(VaultOidcTest, AClientSignsAndARobotAsserts) {
  OAuthSetup signs = SetupFor(OAuthSetup::Grant::kClientCredentials, "signed");
  signs.client_authentication = "private_key_jwt";
  signs.client_algorithm = "ES256";
  signs.client_secret = key.pem.view();
  signs.scopes = {"api:read"};
  vault->Authorize("acme", "signed", signs, {});
  vault->Refresh("acme", "signed");

  OAuthSetup robot = signs;
  robot.grant = OAuthSetup::Grant::kJwtBearer;
  robot.client_id = "robot";
  robot.scopes = {"openid"};
  robot.assertion.issuer = "robot@acme.test";
  robot.assertion.subject = "anna";
  robot.assertion.algorithm = "ES256";
  robot.assertion.key = key.pem.view();
  vault->Authorize("acme", "robot", robot, {});
  vault->Refresh("acme", "robot");
  robot.assertion.subject = "somebody else";
  EXPECT_THROW(vault->Authorize("acme", "robot", robot, {}, {.replace = true}), EngineError);
  EXPECT_EQ(vault->Connections("acme").at(0).state, "active") << "what was there stays";
}

}  // namespace
}  // namespace warder::oauth::testing
