// OAuth through the public vault: assertions and clients that sign, and authorizations in a browser somewhere else.
#include <algorithm>

#include "engine/base/base64.h"
#include "engine/base/strict_json.h"
#include "engine/broker/testing/identity.h"
#include "engine/connections/testing/public_vault_fixture.h"
#include "engine/oauth/redirect_query.h"

namespace warder::connections::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr const char* kCallback = "https://platform.test/callback";
constexpr const char* kSession = "session-s3cr3tmark-of-anna";

// What stands in a form or query under `name`.
std::string ParameterOf(std::string_view form, std::string_view name) {
  const auto read = oauth::RedirectQuery::Parse(form);
  const Secret* const found = read ? read->Find(name) : nullptr;
  return found == nullptr ? std::string() : std::string(found->view());
}

std::string QueryOf(const std::string& url) { return url.substr(url.find('?') + 1); }

// Header (0) or claims (1) of a token.
boost::json::object PartOf(const std::string& token, int which) {
  std::string part = token;
  for (int i = 0; i < which; ++i) part.erase(0, part.find('.') + 1);
  part.resize(part.find('.'));
  std::replace(part.begin(), part.end(), '-', '+');
  std::replace(part.begin(), part.end(), '_', '/');
  part.append((4 - part.size() % 4) % 4, '=');
  const auto bytes = FromBase64(part);
  EXPECT_TRUE(bytes);
  return ParseStrict(*bytes)->as_object();
}

class PublicAuthorizationTest : public PublicVaultTest {
 protected:
  OAuthSetup JwtBearer() {
    OAuthSetup setup = ClientCredentials();
    setup.grant = OAuthSetup::Grant::kJwtBearer;
    setup.client_id.clear();
    setup.client_secret.clear();
    setup.assertion.issuer = "robot@acme.test";
    setup.assertion.algorithm = "ES256";
    setup.assertion.key = identity.key_pem();
    return setup;
  }
  OAuthSetup Code() {
    OAuthSetup setup = ClientCredentials();
    setup.grant = OAuthSetup::Grant::kAuthorizationCode;
    return setup;
  }
  // The server does not promise `iss`.
  std::string Callback() const { return Vault::RedirectUri(kCallback, server.origin()); }
  BrowserAuthorization Browser() const { return {.redirect_uri = Callback(), .session = kSession, .more = {}}; }
  std::string Finish(const std::string& query, const std::string& tenant = "acme") {
    return vault->FinishAuthorization(tenant, kSession, Callback() + "?" + query);
  }
  // Begins, and returns the query with which the browser comes back.
  std::string Answered(const OAuthSetup& setup, const ConnectOptions& options = {}, const std::string& more = "") {
    const std::string url = vault->BeginAuthorization("acme", "mail", setup, Browser(), options);
    return "code=c0de-s3cr3tmark&state=" + ParameterOf(QueryOf(url), "state") + more;
  }
  std::string Refused(const std::string& query, const std::string& session = kSession) {
    return Error([&] { vault->FinishAuthorization("acme", session, Callback() + "?" + query); });
  }
  std::string LastForm() { return server.seen().forms.back(); }

  const broker::testing::Identity identity{"localhost"};
};

TEST_F(PublicAuthorizationTest, AServiceAccountAssertsWhoItIs) {
  OAuthSetup setup = JwtBearer();
  setup.assertion.subject = "anna@acme.test";
  setup.assertion.audience = "https://as.test/token";
  setup.assertion.key_id = "key-1";
  setup.assertion.scope_in = OAuthAssertion::ScopeIn::kClaim;
  vault->Authorize("acme", "mail", setup, {});
  EXPECT_EQ(ParameterOf(LastForm(), "grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  EXPECT_EQ(ParameterOf(LastForm(), "client_id"), "");
  EXPECT_EQ(ParameterOf(LastForm(), "scope"), "");
  const std::string first = ParameterOf(LastForm(), "assertion");
  EXPECT_EQ(PartOf(first, 0).at("alg").as_string(), "ES256");
  EXPECT_EQ(PartOf(first, 0).at("kid").as_string(), "key-1");
  const auto claims = PartOf(first, 1);
  EXPECT_EQ(claims.at("iss").as_string(), "robot@acme.test");
  EXPECT_EQ(claims.at("sub").as_string(), "anna@acme.test");
  EXPECT_EQ(claims.at("aud").as_string(), "https://as.test/token");
  EXPECT_EQ(claims.at("scope").as_string(), "read");
  EXPECT_EQ(vault->Connections("acme").at(0).kind, "jwt_bearer");

  // What was stored renews it, after a restart too.
  vault.reset();
  vault = Vault::Open(Options());
  vault->Refresh("acme", "mail");
  const auto again = PartOf(ParameterOf(LastForm(), "assertion"), 1);
  EXPECT_NE(again.at("jti"), claims.at("jti"));
  EXPECT_EQ(again.at("scope"), claims.at("scope"));
  EXPECT_EQ(vault->Disconnect("acme", "mail").at_server, DisconnectResult::AtServer::kRevoked);
  EXPECT_THAT(Events(), Not(HasSubstr("PRIVATE KEY")));
}

TEST_F(PublicAuthorizationTest, AnAssertionBesideAClientThatSigns) {
  OAuthSetup setup = JwtBearer();
  const broker::testing::Identity clients{"localhost"};
  setup.client_id = "client";
  setup.client_authentication = "private_key_jwt";
  setup.client_secret = clients.key_pem();
  setup.client_algorithm = "ES256";
  setup.client_key_id = "key-2";
  vault->Authorize("acme", "mail", setup, {});
  EXPECT_EQ(ParameterOf(LastForm(), "scope"), "read");
  EXPECT_EQ(ParameterOf(LastForm(), "client_id"), "client");
  const std::string assertion = ParameterOf(LastForm(), "client_assertion");
  EXPECT_EQ(PartOf(assertion, 0).at("kid").as_string(), "key-2");
  EXPECT_EQ(PartOf(assertion, 1).at("sub").as_string(), "client");
  EXPECT_EQ(PartOf(assertion, 1).at("aud").as_string(), server.origin());
  EXPECT_EQ(PartOf(ParameterOf(LastForm(), "assertion"), 1).at("aud").as_string(), server.origin());
  vault->Refresh("acme", "mail");
  EXPECT_NE(ParameterOf(LastForm(), "client_assertion"), assertion) << "good once";
}

TEST_F(PublicAuthorizationTest, AKeyThatCannotSignSendsNothing) {
  OAuthSetup setup = JwtBearer();
  for (const std::string& key : {std::string(kSecret), "-----BEGIN PRIVATE KEY-----\n" + std::string(kSecret)}) {
    setup.assertion.key = key;
    EXPECT_THAT(Error([&] { vault->Authorize("acme", "mail", setup, {}); }), HasSubstr("key of the assertion"));
  }
  setup = JwtBearer();
  setup.assertion.algorithm = "RS256";
  EXPECT_THAT(Error([&] { vault->Authorize("acme", "mail", setup, {}); }), HasSubstr("key of the assertion"));
  setup = ClientCredentials();
  setup.client_authentication = "private_key_jwt";
  EXPECT_THAT(Error([&] { vault->Authorize("acme", "mail", setup, {}); }), HasSubstr("the client's key"));
  EXPECT_EQ(server.seen().token_requests, 0);
  EXPECT_THAT(vault->Connections("acme"), IsEmpty());
}

TEST_F(PublicAuthorizationTest, HostileAnswersToAnAssertionStoreNothing) {
  using Token = AuthorizationServer::Manners::Token;
  for (const auto& [token, status] : {std::pair(Token::kInvalidGrant, Status::kInvalid),
                                      {Token::kGarbage, Status::kInvalid},
                                      {Token::kForbidden, Status::kInvalid},
                                      {Token::kBusy, Status::kFault},
                                      {Token::kDrop, Status::kFault}}) {
    server.Behave({.token = token});
    EXPECT_NE(Error([&] { vault->Authorize("acme", "mail", JwtBearer(), {}); }, status), "");
  }
  EXPECT_THAT(vault->Connections("acme"), IsEmpty());
}

TEST_F(PublicAuthorizationTest, AUserAuthorizesInABrowserSomewhereElse) {
  BrowserAuthorization browser = Browser();
  browser.more = {{"prompt", "consent"}};
  const std::string url =
      vault->BeginAuthorization("acme", "mail", Code(), browser, {.lifetime = std::chrono::hours(1)});
  EXPECT_TRUE(url.starts_with(server.origin() + "/authorize?")) << url;
  const std::string asked = QueryOf(url);
  EXPECT_EQ(ParameterOf(asked, "redirect_uri"), Callback());
  EXPECT_EQ(ParameterOf(asked, "prompt"), "consent");
  EXPECT_EQ(ParameterOf(asked, "scope"), "read");
  EXPECT_EQ(ParameterOf(asked, "code_challenge_method"), "S256");
  EXPECT_THAT(url, Not(HasSubstr("session")));
  EXPECT_THAT(vault->Connections("acme"), IsEmpty()) << "a pending one is none";

  // The platform is restarted before the user comes back.
  vault.reset();
  vault = Vault::Open(Options());
  const std::string query = "code=c0de&state=" + ParameterOf(asked, "state");
  EXPECT_EQ(Finish(query), "mail");
  EXPECT_EQ(ParameterOf(LastForm(), "code"), "c0de");
  EXPECT_EQ(ParameterOf(LastForm(), "redirect_uri"), Callback());
  EXPECT_NE(ParameterOf(LastForm(), "code_verifier"), "");
  const auto all = vault->Connections("acme");
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].kind, "authorization_code");
  EXPECT_EQ(all[0].state, "active");
  ASSERT_TRUE(all[0].ends);
  EXPECT_EQ(*all[0].ends - all[0].created, std::chrono::hours(1));
  vault->Refresh("acme", "mail");
  EXPECT_THAT(Refused(query), HasSubstr("it has ended or expired"));
  EXPECT_EQ(server.seen().token_requests, 2);
  for (const char* event :
       {"authorization begun", "authorization answered", "connection made", "refreshed", "authorization refused"}) {
    EXPECT_THAT(Events(), HasSubstr(std::string("\"event\":\"") + event + "\""));
  }
  EXPECT_THAT(Events(), Not(HasSubstr("c0de")));
  EXPECT_THAT(Events(), Not(HasSubstr(AuthorizationServer::kMark)));
}

TEST_F(PublicAuthorizationTest, WhatComesBackElsewhereIsRefused) {
  vault->CreateTenant("other");
  const std::string query = Answered(Code());
  EXPECT_THAT(Error([&] { Finish(query, "other"); }), HasSubstr("another tenant"));
  EXPECT_NE(Error([&] { Finish(query, "nobody"); }), "");
  EXPECT_THAT(Refused(query, ""), HasSubstr("bound to a session"));
  EXPECT_THAT(Refused(query + "x"), HasSubstr("no authorization with the state"));
  EXPECT_THAT(Refused(query, "another"), HasSubstr("another session"));
  EXPECT_THAT(Refused(query), HasSubstr("it has ended or expired")) << "the mismatch has ended it";
  const std::string elsewhere = kCallback + std::string("?") + Answered(Code());
  EXPECT_THAT(Error([&] { vault->FinishAuthorization("acme", kSession, elsewhere); }),
              HasSubstr("came to another redirect URI"));
  EXPECT_THAT(Refused(Answered(Code(), {}, "&iss=https%3A%2F%2Fevil.test")), HasSubstr("mixes up"));
  EXPECT_THAT(Refused(Answered(Code(), {}, "&error=access_denied")), HasSubstr("exactly one of"));
  EXPECT_EQ(server.seen().token_requests, 0) << "no code was sent anywhere";
  EXPECT_THAT(vault->Connections("acme"), IsEmpty());
  EXPECT_THAT(Events(), Not(HasSubstr(AuthorizationServer::kMark)));
}

TEST_F(PublicAuthorizationTest, WhatTheServerMakesOfTheCodeIsRecorded) {
  using Token = AuthorizationServer::Manners::Token;
  const std::string denied = Answered(Code());
  server.Behave({.token = Token::kInvalidGrant});
  EXPECT_THAT(Refused(denied), HasSubstr("invalid_grant"));
  EXPECT_THAT(Events(), HasSubstr("\"event\":\"authorization failed\""));
  const std::string lost = Answered(Code());
  server.Behave({.token = Token::kDrop});
  EXPECT_NE(Error([&] { Finish(lost); }, Status::kFault), "");
  server.Behave({});
  EXPECT_THAT(Refused(lost), HasSubstr("it has ended or expired")) << "a code is not sent twice";
  EXPECT_THAT(vault->Connections("acme"), IsEmpty());
}

TEST_F(PublicAuthorizationTest, TokensOfABrowserThatCannotBeStoredAreRevoked) {
  const std::string query = Answered(Code());
  Connect("mail");  // somebody else takes the name meanwhile
  EXPECT_THAT(Refused(query), HasSubstr("--replace"));
  EXPECT_THAT(server.seen().revoked, SizeIs(2));
  EXPECT_EQ(Finish(Answered(Code(), {.replace = true})), "mail");
  EXPECT_EQ(vault->Connections("acme").at(0).kind, "authorization_code");
}

TEST_F(PublicAuthorizationTest, WhatCannotBeginSaysWhy) {
  const auto refused = [&](const std::function<void(OAuthSetup&, BrowserAuthorization&)>& change) {
    OAuthSetup setup = Code();
    BrowserAuthorization browser = Browser();
    change(setup, browser);
    return Error([&] { vault->BeginAuthorization("acme", "mail", setup, browser); });
  };
  using Setup = OAuthSetup;
  using Where = BrowserAuthorization;
  EXPECT_THAT(refused([](Setup& s, Where&) { s.grant = Setup::Grant::kDevice; }), HasSubstr("authorization code"));
  EXPECT_THAT(refused([](Setup& s, Where&) { s.policy = kPlainPolicy; }), HasSubstr("access_token"));
  EXPECT_THAT(refused([](Setup& s, Where&) { s.client_id.clear(); }), HasSubstr("client's id"));
  EXPECT_THAT(refused([](Setup&, Where& b) { b.session.clear(); }), HasSubstr("1 to 1024 bytes"));
  EXPECT_THAT(refused([](Setup&, Where& b) { b.session = std::string(1025, 'x'); }), HasSubstr("1 to 1024 bytes"));
  for (const std::string uri :
       {"", "http://platform.test/callback", "https://platform.test/callback#x", "javascript:x"}) {
    EXPECT_THAT(refused([&](Setup&, Where& b) { b.redirect_uri = uri; }), HasSubstr("the redirect URI"));
  }
  EXPECT_THAT(refused([](Setup&, Where& b) { b.redirect_uri = kCallback; }),
              HasSubstr("register and use " + Callback()));
  EXPECT_THAT(refused([](Setup&, Where& b) { b.more = {{"state", "x"}}; }), HasSubstr("one of the protocol's own"));
  for (const std::chrono::seconds wrong : {std::chrono::seconds(0), std::chrono::seconds(1801)}) {
    EXPECT_THAT(refused([&](Setup&, Where& b) { b.lifetime = wrong; }), HasSubstr("at most 30 minutes"));
  }
  Connect("mail");
  EXPECT_THAT(refused([](Setup&, Where&) {}), HasSubstr("--replace"));
  EXPECT_THAT(vault->stores()->vault().OpenTenant(Acme()).value()->List().value(), SizeIs(2)) << "of the connection";
  EXPECT_EQ(server.seen().token_requests, 0);
}

}  // namespace
}  // namespace warder::connections::testing
