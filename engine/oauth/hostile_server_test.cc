// Token endpoints that lie, stall and break rules: what is refused, whether the refresh token may have been used up,
// and that no text tells a secret.
#include "engine/broker/testing/tls_server.h"
#include "engine/oauth/testing/oauth_fixture.h"

namespace warder::oauth::testing {
namespace {

class HostileServerTest : public OauthTest {
 protected:
  void SetUp() override {
    OauthTest::SetUp();
    pages["/token"] = Json(GoodTokens());
  }
  // GoodTokens with the text `from` as `to`.
  static std::string Changed(const std::string& from, const std::string& to) {
    std::string tokens = GoodTokens();
    const std::size_t at = tokens.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return tokens.replace(at, from.size(), to);
  }
  void ExpectLost(const std::string& page, const std::string& why) {
    pages["/token"] = page;
    const auto tokens = Refresh();
    ASSERT_FALSE(tokens) << why;
    EXPECT_EQ(tokens.error().problem, Problem::kBadAnswer) << tokens.error().message;
    EXPECT_EQ(tokens.error().fate, Fate::kUnknown) << tokens.error().message;
    EXPECT_NE(tokens.error().message.find(why), std::string::npos) << tokens.error().message;
    EXPECT_NE(tokens.error().message.find("the token endpoint at http://127.0.0.1:"), std::string::npos);
  }
  void ExpectError(const std::string& page, Problem problem, Fate fate) {
    pages["/token"] = page;
    const auto tokens = Refresh();
    ASSERT_FALSE(tokens) << page;
    EXPECT_EQ(tokens.error().problem, problem) << tokens.error().message;
    EXPECT_EQ(tokens.error().fate, fate) << tokens.error().message;
  }
};

TEST_F(HostileServerTest, AGoodAnswerIsRead) {
  const auto tokens = Refresh();
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_EQ(tokens->access_token.view(), WithCanary("access"));
  ASSERT_TRUE(tokens->refresh_token);
  EXPECT_EQ(tokens->refresh_token->view(), WithCanary("refresh"));
  EXPECT_EQ(tokens->lifetime, std::chrono::seconds(3600));
  EXPECT_EQ(tokens->scope, (ScopeSet{"read", "write"}));
}

TEST_F(HostileServerTest, TheLeastThatIsGoodIsReadToo) {
  pages["/token"] = Json(R"({"access_token":"a","token_type":"bEARER","more":{"x":[1]}})");
  const auto tokens = Refresh();
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_FALSE(tokens->refresh_token);
  EXPECT_FALSE(tokens->lifetime);
  EXPECT_EQ(tokens->scope, ScopeSet{"read"}) << "what was asked for";
}

TEST_F(HostileServerTest, OddLifetimesAreRefused) {
  for (const std::string odd :
       {"-1", "0", "3600.0", "\"3600\"", "1e3", "99999999999", "18446744073709551616", "null", "true", "[3600]"}) {
    ExpectLost(Json(Changed("\"expires_in\":3600", "\"expires_in\":" + odd)), "\"expires_in\"");
  }
}

TEST_F(HostileServerTest, OddTokensAreRefused) {
  const std::string access = "\"access_token\":\"" + WithCanary("access") + "\"";
  for (const std::string odd : {R"("")", "1", "null", R"("canary7f3d\r\nX-Injected: 1")", R"("canary7f3d\u0000")",
                                R"("canary7f3d é")", R"(" canary7f3d")", R"("canary7f3d\u007f")"}) {
    ExpectLost(Json(Changed(access, "\"access_token\":" + odd)), "\"access_token\"");
  }
  ExpectLost(Json(Changed(access, "\"access_token\":\"" + std::string(17'000, 'x') + "\"")), "\"access_token\"");
  ExpectLost(Json(Changed(access, "\"x\":1")), "no access_token");
  const std::string refresh = "\"refresh_token\":\"" + WithCanary("refresh") + "\"";
  for (const std::string odd : {R"("")", "1", "null", R"("a\nb")"}) {
    ExpectLost(Json(Changed(refresh, "\"refresh_token\":" + odd)), "\"refresh_token\"");
  }
}

TEST_F(HostileServerTest, OtherKindsOfTokensAreRefused) {
  for (const std::string odd : {R"("mac")", R"("DPoP")", R"("N_A")", R"("Bearer ")", "null"}) {
    ExpectLost(Json(Changed("\"token_type\":\"Bearer\"", "\"token_type\":" + odd)), "token_type");
  }
  ExpectLost(Json(Changed("\"token_type\":\"Bearer\",", "")), "token_type");
}

TEST_F(HostileServerTest, OddScopesAreRefused) {
  for (const std::string odd : {R"("a  b")", R"(" a")", R"("a\"b")", R"(["read"])", R"("é")"}) {
    ExpectLost(Json(Changed("\"scope\":\"read write\"", "\"scope\":" + odd)), "scope");
  }
}

TEST_F(HostileServerTest, MalformedAnswersAreRefused) {
  ExpectLost(Json(GoodTokens().substr(0, 60)), "cannot be read");
  ExpectLost(Json(Changed("\"token_type\"", "\"access_token\":\"other\",\"token_type\"")), "the same name twice");
  ExpectLost(Json(GoodTokens(), "200 OK", "text/html"), "not labelled");
  ExpectLost(Json("[" + GoodTokens() + "]"), "no object");
  ExpectLost(Json(""), "without a body");
  ExpectLost(Json(GoodTokens(), "201 Created"), "status 201");
  ExpectLost(broker::testing::Response("", "Location: https://evil.test/\r\n", "302 Found"), "a redirect");
}

TEST_F(HostileServerTest, ErrorsAreTyped) {
  const auto error = [](const std::string& code) {
    return R"({"error":")" + code + R"(","error_description":"token canary7f3d\u001b[2J is bad"})";
  };
  const std::string bad = "400 Bad Request";
  ExpectError(Json(error("invalid_grant"), bad), Problem::kInvalidGrant, Fate::kDeclined);
  ExpectError(Json(error("invalid_client"), "401 Unauthorized"), Problem::kInvalidClient, Fate::kDeclined);
  ExpectError(Json(error("unauthorized_client"), bad), Problem::kInvalidClient, Fate::kDeclined);
  ExpectError(Json(error("invalid_scope"), bad), Problem::kInvalidScope, Fate::kDeclined);
  ExpectError(Json(error("unsupported_grant_type"), bad), Problem::kDeclined, Fate::kDeclined);
  ExpectError(Json(error("invalid_grant")), Problem::kInvalidGrant, Fate::kDeclined);  // with 200, as some do
  ExpectError(Json(error("canary7f3d <b>"), bad), Problem::kDeclined, Fate::kDeclined);
  ExpectError(Json(error("canary7f3D"), bad), Problem::kDeclined, Fate::kDeclined);
  ExpectError(Json("not found", "404 Not Found", "text/html"), Problem::kUnexplained, Fate::kDeclined);
  ExpectError(Json("", "429 Too Many Requests"), Problem::kTemporary, Fate::kDeclined);
  ExpectError(Json("", "503 Service Unavailable"), Problem::kTemporary, Fate::kDeclined);
  ExpectError(Json("", "500 Oops"), Problem::kTemporary, Fate::kUnknown);
  ExpectError(Json("", "502 Bad Gateway"), Problem::kTemporary, Fate::kUnknown);
  ExpectError(Json(error("server_error"), "500 Oops"), Problem::kTemporary, Fate::kUnknown);
  ExpectError(Json(error("invalid_grant"), "500 Oops"), Problem::kInvalidGrant, Fate::kUnknown);
  ExpectError(Json(R"({"error":7})", bad), Problem::kUnexplained, Fate::kDeclined);
}

TEST_F(HostileServerTest, ATimeToWaitIsBelievedWithinBounds) {
  pages["/token"] = broker::testing::Response("", "Retry-After: 120\r\n", "503 Service Unavailable");
  EXPECT_EQ(Refresh().error().retry_after, std::chrono::seconds(120));
  pages["/token"] = broker::testing::Response("", "Retry-After: 99999999\r\n", "503 Service Unavailable");
  EXPECT_EQ(Refresh().error().retry_after, std::chrono::hours(24));
  pages["/token"] = broker::testing::Response("", "Retry-After: soon\r\n", "503 Service Unavailable");
  EXPECT_EQ(Refresh().error().retry_after, std::nullopt);
}

// A name that was public when it was first asked, and leads into the house ever after.
TEST_F(HostileServerTest, ATokenEndpointThatMovesToAPrivateAddressIsNotReached) {
  broker::testing::TlsServer tls(
      *loop, {.certificate_host = "as.test", .address = broker::testing::kPublic4, .response = Json(GoodTokens())});
  RawServer inside(*loop, broker::testing::kPrivate4, tls.port());
  dns->Add("as.test", {{broker::testing::kPublic4}, {broker::testing::kPrivate4}});
  exchange_options.ca_file = tls.ca_file();
  Provider provider = MakeProvider();
  provider.server = {};
  provider.server.issuer = "https://as.test:" + std::to_string(tls.port());
  provider.server.token_endpoint = provider.server.issuer + "/token";
  const auto first = Refresh(provider);
  ASSERT_TRUE(first) << first.error().message;
  const auto second = Refresh(provider);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().fate, Fate::kNotSent);
  EXPECT_NE(second.error().message.find("resolves to a special address"), std::string::npos) << second.error().message;
  Settle();
  EXPECT_EQ(inside.connections(), 0U);
}

}  // namespace
}  // namespace warder::oauth::testing
