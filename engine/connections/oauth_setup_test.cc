// What can be configured: every kind of grant as it is stored, and one sentence about each mistake.
#include "engine/connections/oauth_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace warder::connections {
namespace {

using Grant = OAuthSetup::Grant;
using Algorithm = broker::JwtInjection::Algorithm;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using ::testing::SizeIs;

constexpr const char* kKey = "a private key: canary-s3cr3t";

OAuthSetup Basic() {
  OAuthSetup setup;
  setup.client_id = "client";
  setup.scopes = {"read", "write"};
  return setup;
}

OAuthSetup JwtBearer() {
  OAuthSetup setup = Basic();
  setup.grant = Grant::kJwtBearer;
  setup.client_id.clear();
  setup.assertion.issuer = "robot@acme.test";
  setup.assertion.key = kKey;
  return setup;
}

OAuthSetup SigningClient() {
  OAuthSetup setup = Basic();
  setup.grant = Grant::kClientCredentials;
  setup.client_authentication = "private_key_jwt";
  setup.client_secret = kKey;
  return setup;
}

TEST(OAuthSetupTest, EveryGrantIsWhatItIsStoredAs) {
  using Kind = OAuthGrant::Kind;
  for (const auto& [grant, kind] : {std::pair(Grant::kAuthorizationCode, Kind::kAuthorizationCode),
                                    {Grant::kDevice, Kind::kDevice},
                                    {Grant::kClientCredentials, Kind::kClientCredentials}}) {
    OAuthSetup setup = Basic();
    setup.grant = grant;
    const auto prepared = Prepare(setup);
    ASSERT_TRUE(prepared) << prepared.error().message;
    EXPECT_EQ(prepared->grant.kind, kind);
    EXPECT_EQ(prepared->grant.client_id, "client");
    EXPECT_EQ(prepared->grant.authentication, oauth::ClientAuthentication::kNone);
    EXPECT_EQ(prepared->grant.requested, (oauth::ScopeSet{"read", "write"}));
    EXPECT_TRUE(prepared->secrets.empty());
  }
  OAuthSetup secret = Basic();
  secret.client_secret = "s3cr3t";
  const auto prepared = Prepare(secret);
  ASSERT_TRUE(prepared);
  EXPECT_EQ(prepared->grant.authentication, oauth::ClientAuthentication::kSecretBasic);
  EXPECT_EQ(prepared->secrets.at(std::string(kClientSecret)).view(), "s3cr3t");
}

TEST(OAuthSetupTest, AClientThatSigns) {
  OAuthSetup setup = SigningClient();
  auto prepared = Prepare(setup);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(prepared->grant.authentication, oauth::ClientAuthentication::kPrivateKeyJwt);
  EXPECT_EQ(prepared->grant.algorithm, Algorithm::kRs256);
  EXPECT_EQ(prepared->secrets.at(std::string(kClientSecret)).view(), kKey);
  setup.client_algorithm = "EdDSA";
  setup.client_key_id = "key-1";
  prepared = Prepare(setup);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(prepared->grant.algorithm, Algorithm::kEdDsa);
  EXPECT_EQ(prepared->grant.key_id, "key-1");
}

TEST(OAuthSetupTest, AnAssertionWithAndWithoutAClient) {
  OAuthSetup setup = JwtBearer();
  auto prepared = Prepare(setup);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(prepared->grant.kind, OAuthGrant::Kind::kJwtBearer);
  EXPECT_EQ(prepared->grant.client_id, "");
  EXPECT_EQ(prepared->grant.assertion_issuer, "robot@acme.test");
  EXPECT_EQ(prepared->grant.assertion_algorithm, Algorithm::kRs256);
  EXPECT_EQ(prepared->grant.assertion_scope_in, OAuthGrant::ScopeIn::kParameter);
  ASSERT_THAT(prepared->secrets, SizeIs(1));
  EXPECT_EQ(prepared->secrets.at(std::string(kAssertionKey)).view(), kKey);

  setup.client_id = "client";
  setup.client_secret = "s3cr3t";
  setup.assertion.subject = "anna@acme.test";
  setup.assertion.audience = "https://as.test/token";
  setup.assertion.key_id = "key-2";
  setup.assertion.algorithm = "ES256";
  setup.assertion.scope_in = OAuthAssertion::ScopeIn::kClaim;
  prepared = Prepare(setup);
  ASSERT_TRUE(prepared) << prepared.error().message;
  EXPECT_EQ(prepared->grant.client_id, "client");
  EXPECT_EQ(prepared->grant.assertion_subject, "anna@acme.test");
  EXPECT_EQ(prepared->grant.assertion_audience, "https://as.test/token");
  EXPECT_EQ(prepared->grant.assertion_key_id, "key-2");
  EXPECT_EQ(prepared->grant.assertion_algorithm, Algorithm::kEs256);
  EXPECT_EQ(prepared->grant.assertion_scope_in, OAuthGrant::ScopeIn::kClaim);
  EXPECT_THAT(prepared->secrets, SizeIs(2));
}

TEST(OAuthSetupTest, MistakesAreNamed) {
  const auto expect = [](OAuthSetup setup, const std::function<void(OAuthSetup&)>& change, const char* sentence) {
    change(setup);
    const auto prepared = Prepare(setup);
    ASSERT_FALSE(prepared) << sentence;
    EXPECT_EQ(prepared.error().kind, ErrorKind::kInvalidInput);
    EXPECT_THAT(prepared.error().message, HasSubstr(sentence));
    EXPECT_THAT(prepared.error().message, Not(HasSubstr("s3cr3t")));
  };
  expect(
      Basic(), [](OAuthSetup& setup) { setup.scopes = {"a b\n"}; }, "scope");
  expect(
      Basic(), [](OAuthSetup& setup) { setup.client_id.clear(); }, "the client's id is missing");
  expect(
      Basic(), [](OAuthSetup& setup) { setup.client_authentication = "mtls"; }, "authenticates with none");
  expect(
      Basic(), [](OAuthSetup& setup) { setup.client_algorithm = "RS256"; }, "private_key_jwt");
  expect(
      Basic(), [](OAuthSetup& setup) { setup.client_key_id = "key"; }, "private_key_jwt");
  for (const std::string wrong : {"HS256", "none", "rs256", "s3cr3t"}) {
    expect(
        SigningClient(), [&](OAuthSetup& setup) { setup.client_algorithm = wrong; }, "client's key is RS256");
    expect(
        JwtBearer(), [&](OAuthSetup& setup) { setup.assertion.algorithm = wrong; }, "assertion's key is RS256");
  }
  for (const std::string& wrong :
       {std::string("a\nb"), std::string("\xff"), std::string(513, 'x'), std::string(1, '\0')}) {
    expect(
        SigningClient(), [&](OAuthSetup& setup) { setup.client_key_id = wrong; }, "the id of the client's key");
    expect(
        JwtBearer(), [&](OAuthSetup& setup) { setup.assertion.issuer = wrong; }, "the issuer of the assertion");
    expect(
        JwtBearer(), [&](OAuthSetup& setup) { setup.assertion.subject = wrong; }, "the assertion's subject");
    expect(
        JwtBearer(), [&](OAuthSetup& setup) { setup.assertion.audience = wrong; }, "the assertion's audience");
    expect(
        JwtBearer(), [&](OAuthSetup& setup) { setup.assertion.key_id = wrong; }, "the id of the assertion's key");
  }
  expect(
      JwtBearer(), [](OAuthSetup& setup) { setup.assertion.issuer.clear(); }, "needs the issuer");
  expect(
      JwtBearer(), [](OAuthSetup& setup) { setup.assertion.key.clear(); }, "needs the private key");
  expect(
      JwtBearer(), [](OAuthSetup& setup) { setup.client_secret = "s3cr3t"; }, "cannot authenticate");
  expect(
      JwtBearer(), [](OAuthSetup& setup) { setup.client_authentication = "private_key_jwt"; }, "cannot authenticate");
  for (const auto& change : std::initializer_list<std::function<void(OAuthAssertion&)>>{
           [](OAuthAssertion& assertion) { assertion.issuer = "x"; },
           [](OAuthAssertion& assertion) { assertion.subject = "x"; },
           [](OAuthAssertion& assertion) { assertion.audience = "x"; },
           [](OAuthAssertion& assertion) { assertion.key = kKey; },
           [](OAuthAssertion& assertion) { assertion.key_id = "x"; },
           [](OAuthAssertion& assertion) { assertion.algorithm = "RS256"; },
           [](OAuthAssertion& assertion) { assertion.scope_in = OAuthAssertion::ScopeIn::kClaim; }}) {
    expect(
        Basic(), [&](OAuthSetup& setup) { change(setup.assertion); }, "only a JWT bearer grant has an assertion");
  }
}

}  // namespace
}  // namespace warder::connections
