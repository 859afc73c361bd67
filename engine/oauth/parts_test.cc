// The small parts: PKCE, scopes, endpoints, metadata, clients, queries.
#include <gtest/gtest.h>

#include "engine/base/base64.h"
#include "engine/base/strict_json.h"
#include "engine/oauth/client_authentication.h"
#include "engine/oauth/endpoint.h"
#include "engine/oauth/metadata.h"
#include "engine/oauth/pkce.h"
#include "engine/oauth/provider.h"
#include "engine/oauth/redirect_query.h"
#include "engine/oauth/scope.h"
#include "engine/oauth/token_answer.h"
#include "engine/oauth/token_request.h"

namespace warder::oauth {
namespace {

constexpr std::string_view kIssuer = "https://as.example/tenant";

ServerMetadata GoodServer() {
  ServerMetadata server;
  server.issuer = kIssuer;
  server.authorization_endpoint = "https://as.example/authorize";
  server.token_endpoint = "https://as.example/token";
  return server;
}

Provider GoodProvider(ClientAuthentication authentication, const std::string& secret) {
  Provider provider;
  provider.server = GoodServer();
  provider.client.id = "cli:ent";
  provider.client.authentication = authentication;
  provider.client.secret = Secret(secret);
  return provider;
}

Result<ServerMetadata> Read(const std::string& document, std::string_view issuer = kIssuer) {
  return ReadMetadata(issuer, ParseStrict(document)->as_object());
}

std::string Document(const std::string& more) {
  return R"({"issuer":"https://as.example/tenant","token_endpoint":"https://as.example/token")" + more + "}";
}

// RFC 7636 appendix B.
TEST(PkceTest, TheChallengeIsTheRfcs) {
  EXPECT_EQ(ChallengeOf(Secret("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST(PkceTest, RandomSecretsHave256BitsAndDiffer) {
  const Secret one = NewRandomSecret();
  EXPECT_EQ(one.view().size(), 43U);
  EXPECT_NE(one.view(), NewRandomSecret().view());
}

TEST(ScopeTest, ScopesAreSets) {
  EXPECT_EQ(*ParseScope("b a b"), (ScopeSet{"a", "b"}));
  EXPECT_EQ(ToString(*ParseScope("b a")), "a b");
  EXPECT_TRUE(ParseScope("")->empty());
  EXPECT_TRUE(ParseScope("https://x/y:z!~"));
  for (const std::string odd : {" ", "a ", " a", "a  b", "a\tb", "a\"", "a\\b", "\x7f", "\xc3\xa9"}) {
    EXPECT_FALSE(ParseScope(odd)) << odd;
  }
  EXPECT_FALSE(ParseScope(std::string(5000, 'a')));
  std::string many;
  for (int i = 0; i < 200; ++i) many += (i == 0 ? "" : " ") + std::to_string(i);
  EXPECT_FALSE(ParseScope(many));
}

TEST(EndpointTest, OnlyHttpsAndLoopbackByItsName) {
  for (const char* good : {"https://as.example/token", "https://as.example:8443/t?x=1", "http://127.0.0.1:4000/token",
                           "http://[::1]:4000/", "http://localhost/x", "https://localhost/x"}) {
    EXPECT_TRUE(ParseEndpoint(good)) << good;
  }
  for (const char* bad :
       {"http://as.example/token", "http://127.0.0.2/", "http://127.1/", "http://localhost.evil.test/",
        "http://[::ffff:127.0.0.1]/", "https://user:secret@as.example/", "https://as.example/#x", "ftp://127.0.0.1/",
        "https:///x", "//as.example/x", "", "https://as.example/ x", "https://as.example\\@evil.test/",
        "https://as.example/a/../b"}) {
    EXPECT_FALSE(ParseEndpoint(bad)) << bad;
  }
  EXPECT_FALSE(ParseEndpoint("https://as.example/" + std::string(3000, 'a')));
  EXPECT_TRUE(ParseIssuer("https://as.example/x"));
  EXPECT_FALSE(ParseIssuer("https://as.example/x?y=1"));
}

TEST(MetadataTest, TheWellKnownPartGoesWhereItBelongs) {
  const auto urls = MetadataUrls(kIssuer);
  ASSERT_TRUE(urls);
  EXPECT_EQ(urls->at(0), "https://as.example/.well-known/oauth-authorization-server/tenant");
  EXPECT_EQ(urls->at(1), "https://as.example/tenant/.well-known/openid-configuration");
  EXPECT_EQ(MetadataUrls("https://as.example/")->at(0), "https://as.example/.well-known/oauth-authorization-server");
  EXPECT_EQ(MetadataUrls("https://as.example")->at(1), "https://as.example/.well-known/openid-configuration");
  EXPECT_FALSE(MetadataUrls("http://as.example"));
}

TEST(MetadataTest, ADocumentIsRead) {
  const auto read = Read(Document(R"(,"authorization_endpoint":"https://as.example/authorize",)"
                                  R"("revocation_endpoint":"https://as.example/revoke","x":[{}],)"
                                  R"("code_challenge_methods_supported":["plain","S256"],)"
                                  R"("authorization_response_iss_parameter_supported":true)"));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->authorization_endpoint, "https://as.example/authorize");
  EXPECT_EQ(read->revocation_endpoint, "https://as.example/revoke");
  EXPECT_TRUE(read->device_authorization_endpoint.empty());
  EXPECT_EQ(read->iss, ServerMetadata::Iss::kPromised);
  EXPECT_EQ(Read(Document(""))->iss, ServerMetadata::Iss::kNotPromised);
}

TEST(MetadataTest, TheIssuerMustBeThatVeryOne) {
  for (const char* other : {"https://as.example/tenant/", "https://as.example", "https://AS.example/tenant",
                            "https://as.example:443/tenant", "https://evil.test/tenant"}) {
    EXPECT_FALSE(Read(Document(""), other)) << other;
  }
  EXPECT_FALSE(Read(R"({"token_endpoint":"https://as.example/token"})"));
}

TEST(MetadataTest, OddDocumentsAreRefused) {
  EXPECT_FALSE(Read(R"({"issuer":"https://as.example/tenant"})")) << "no token endpoint";
  for (const char* odd : {
           R"(,"authorization_endpoint":7)",
           R"(,"authorization_endpoint":"")",
           R"(,"authorization_endpoint":null)",
           R"(,"authorization_endpoint":"http://as.example/authorize")",
           R"(,"revocation_endpoint":"https://as.example/a b")",
           R"(,"revocation_endpoint":"javascript:x")",
           R"(,"code_challenge_methods_supported":["plain"])",
           R"(,"code_challenge_methods_supported":"S256")",
           R"(,"grant_types_supported":[1])",
           R"(,"authorization_response_iss_parameter_supported":"true")",
       }) {
    const auto read = Read(Document(odd));
    ASSERT_FALSE(read) << odd;
    EXPECT_GE(read.error().message.size(), 20U);
  }
}

// A document that leads the broker into the house: only a host that the issuer itself has may be an address of that
// kind.
TEST(MetadataTest, EndpointsAtAddressesThatAreNotPublicAreRefused) {
  for (const char* inside :
       {"https://169.254.169.254/x", "https://10.0.0.5/x", "http://127.0.0.1:6379/", "http://[::1]/",
        "http://localhost:8080/x", "https://[fd00:ec2::254]/x", "https://[::ffff:10.0.0.5]/"}) {
    EXPECT_FALSE(Read(Document(R"(,"revocation_endpoint":")" + std::string(inside) + "\""))) << inside;
  }
  const auto local = Read(R"({"issuer":"http://127.0.0.1:4000","token_endpoint":"http://127.0.0.1:4001/token"})",
                          "http://127.0.0.1:4000");
  EXPECT_TRUE(local) << local.error().message;
  EXPECT_TRUE(Read(Document(R"(,"revocation_endpoint":"https://93.184.216.34/x")")));
}

TEST(ProviderTest, ClientsHaveWhatTheirAuthenticationNeeds) {
  EXPECT_TRUE(CheckProvider(GoodProvider(ClientAuthentication::kNone, "")));
  EXPECT_FALSE(CheckProvider(GoodProvider(ClientAuthentication::kNone, "secret")));
  EXPECT_FALSE(CheckProvider(GoodProvider(ClientAuthentication::kSecretBasic, "")));
  Provider provider = GoodProvider(ClientAuthentication::kSecretPost, "secret");
  EXPECT_TRUE(CheckProvider(provider));
  provider.server.token_auth_methods = {"client_secret_basic", "private_key_jwt"};
  EXPECT_FALSE(CheckProvider(provider));
  provider.server.token_auth_methods.insert("client_secret_post");
  EXPECT_TRUE(CheckProvider(provider));
  provider.client.id = "a b";
  EXPECT_FALSE(CheckProvider(provider));
  provider = GoodProvider(ClientAuthentication::kPrivateKeyJwt, "shared");
  provider.client.algorithm = broker::JwtInjection::Algorithm::kHs256;
  EXPECT_FALSE(CheckProvider(provider));
}

TEST(ProviderTest, WithoutAClientOnlyWhereNoneIsNeeded) {
  Provider provider = GoodProvider(ClientAuthentication::kNone, "");
  provider.server.token_auth_methods = {"client_secret_basic"};
  EXPECT_FALSE(CheckProvider(provider, ClientNeed::kOptional)) << "a client that is named authenticates as it must";
  provider.client.id.clear();
  EXPECT_TRUE(CheckProvider(provider, ClientNeed::kOptional));
  EXPECT_FALSE(CheckProvider(provider));
  EXPECT_FALSE(RefreshToken(provider, Secret("refresh"), {}, {}, {}));
  provider.client.secret = Secret("secret");
  EXPECT_FALSE(CheckProvider(provider, ClientNeed::kOptional));
  provider.client.authentication = ClientAuthentication::kSecretBasic;
  EXPECT_FALSE(CheckProvider(provider, ClientNeed::kOptional));
}

// RFC 6749 section 2.3.1: form-encoded first, so that neither the colon nor a percent sign can be taken for another.
TEST(ClientAuthenticationTest, BasicIsFormEncodedBeforeItIsBase64) {
  const Provider provider = GoodProvider(ClientAuthentication::kSecretBasic, "s:e c%r+et");
  const auto request = AuthenticatedPost(provider, "the token endpoint", "https://as.example/token", Form(), {});
  ASSERT_TRUE(request);
  const std::string_view value = request->authorization.view();
  ASSERT_EQ(value.substr(0, 6), "Basic ");
  EXPECT_EQ(*FromBase64(value.substr(6)), "cli%3Aent:s%3Ae%20c%25r%2Bet");
  EXPECT_TRUE(request->form->empty()) << "nothing of the client in the body";
}

TEST(ClientAuthenticationTest, PostAndNoneStandInTheForm) {
  const auto post = AuthenticatedPost(GoodProvider(ClientAuthentication::kSecretPost, "s&=x"), "", "", Form(), {});
  EXPECT_EQ(post->form->view(), "client_id=cli%3Aent&client_secret=s%26%3Dx");
  const auto none = AuthenticatedPost(GoodProvider(ClientAuthentication::kNone, ""), "", "", Form(), {});
  EXPECT_EQ(none->form->view(), "client_id=cli%3Aent");
  EXPECT_TRUE(none->authorization.empty());
}

TEST(ClientAuthenticationTest, AKeyThatIsNoneIsNamedAndNotShown) {
  const auto request =
      AuthenticatedPost(GoodProvider(ClientAuthentication::kPrivateKeyJwt, "canary7f3d"), "", "", Form(), {});
  ASSERT_FALSE(request);
  EXPECT_NE(request.error().message.find("the client's key cannot be used"), std::string::npos);
  EXPECT_EQ(request.error().message.find("canary7f3d"), std::string::npos);
}

TEST(TokenRequestTest, ACodeGoesNowhereButWhereItWasAskedFor) {
  const auto code = [] {
    RedeemableCode redeemable;
    redeemable.code = Secret("code");
    redeemable.verifier = Secret("verifier");
    redeemable.issuer = kIssuer;
    redeemable.token_endpoint = "https://as.example/token";
    redeemable.redirect_uri = "http://127.0.0.1:1/callback";
    return redeemable;
  };
  Provider provider = GoodProvider(ClientAuthentication::kNone, "");
  const auto good = RedeemCode(provider, code(), {});
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(good->exchange.form->view(),
            "grant_type=authorization_code&code=code&redirect_uri=http%3A%2F%2F127.0.0.1%3A1%2Fcallback&"
            "code_verifier=verifier&client_id=cli%3Aent");
  provider.server.token_endpoint = "https://other.example/token";
  EXPECT_FALSE(RedeemCode(provider, code(), {}));
  provider = GoodProvider(ClientAuthentication::kNone, "");
  provider.server.issuer = "https://other.example";
  EXPECT_FALSE(RedeemCode(provider, code(), {}));
}

TEST(TokenRequestTest, ARefreshAsksForNoMoreThanWasGranted) {
  const Provider provider = GoodProvider(ClientAuthentication::kNone, "");
  const Secret token("refresh");
  const auto plain = RefreshToken(provider, token, {"a", "b"}, {}, {});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->exchange.form->view(), "grant_type=refresh_token&refresh_token=refresh&client_id=cli%3Aent");
  EXPECT_EQ(plain->scope, (ScopeSet{"a", "b"}));
  const auto narrow = RefreshToken(provider, token, {"a", "b"}, {"a"}, {});
  ASSERT_TRUE(narrow);
  EXPECT_NE(narrow->exchange.form->view().find("scope=a&"), std::string::npos);
  EXPECT_FALSE(RefreshToken(provider, token, {"a"}, {"b"}, {}));
  EXPECT_FALSE(RefreshToken(provider, Secret(), {"a"}, {}, {}));
}

TEST(TokenRequestTest, ClientCredentialsNeedAClientThatAuthenticates) {
  EXPECT_FALSE(UseClientCredentials(GoodProvider(ClientAuthentication::kNone, ""), {"a"}, {}));
  EXPECT_TRUE(UseClientCredentials(GoodProvider(ClientAuthentication::kSecretBasic, "secret"), {"a"}, {}));
}

TEST(RedirectQueryTest, QueriesAreReadStrictly) {
  const auto query = RedirectQuery::Parse("code=a%2Bb+c&state=xyz&empty=&bare");
  ASSERT_TRUE(query);
  EXPECT_EQ(query->Find("code")->view(), "a+b c");
  EXPECT_EQ(query->Find("bare")->view(), "");
  EXPECT_EQ(query->Find("none"), nullptr);
  EXPECT_TRUE(query->HasState(Secret("xyz")));
  EXPECT_FALSE(query->HasState(Secret("xyy")));
  EXPECT_FALSE(query->HasState(Secret("xyzz")));
  EXPECT_FALSE(RedirectQuery::Parse("state=")->HasState(Secret()));
  for (const std::string odd : {"a=1&a=2", "a=1&%61=2", "a=%zz", "a=%4", "a= b", "a=1&b=\xff", "a#b"}) {
    EXPECT_FALSE(RedirectQuery::Parse(odd)) << odd;
  }
  EXPECT_FALSE(RedirectQuery::Parse("a=" + std::string(20'000, 'x')));
  std::string many;
  for (int i = 0; i < 40; ++i) many += "&p" + std::to_string(i) + "=";
  EXPECT_FALSE(RedirectQuery::Parse(many.substr(1)));
}

TEST(RedirectQueryTest, WhatStandsBehindTheQueryIsNoPartOfIt) {
  const std::string_view longer = "iss=http%3A%2F%2F127.0.0.1%3A35551%41%42&state=foreign";
  const auto query = RedirectQuery::Parse(longer.substr(0, 34));
  ASSERT_TRUE(query);
  EXPECT_EQ(query->Find("iss")->view(), "http://127.0.0.1:35551");
  EXPECT_EQ(query->Find("state"), nullptr);
}

TEST(ErrorCodeTest, OnlyPlainCodesAreShown) {
  EXPECT_EQ(ShownErrorCode("invalid_grant"), "invalid_grant");
  for (const std::string& odd : {std::string(), std::string("<b>"), std::string("a b"), std::string("\x1b[2J"),
                                 std::string(65, 'a'), std::string("é")}) {
    EXPECT_EQ(ShownErrorCode(odd), "(an error code that is not shown)") << odd;
  }
}

}  // namespace
}  // namespace warder::oauth
