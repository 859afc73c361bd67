// What the tests of the public vault share: one with the tenant "acme", and an authorization server.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/connections/testing/connections_fixture.h"
#include "warder/engine.h"
#include "warder/vault.h"

namespace warder::connections::testing {

inline constexpr const char* kSecret = "canary-s3cr3tmark-0123456789";

class PublicVaultTest : public ConnectionsTest {
 protected:
  VaultOptions Options() const { return {.folder = state(), .key = {.file = scratch_.folder() / "kek"}}; }
  void SetUp() override {
    vault = Vault::Open(Options());
    vault->CreateTenant("acme");
  }
  // What it said, or "" if it did it.
  static std::string Error(const std::function<void()>& what, Status status = Status::kInvalid) {
    try {
      what();
    } catch (const EngineError& error) {
      const std::string text = error.what();
      EXPECT_EQ(error.status(), status) << text;
      EXPECT_FALSE(text.empty());
      EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr("\n")));
      EXPECT_THAT(text, ::testing::Not(::testing::HasSubstr(AuthorizationServer::kMark)));
      return text;
    }
    return {};
  }
  void Connect(const std::string& name = "crm", const ConnectOptions& options = {}) {
    vault->Connect("acme", name, kPlainPolicy, {{"token", kSecret}}, options);
  }
  OAuthSetup ClientCredentials() {
    OAuthSetup setup;
    setup.grant = OAuthSetup::Grant::kClientCredentials;
    setup.policy = kOAuthPolicy;
    setup.issuer = server.origin();
    setup.client_id = "client";
    setup.client_secret = kSecret;
    setup.scopes = {"read"};
    return setup;
  }
  std::string Events() {
    std::string log;
    vault->ReadAudit("acme", 0, [&](std::uint64_t, std::string_view entry) {
      log.append(entry).append("\n");
      return true;
    });
    return log;
  }

  AuthorizationServer server;
  std::shared_ptr<Vault> vault;
};

}  // namespace warder::connections::testing
