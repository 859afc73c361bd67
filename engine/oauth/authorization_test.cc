// The authorization request and its answer: what is bound to what, and every answer that does not count.
#include "engine/oauth/authorization.h"

#include <gtest/gtest.h>

#include "engine/oauth/pkce.h"
#include "engine/oauth/redirect_query.h"

namespace warder::oauth {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{std::chrono::seconds(1'800'000'000)};

class AuthorizationTest : public ::testing::Test {
 protected:
  AuthorizationTest() {
    provider.server.issuer = "https://as.example";
    provider.server.authorization_endpoint = "https://as.example/authorize";
    provider.server.token_endpoint = "https://as.example/token";
    provider.server.iss = ServerMetadata::Iss::kPromised;
    provider.client.id = "warder";
  }

  AuthorizationRequest Request() {
    AuthorizationRequest request;
    request.bearer = me;
    request.connection = "crm";
    request.redirect_uri = callback;
    request.scope = {"read", "offline_access"};
    return request;
  }
  // The server does not promise to name itself.
  void NoIss() {
    provider.server.iss = ServerMetadata::Iss::kNotPromised;
    callback = RedirectUriFor(callback, provider.server.issuer);
  }
  PendingAuthorization Begin() { return std::move(BeginAuthorization(provider, Request(), kNow)->pending); }
  static std::string Answer(const PendingAuthorization& pending, const std::string& rest) {
    return "state=" + std::string(pending.state.view()) + rest;
  }
  // "" for a code; else the problem's name.
  std::string Finish(PendingAuthorization* pending, const std::string& query, TimePoint now = kNow + 1min) {
    const auto code = FinishAuthorization(pending, callback + "?" + query, me, now);
    if (code) return "";
    EXPECT_EQ(code.error().message.find("canary"), std::string::npos) << code.error().message;
    EXPECT_EQ(code.error().message.find(pending->state.view()), std::string::npos) << code.error().message;
    EXPECT_EQ(code.error().fate, Fate::kDeclined);
    return std::string(NameOf(code.error().problem));
  }
  std::string Finish(const std::string& rest) {
    PendingAuthorization pending = Begin();
    return Finish(&pending, Answer(pending, rest));
  }

  Provider provider;
  const Bearer me{"session-1", "acme"};
  std::string callback = "http://127.0.0.1:4000/callback";
  const std::string good = "&code=canary-code&iss=https%3A%2F%2Fas.example";
};

TEST_F(AuthorizationTest, TheUrlSaysWhatItMust) {
  auto request = Request();
  request.more = {{"prompt", "consent"}, {"audience", "https://api/&x"}};
  const auto begun = BeginAuthorization(provider, std::move(request), kNow);
  ASSERT_TRUE(begun) << begun.error().message;
  const std::string front = "https://as.example/authorize?";
  ASSERT_EQ(begun->url.substr(0, front.size()), front);
  const auto query = RedirectQuery::Parse(std::string_view(begun->url).substr(front.size()));
  ASSERT_TRUE(query) << query.error().message;
  const auto value = [&](std::string_view name) { return std::string(query->Find(name)->view()); };
  EXPECT_EQ(value("response_type"), "code");
  EXPECT_EQ(value("client_id"), "warder");
  EXPECT_EQ(value("redirect_uri"), "http://127.0.0.1:4000/callback");
  EXPECT_EQ(value("scope"), "offline_access read");
  EXPECT_EQ(value("code_challenge_method"), "S256");
  EXPECT_EQ(value("code_challenge"), ChallengeOf(begun->pending.verifier));
  EXPECT_EQ(value("prompt"), "consent");
  EXPECT_EQ(value("audience"), "https://api/&x");
  EXPECT_TRUE(query->HasState(begun->pending.state));
  EXPECT_EQ(begun->url.find(begun->pending.verifier.view()), std::string::npos) << "the verifier stays here";
  EXPECT_EQ(begun->pending.expires, kNow + 10min);
}

TEST_F(AuthorizationTest, AnEndpointMayHaveAQueryButNotTheClientsWords) {
  provider.server.authorization_endpoint = "https://as.example/authorize?tenant=7";
  EXPECT_NE(BeginAuthorization(provider, Request(), kNow)->url.find("?tenant=7&response_type=code&"),
            std::string::npos);
  provider.server.authorization_endpoint = "https://as.example/authorize?redirect_uri=https://evil.test";
  EXPECT_FALSE(BeginAuthorization(provider, Request(), kNow));
}

TEST_F(AuthorizationTest, WhatCannotBeBoundIsNotBegun) {
  const auto refused = [&](auto change) {
    auto request = Request();
    change(request);
    const auto begun = BeginAuthorization(provider, std::move(request), kNow);
    return !begun && begun.error().problem == Problem::kBadRequest;
  };
  EXPECT_FALSE(refused([](AuthorizationRequest&) {}));
  EXPECT_TRUE(refused([](AuthorizationRequest& r) { r.bearer.session.clear(); }));
  EXPECT_TRUE(refused([](AuthorizationRequest& r) { r.bearer.tenant.clear(); }));
  EXPECT_TRUE(refused([](AuthorizationRequest& r) { r.connection.clear(); }));
  EXPECT_TRUE(refused([](AuthorizationRequest& r) { r.redirect_uri = "http://platform.example/callback"; }));
  EXPECT_TRUE(refused([](AuthorizationRequest& r) { r.redirect_uri = "https://platform.example/callback#x"; }));
  EXPECT_TRUE(refused([](AuthorizationRequest& r) { r.lifetime = 31min; }));
  EXPECT_TRUE(refused([](AuthorizationRequest& r) { r.lifetime = 0s; }));
  EXPECT_TRUE(refused([](AuthorizationRequest& r) { r.scope = {"a b"}; }));
  EXPECT_TRUE(refused([](AuthorizationRequest& r) { r.more = {{"state", "x"}}; }));
  EXPECT_TRUE(refused([](AuthorizationRequest& r) { r.more = {{"code_challenge_method", "plain"}}; }));
  provider.server.code_challenge_methods = {"plain"};
  EXPECT_TRUE(refused([](AuthorizationRequest&) {}));
}

TEST_F(AuthorizationTest, TheRightAnswerGivesTheCodeAndWhereItGoes) {
  PendingAuthorization pending = Begin();
  const auto code = FinishAuthorization(&pending, callback + "?" + Answer(pending, good), me, kNow + 1min);
  ASSERT_TRUE(code) << code.error().message;
  EXPECT_EQ(code->code.view(), "canary-code");
  EXPECT_EQ(code->verifier.view(), pending.verifier.view());
  EXPECT_EQ(code->issuer, "https://as.example");
  EXPECT_EQ(code->token_endpoint, "https://as.example/token");
  EXPECT_EQ(code->redirect_uri, "http://127.0.0.1:4000/callback");
}

TEST_F(AuthorizationTest, AForeignStateChangesNothing) {
  PendingAuthorization pending = Begin();
  const PendingAuthorization other = Begin();
  EXPECT_EQ(Finish(&pending, Answer(other, good)), "not_ours");
  EXPECT_EQ(Finish(&pending, good.substr(1)), "not_ours");
  EXPECT_EQ(Finish(&pending, "state=" + good), "not_ours");
  EXPECT_EQ(Finish(&pending, Answer(pending, "") + "&" + Answer(pending, good)), "bad_answer");
  EXPECT_EQ(Finish(&pending, Answer(pending, good)), "");
}

TEST_F(AuthorizationTest, AStateIsGoodOnce) {
  PendingAuthorization pending = Begin();
  EXPECT_EQ(Finish(&pending, Answer(pending, good)), "");
  EXPECT_EQ(Finish(&pending, Answer(pending, good)), "not_ours");
  PendingAuthorization declined = Begin();
  EXPECT_EQ(Finish(&declined, Answer(declined, "&error=access_denied&iss=https%3A%2F%2Fas.example")), "access_denied");
  EXPECT_EQ(Finish(&declined, Answer(declined, good)), "not_ours");
}

TEST_F(AuthorizationTest, AStateExpires) {
  PendingAuthorization last = Begin();
  EXPECT_EQ(Finish(&last, Answer(last, good), kNow + 10min - 1s), "");
  PendingAuthorization late = Begin();
  EXPECT_EQ(Finish(&late, Answer(late, good), kNow + 10min), "expired");
  PendingAuthorization early = Begin();
  EXPECT_EQ(Finish(&early, Answer(early, good), kNow - 1s), "expired") << "the clock was turned back";
}

TEST_F(AuthorizationTest, AnotherSessionOrTenantCannotFinish) {
  for (const Bearer& other : {Bearer{"session-2", "acme"}, Bearer{"session-1", "other"}, Bearer{}}) {
    PendingAuthorization pending = Begin();
    const auto code = FinishAuthorization(&pending, callback + "?" + Answer(pending, good), other, kNow);
    ASSERT_FALSE(code);
    EXPECT_EQ(code.error().problem, Problem::kNotOurs);
  }
}

TEST_F(AuthorizationTest, TheIssuerMustBeTheOneThatWasAsked) {
  EXPECT_EQ(Finish("&code=c&iss=https%3A%2F%2Fevil.test"), "not_ours");
  EXPECT_EQ(Finish("&code=c&iss=https%3A%2F%2Fas.example%2F"), "not_ours");
  EXPECT_EQ(Finish("&code=c&iss="), "not_ours");
  EXPECT_EQ(Finish("&code=c"), "not_ours") << "promised, and missing";
  EXPECT_EQ(Finish("&error=access_denied"), "not_ours") << "errors name it too (RFC 9207 section 2)";
  NoIss();
  EXPECT_EQ(Finish("&code=c"), "");
  EXPECT_EQ(Finish("&code=c&iss=https%3A%2F%2Fevil.test"), "not_ours");
}

// RFC 9700 section 4.4: the honest server's code, brought back to a client that believes it talked to the attacker's.
TEST_F(AuthorizationTest, MixedUpServersAreNoticed) {
  Provider evil;
  evil.server.issuer = "https://evil.test";
  evil.server.authorization_endpoint = "https://as.example/authorize";
  evil.server.token_endpoint = "https://evil.test/token";
  evil.server.iss = ServerMetadata::Iss::kPromised;
  evil.client.id = "warder";
  PendingAuthorization at_evil = std::move(BeginAuthorization(evil, Request(), kNow)->pending);
  EXPECT_EQ(Finish(&at_evil, Answer(at_evil, good)), "not_ours");
  PendingAuthorization at_honest = Begin();
  EXPECT_EQ(Finish(&at_honest, Answer(at_honest, good)), "");
}

// Section 4.4.2: where the honest server names itself in no answer, its redirect URI is its alone. The attacker's
// server sends the browser on to the honest one, which sends its code to the URI that is registered there.
TEST_F(AuthorizationTest, MixedUpServersThatDoNotNameThemselvesAreNoticedByWhereTheAnswerArrives) {
  const std::string base = callback;
  Provider evil;
  evil.server.issuer = "https://evil.test";
  evil.server.authorization_endpoint = "https://evil.test/authorize";
  evil.server.token_endpoint = "https://evil.test/token";
  evil.client.id = "warder";
  AuthorizationRequest request = Request();
  request.redirect_uri = RedirectUriFor(base, evil.server.issuer);
  PendingAuthorization at_evil = std::move(BeginAuthorization(evil, std::move(request), kNow)->pending);
  NoIss();  // and where the honest one's answers arrive
  EXPECT_NE(callback, at_evil.redirect_uri);
  EXPECT_EQ(Finish(&at_evil, Answer(at_evil, "&code=canary-code")), "not_ours");
  PendingAuthorization at_honest = Begin();
  EXPECT_EQ(Finish(&at_honest, Answer(at_honest, "&code=canary-code")), "");
  // So no two of them may have one.
  for (const std::string& uri : {base, RedirectUriFor(base, provider.server.issuer)}) {
    request = Request();
    request.redirect_uri = uri;
    const auto begun = BeginAuthorization(evil, std::move(request), kNow);
    ASSERT_FALSE(begun) << uri;
    EXPECT_NE(begun.error().message.find("register and use " + RedirectUriFor(uri, evil.server.issuer)),
              std::string::npos)
        << begun.error().message;
  }
}

TEST_F(AuthorizationTest, AnAnswerThatArrivesElsewhereIsNotOurs) {
  const auto finish = [&](const std::string& at) {
    PendingAuthorization pending = Begin();
    const auto code = FinishAuthorization(&pending, at + Answer(pending, good), me, kNow);
    if (code) return true;
    EXPECT_EQ(code.error().problem, Problem::kNotOurs);
    EXPECT_EQ(pending.use, PendingAuthorization::Use::kUsed);
    return false;
  };
  EXPECT_TRUE(finish(callback + "?"));
  for (const std::string& at :
       {std::string("http://127.0.0.1:4000/callback/?"), std::string("http://127.0.0.1:4000/callback2?"),
        std::string("http://127.0.0.1:4001/callback?"), std::string("https://127.0.0.1:4000/callback?"),
        std::string("http://127.0.0.1:4000/?"), std::string("?"), std::string("/callback?"), callback + "#?"}) {
    EXPECT_FALSE(finish(at)) << at;
  }
  callback += "?of=acme";
  EXPECT_TRUE(finish(callback + "&"));
  EXPECT_FALSE(finish("http://127.0.0.1:4000/callback?of=other&"));
}

TEST_F(AuthorizationTest, ErrorsAreTypedAndTheirTextIsNotRepeated) {
  NoIss();
  EXPECT_EQ(Finish("&error=access_denied&error_description=canary%1b%5B2J"), "access_denied");
  EXPECT_EQ(Finish("&error=temporarily_unavailable"), "temporary");
  EXPECT_EQ(Finish("&error=invalid_scope"), "invalid_scope");
  EXPECT_EQ(Finish("&error=unauthorized_client"), "invalid_client");
  EXPECT_EQ(Finish("&error=canary%0a%1b"), "declined");
  EXPECT_EQ(Finish("&error=access_denied&code=c"), "bad_answer");
}

TEST_F(AuthorizationTest, MalformedAnswersAreRefused) {
  const std::string iss = "&iss=https%3A%2F%2Fas.example";
  EXPECT_EQ(Finish(iss), "bad_answer");
  EXPECT_EQ(Finish("&code=" + iss), "bad_answer");
  EXPECT_EQ(Finish("&code=a%0Ab" + iss), "bad_answer");
  EXPECT_EQ(Finish("&code=a+b" + iss), "bad_answer");
  EXPECT_EQ(Finish("&code=" + std::string(5000, 'x') + iss), "bad_answer");
  EXPECT_EQ(Finish("&code=a&code=b" + iss), "bad_answer");
  EXPECT_EQ(Finish("&code=%zz" + iss), "bad_answer");
  EXPECT_EQ(Finish("&code=a" + iss + iss), "bad_answer");
}

}  // namespace
}  // namespace warder::oauth
