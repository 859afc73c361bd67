// Discovery, the device grant, JWT bearer and revocation against a server on loopback.
#include "engine/base/base64.h"
#include "engine/base/strict_json.h"
#include "engine/broker/testing/identity.h"
#include "engine/oauth/device.h"
#include "engine/oauth/metadata.h"
#include "engine/oauth/redirect_query.h"
#include "engine/oauth/revocation.h"
#include "engine/oauth/testing/oauth_fixture.h"

namespace warder::oauth::testing {
namespace {

constexpr const char* kOauthPath = "/.well-known/oauth-authorization-server";
constexpr const char* kOpenidPath = "/.well-known/openid-configuration";

class DiscoveryTest : public OauthTest {
 protected:
  std::string Document(const std::string& issuer) {
    return R"({"issuer":")" + issuer + R"(","token_endpoint":")" + server->origin() + R"(/token"})";
  }
  Outcome<ServerMetadata> Ask() {
    return Run<ServerMetadata>([&](auto done) { return Discover(http(), server->origin(), done); });
  }
};

TEST_F(DiscoveryTest, TheOauthDocumentComesFirst) {
  pages[kOauthPath] = Json(Document(server->origin()));
  pages[kOpenidPath] = Json("{}");
  const auto metadata = Ask();
  ASSERT_TRUE(metadata) << metadata.error().message;
  EXPECT_EQ(metadata->token_endpoint, server->origin() + "/token");
  EXPECT_EQ(server->requests().size(), 1U);
}

TEST_F(DiscoveryTest, OpenidsIsAskedWhereThereIsNone) {
  pages[kOpenidPath] = Json(Document(server->origin()));
  EXPECT_TRUE(Ask());
  EXPECT_EQ(server->requests().size(), 2U);
}

TEST_F(DiscoveryTest, ABadDocumentIsNotPassedOver) {
  pages[kOpenidPath] = Json(Document(server->origin()));
  for (const std::string& page :
       {Json(Document("https://evil.test")), Json("{", "200 OK"), Json("{}", "500 Oops"), Json("[]"),
        Json(Document(server->origin()), "200 OK", "text/plain"),
        broker::testing::Response("", std::string("Location: ") + kOpenidPath + "\r\n", "302 Found")}) {
    pages[kOauthPath] = page;
    const auto metadata = Ask();
    ASSERT_FALSE(metadata) << page;
    EXPECT_EQ(metadata.error().problem, Problem::kBadAnswer) << metadata.error().message;
  }
}

TEST_F(DiscoveryTest, NoDocumentAndNoServerAreTold) {
  const auto none = Ask();
  ASSERT_FALSE(none);
  EXPECT_NE(none.error().message.find("name its endpoints instead"), std::string::npos) << none.error().message;
  const auto bad = Run<ServerMetadata>([&](auto done) { return Discover(http(), "http://as.example", done); });
  EXPECT_EQ(bad.error().problem, Problem::kBadRequest) << bad.error().message;
}

class DeviceTest : public OauthTest {
 protected:
  static std::string DeviceAnswer(const std::string& more = "", const std::string& uri = "https://as.example/device") {
    return R"({"device_code":"device-canary7f3d","user_code":"WDJB-MJHT","verification_uri":")" + uri +
           R"(","expires_in":600)" + more + "}";
  }
  static std::string Error(const std::string& code) {
    return Json(R"({"error":")" + code + R"("})", "400 Bad Request");
  }
  // The token endpoint answers these, one behind the other; then the last again and again.
  Outcome<TokenSet> Authorize(std::vector<std::string> answers,
                              std::chrono::milliseconds second = std::chrono::milliseconds(5)) {
    polls = 0;
    prompts = 0;
    times.clear();
    server->Answer([this, answers = std::move(answers)](const std::string& request) {
      if (request.starts_with("POST /device ")) return pages["/device"];
      times.push_back(std::chrono::steady_clock::now());
      const std::size_t at = std::min(static_cast<std::size_t>(polls++), answers.size() - 1);
      EXPECT_NE(request.find("device_code=device-canary7f3d"), std::string::npos);
      return answers.at(at);
    });
    return Run<TokenSet>([&](auto done) {
      DeviceEvents events;
      events.on_prompt = [this](const DevicePrompt& told) {
        ++prompts;
        prompt = told;
      };
      events.on_done = done;
      return AuthorizeDevice(http(), std::make_shared<Provider>(MakeProvider()), {"read"}, std::move(events),
                             {.second = second});
    });
  }
  std::chrono::steady_clock::duration Between(std::size_t a, std::size_t b) { return times.at(b) - times.at(a); }

  int polls = 0;
  int prompts = 0;
  DevicePrompt prompt;
  std::vector<std::chrono::steady_clock::time_point> times;
};

TEST_F(DeviceTest, ItAsksUntilThePersonHasApproved) {
  pages["/device"] = Json(DeviceAnswer(R"(,"interval":1,"verification_uri_complete":"https://as.example/device?c=W")"));
  const auto tokens = Authorize({Error("authorization_pending"), Error("authorization_pending"), Json(GoodTokens())});
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_EQ(tokens->access_token.view(), WithCanary("access"));
  EXPECT_EQ(polls, 3);
  EXPECT_EQ(prompts, 1);
  EXPECT_EQ(prompt.user_code, "WDJB-MJHT");
  EXPECT_EQ(prompt.verification_uri, "https://as.example/device");
  EXPECT_EQ(prompt.verification_uri_complete, "https://as.example/device?c=W");
}

TEST_F(DeviceTest, SlowDownAddsFiveSecondsForGood) {
  pages["/device"] = Json(DeviceAnswer(R"(,"interval":1)"));
  const auto tokens = Authorize({Error("slow_down"), Error("authorization_pending"), Json(GoodTokens())});
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_GE(Between(0, 1), std::chrono::milliseconds(6 * 5));
  EXPECT_GE(Between(1, 2), std::chrono::milliseconds(6 * 5));
}

TEST_F(DeviceTest, AServerInTroubleIsAskedLessOften) {
  pages["/device"] = Json(DeviceAnswer(R"(,"interval":1)"));
  const auto tokens = Authorize({Json("", "503 Service Unavailable"), Json("", "502 Bad Gateway"), Json(GoodTokens())});
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_GE(Between(0, 1), std::chrono::milliseconds(2 * 5));
  EXPECT_GE(Between(1, 2), std::chrono::milliseconds(4 * 5));
}

TEST_F(DeviceTest, ItEndsWithANoAnExpiryOrAnErrorOfTheServer) {
  pages["/device"] = Json(DeviceAnswer(R"(,"interval":1)"));
  EXPECT_EQ(Authorize({Error("access_denied")}).error().problem, Problem::kAccessDenied);
  EXPECT_EQ(Authorize({Error("expired_token")}).error().problem, Problem::kExpired);
  EXPECT_EQ(Authorize({Error("invalid_grant")}).error().problem, Problem::kInvalidGrant);
  EXPECT_EQ(Authorize({Json(R"({"access_token":1})")}).error().problem, Problem::kBadAnswer);
}

TEST_F(DeviceTest, ItEndsWhenTheCodeHasExpired) {
  std::string answer = DeviceAnswer(R"(,"interval":1)");
  answer.replace(answer.find("600"), 3, "10");
  pages["/device"] = Json(answer);
  const auto tokens = Authorize({Error("authorization_pending")});
  ASSERT_FALSE(tokens);
  EXPECT_EQ(tokens.error().problem, Problem::kExpired) << tokens.error().message;
  EXPECT_GE(polls, 1);
  EXPECT_LE(polls, 10);
}

TEST_F(DeviceTest, OddAnswersAreRefusedBeforeAnybodyIsAsked) {
  std::vector<std::string> odd = {
      DeviceAnswer(R"(,"interval":0)"),
      DeviceAnswer(R"(,"interval":"5")"),
      DeviceAnswer(R"(,"interval":99999)"),
      DeviceAnswer("", "http://as.example/device"),
      DeviceAnswer("", "javascript:x"),
      DeviceAnswer("", "https://as.example/ x"),
      DeviceAnswer(R"(,"verification_uri_complete":"data:text/html,x")"),
      DeviceAnswer(R"(,"user_code":"B")"),
      R"({"device_code":"canary7f3d"})",
      "{}",
      "[",
  };
  std::string control = DeviceAnswer();
  control.replace(control.find("WDJB-MJHT"), 9, R"(\u001b[2J)");
  odd.push_back(control);
  for (const std::string& answer : odd) {
    pages["/device"] = Json(answer);
    const auto tokens = Authorize({Json(GoodTokens())});
    ASSERT_FALSE(tokens) << answer;
    EXPECT_EQ(tokens.error().problem, Problem::kBadAnswer) << tokens.error().message;
    EXPECT_EQ(prompts, 0) << answer;
    EXPECT_EQ(polls, 0) << answer;
  }
  pages["/device"] = Json(DeviceAnswer());
  EXPECT_TRUE(Authorize({Json(GoodTokens())}, std::chrono::milliseconds(1)));
}

class RevocationTest : public OauthTest {
 protected:
  Outcome<void> Revoke() {
    return Run<void>([&](auto done) {
      return RevokeBoth(http(), std::make_shared<Provider>(MakeProvider()), Secret(WithCanary("refresh")),
                        Secret(WithCanary("access")), done);
    });
  }
};

TEST_F(RevocationTest, TheRefreshTokenGoesFirstThenTheAccessToken) {
  pages["/revoke"] = broker::testing::Response("");
  const auto revoked = Revoke();
  ASSERT_TRUE(revoked) << revoked.error().message;
  ASSERT_EQ(server->requests().size(), 2U);
  EXPECT_NE(server->requests()[0].find("token=refresh-canary7f3d&token_type_hint=refresh_token&client_id=warder"),
            std::string::npos);
  EXPECT_NE(server->requests()[1].find("token=access-canary7f3d&token_type_hint=access_token"), std::string::npos);
}

TEST_F(RevocationTest, TheAccessTokenIsRevokedAlsoWhereTheFirstFailed) {
  pages["/revoke"] = Json(R"({"error":"unsupported_token_type"})", "400 Bad Request");
  const auto revoked = Revoke();
  ASSERT_FALSE(revoked);
  EXPECT_EQ(revoked.error().problem, Problem::kDeclined) << revoked.error().message;
  EXPECT_EQ(server->requests().size(), 2U);
}

TEST_F(RevocationTest, WithoutAnEndpointOrATokenNothingIsSent) {
  auto provider = std::make_shared<Provider>(MakeProvider());
  provider->server.revocation_endpoint.clear();
  const auto none =
      Run<void>([&](auto done) { return RevokeBoth(http(), provider, Secret(WithCanary("refresh")), Secret(), done); });
  EXPECT_EQ(none.error().problem, Problem::kBadRequest);
  const auto empty = Run<void>([&](auto done) { return RevokeBoth(http(), provider, Secret(), Secret(), done); });
  EXPECT_EQ(empty.error().problem, Problem::kBadRequest);
  EXPECT_TRUE(server->requests().empty());
}

class AssertionTest : public OauthTest {
 protected:
  // The claims of the token in the request's parameter `name`.
  boost::json::object Claims(std::string_view name) {
    const std::string& request = server->requests().back();
    const auto form = RedirectQuery::Parse(std::string_view(request).substr(request.find("\r\n\r\n") + 4));
    EXPECT_TRUE(form);
    const std::string_view token = form->Find(name)->view();
    EXPECT_EQ(std::count(token.begin(), token.end(), '.'), 2);
    std::string claims(token.substr(token.find('.') + 1));
    claims.resize(claims.find('.'));
    std::replace(claims.begin(), claims.end(), '-', '+');
    std::replace(claims.begin(), claims.end(), '_', '/');
    claims.append((4 - claims.size() % 4) % 4, '=');
    const auto bytes = FromBase64(claims);
    EXPECT_TRUE(bytes);
    return ParseStrict(*bytes)->as_object();
  }
  const broker::testing::Identity identity{"localhost", false};
};

TEST_F(AssertionTest, AJwtBearerGrantIsSignedAndShortLived) {
  pages["/token"] = Json(GoodTokens());
  AssertionGrant grant;
  grant.issuer = "robot";
  grant.subject = "anna";
  grant.scope = {"read"};
  grant.scope_in = AssertionGrant::ScopeIn::kClaim;
  grant.algorithm = broker::JwtInjection::Algorithm::kEs256;
  grant.key = Secret(identity.key_pem());
  const auto tokens = Run<TokenSet>([&](auto done) {
    auto request = UseAssertion(MakeProvider(), grant, std::chrono::system_clock::now());
    EXPECT_TRUE(request) << (request ? "" : request.error().message);
    return RequestToken(http(), std::move(*request), done);
  });
  ASSERT_TRUE(tokens) << tokens.error().message;
  const auto claims = Claims("assertion");
  EXPECT_EQ(claims.at("iss").as_string(), "robot");
  EXPECT_EQ(claims.at("sub").as_string(), "anna");
  EXPECT_EQ(claims.at("aud").as_string(), server->origin()) << "the issuer, not what metadata calls an endpoint";
  EXPECT_EQ(claims.at("scope").as_string(), "read");
  EXPECT_EQ(claims.at("exp").as_int64() - claims.at("iat").as_int64(), 300);
  EXPECT_NE(server->requests().back().find("client_id=warder"), std::string::npos);
  grant.lifetime = std::chrono::hours(2);
  EXPECT_FALSE(UseAssertion(MakeProvider(), grant, std::chrono::system_clock::now()));
}

// RFC 7521 section 4.1: the client's id is only needed where the client authenticates.
TEST_F(AssertionTest, AJwtBearerGrantNeedsNoClient) {
  pages["/token"] = Json(GoodTokens());
  pages["/revoke"] = Json("");
  auto provider = std::make_shared<Provider>(MakeProvider());
  provider->client.id.clear();
  AssertionGrant grant;
  grant.issuer = "robot";
  grant.audience = "https://as.example/token";
  grant.scope = {"read"};
  grant.algorithm = broker::JwtInjection::Algorithm::kEs256;
  grant.key = Secret(identity.key_pem());
  const auto tokens = Run<TokenSet>([&](auto done) {
    auto request = UseAssertion(*provider, grant, std::chrono::system_clock::now());
    EXPECT_TRUE(request) << (request ? "" : request.error().message);
    return RequestToken(http(), std::move(*request), done);
  });
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_EQ(Claims("assertion").at("aud").as_string(), "https://as.example/token");
  EXPECT_FALSE(Claims("assertion").contains("sub"));
  EXPECT_FALSE(Claims("assertion").contains("scope"));
  EXPECT_NE(server->requests().back().find("&scope=read"), std::string::npos);
  const auto revoked =
      Run<void>([&](auto done) { return RevokeBoth(http(), provider, Secret(), tokens->access_token.Copy(), done); });
  EXPECT_TRUE(revoked) << revoked.error().message;
  for (const std::string& request : server->requests()) EXPECT_EQ(request.find("client_id"), std::string::npos);
}

TEST_F(AssertionTest, AClientSignsForItself) {
  pages["/token"] = Json(GoodTokens());
  Provider provider = MakeProvider();
  provider.client.authentication = ClientAuthentication::kPrivateKeyJwt;
  provider.client.secret = Secret(identity.key_pem());
  ASSERT_TRUE(Refresh(provider));
  const auto claims = Claims("client_assertion");
  EXPECT_EQ(claims.at("iss").as_string(), "warder");
  EXPECT_EQ(claims.at("sub").as_string(), "warder");
  EXPECT_EQ(claims.at("aud").as_string(), server->origin());
  const auto first = std::string(claims.at("jti").as_string());
  ASSERT_TRUE(Refresh(provider));
  EXPECT_NE(std::string(Claims("client_assertion").at("jti").as_string()), first) << "good once";
}

}  // namespace
}  // namespace warder::oauth::testing
