// The protocol against a certified OpenID provider: every grant from its first request to its revocation.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <thread>

#include "engine/oauth/authorization.h"
#include "engine/oauth/device.h"
#include "engine/oauth/loopback_receiver.h"
#include "engine/oauth/metadata.h"
#include "engine/oauth/revocation.h"
#include "engine/oauth/token_request.h"
#include "tests/e2e/oidc/oidc_server.h"

namespace warder::oauth::testing {
namespace {

TimePoint Now() { return std::chrono::system_clock::now(); }

class OidcTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    key = std::make_unique<SigningKey>(SigningKey::Make());
    const char* const file = std::getenv("OIDC_SERVER");
    ASSERT_NE(file, nullptr) << "tests/e2e/oidc/run.sh sets it";
    provider_process = std::make_unique<OidcServer>(file, R"({"publicKey":)" + key->public_jwk + "}");
  }
  static void TearDownTestSuite() {
    provider_process.reset();
    key.reset();
  }

  void SetUp() override {
    const auto metadata = Run<ServerMetadata>([&](auto done) { return Discover(http, issuer(), done); });
    ASSERT_TRUE(metadata) << metadata.error().message;
    server = *metadata;
  }

  static const std::string& issuer() { return provider_process->issuer(); }

  std::shared_ptr<Provider> ClientOf(const std::string& id,
                                     ClientAuthentication authentication = ClientAuthentication::kNone,
                                     std::string_view secret = "") const {
    auto provider = std::make_shared<Provider>();
    provider->server = server;
    provider->client.id = id;
    provider->client.authentication = authentication;
    provider->client.secret = Secret(secret);
    return provider;
  }

  template <typename T, typename Start>
  Outcome<T> Run(Start start) {
    std::optional<Outcome<T>> outcome;
    const Ticket ticket = start([&](Outcome<T> told) { outcome.emplace(std::move(told)); });
    RunUntil([&] { return outcome.has_value(); });
    if (!outcome) return Failure{Problem::kNoAnswer, Fate::kUnknown, "the test ran out of time"};
    return std::move(*outcome);
  }
  void RunUntil(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      loop.run_one_for(std::chrono::milliseconds(50));
      if (loop.stopped()) loop.restart();
    }
  }
  Outcome<TokenSet> Send(Outcome<TokenRequest> request) {
    if (!request) return request.error();
    return Run<TokenSet>([&](auto done) { return RequestToken(http, std::move(*request), done); });
  }

  // What the browser brings back to the terminal.
  Outcome<RedeemableCode> CodeOf(const Provider& client) {
    auto receiver = LoopbackReceiver::Listen(loop);
    EXPECT_TRUE(receiver);
    AuthorizationRequest request;
    request.bearer = {"terminal", "acme"};
    request.connection = "oidc";
    request.redirect_uri = (*receiver)->redirect_uri();
    request.scope = {"openid"};
    auto begun = BeginAuthorization(client, std::move(request), Now());
    if (!begun) return begun.error();
    std::optional<Result<Secret>> query;
    (*receiver)->Receive(begun->pending.state, [&](Result<Secret> received) { query.emplace(std::move(received)); });
    std::thread browser([url = begun->url] { Browse(url); });
    RunUntil([&] { return query.has_value(); });
    browser.join();
    if (!query || !*query) return Failure{Problem::kNoAnswer, Fate::kUnknown, "the browser did not come back"};
    const Secret url = Secret::Join({begun->pending.redirect_uri, "?", (*query)->view()});
    return FinishAuthorization(&begun->pending, url.view(), {"terminal", "acme"}, Now());
  }
  // As a person does it: the browser goes to the URL, the loopback receiver gets the answer.
  Outcome<TokenSet> Authorize(const Provider& client) {
    auto receiver = LoopbackReceiver::Listen(loop);
    EXPECT_TRUE(receiver);
    AuthorizationRequest request;
    request.bearer = {"terminal", "acme"};
    request.connection = "oidc";
    request.redirect_uri = (*receiver)->redirect_uri();
    request.scope = {"openid", "offline_access", "api:read"};
    request.more = {{"prompt", "consent"}};  // without it offline_access is not granted
    auto begun = BeginAuthorization(client, std::move(request), Now());
    if (!begun) return begun.error();
    std::optional<Result<Secret>> query;
    (*receiver)->Receive(begun->pending.state, [&](Result<Secret> received) { query.emplace(std::move(received)); });
    long status = 0;
    std::thread browser([&, url = begun->url] { status = Browse(url); });
    RunUntil([&] { return query.has_value(); });
    receiver->reset();
    browser.join();
    EXPECT_EQ(status, 200);
    if (!query || !*query) return Failure{Problem::kNoAnswer, Fate::kUnknown, "the browser did not come back"};
    const Secret url = Secret::Join({begun->pending.redirect_uri, "?", (*query)->view()});
    auto code = FinishAuthorization(&begun->pending, url.view(), {"terminal", "acme"}, Now());
    if (!code) return code.error();
    return Send(RedeemCode(client, std::move(*code), Now()));
  }

  // What the server's userinfo endpoint says to the bearer of the token.
  long StatusWith(const TokenSet& tokens) { return Browse(issuer() + "/me", std::string(tokens.access_token.view())); }

  static std::unique_ptr<SigningKey> key;
  static std::unique_ptr<OidcServer> provider_process;

  boost::asio::io_context loop{1};
  broker::Broker broker{loop};
  Exchange http{broker, loop, "acme"};
  ServerMetadata server;
};

std::unique_ptr<SigningKey> OidcTest::key;
std::unique_ptr<OidcServer> OidcTest::provider_process;

TEST_F(OidcTest, ItsMetadataIsAccepted) {
  EXPECT_EQ(server.issuer, issuer());
  EXPECT_EQ(server.iss, ServerMetadata::Iss::kPromised);
  EXPECT_EQ(server.code_challenge_methods.count("S256"), 1U);
  EXPECT_EQ(server.revocation_endpoint, issuer() + "/token/revocation");
}

TEST_F(OidcTest, FromTheBrowserToTheTokenToItsRevocation) {
  const auto client = ClientOf("terminal");
  auto tokens = Authorize(*client);
  ASSERT_TRUE(tokens) << tokens.error().message;
  ASSERT_TRUE(tokens->refresh_token);
  EXPECT_EQ(tokens->scope, (ScopeSet{"openid", "offline_access", "api:read"}));
  EXPECT_EQ(tokens->lifetime, std::chrono::seconds(600));
  EXPECT_EQ(StatusWith(*tokens), 200);

  auto renewed = Send(RefreshToken(*client, *tokens->refresh_token, tokens->scope, {}, Now()));
  ASSERT_TRUE(renewed) << renewed.error().message;
  ASSERT_TRUE(renewed->refresh_token);
  EXPECT_NE(renewed->refresh_token->view(), tokens->refresh_token->view()) << "it rotates";
  EXPECT_EQ(StatusWith(*renewed), 200);

  const auto revoked = Run<void>([&](auto done) {
    return RevokeBoth(http, client, renewed->refresh_token->Copy(), renewed->access_token.Copy(), done);
  });
  ASSERT_TRUE(revoked) << revoked.error().message;
  EXPECT_EQ(StatusWith(*renewed), 401);
  const auto after = Send(RefreshToken(*client, *renewed->refresh_token, renewed->scope, {}, Now()));
  ASSERT_FALSE(after);
  EXPECT_EQ(after.error().problem, Problem::kInvalidGrant) << after.error().message;
}

TEST_F(OidcTest, ARotatedRefreshTokenThatIsUsedAgainEndsTheGrant) {
  const auto client = ClientOf("terminal");
  const auto tokens = Authorize(*client);
  ASSERT_TRUE(tokens) << tokens.error().message;
  const auto renewed = Send(RefreshToken(*client, *tokens->refresh_token, tokens->scope, {}, Now()));
  ASSERT_TRUE(renewed) << renewed.error().message;
  const auto again = Send(RefreshToken(*client, *tokens->refresh_token, tokens->scope, {}, Now()));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().problem, Problem::kInvalidGrant) << again.error().message;
  EXPECT_EQ(again.error().fate, Fate::kDeclined);
  const auto newest = Send(RefreshToken(*client, *renewed->refresh_token, renewed->scope, {}, Now()));
  ASSERT_FALSE(newest) << "the reuse must have ended the whole grant";
  EXPECT_EQ(newest.error().problem, Problem::kInvalidGrant);
}

TEST_F(OidcTest, ARefreshCanAskForLess) {
  const auto client = ClientOf("terminal");
  const auto tokens = Authorize(*client);
  ASSERT_TRUE(tokens) << tokens.error().message;
  const auto less = Send(RefreshToken(*client, *tokens->refresh_token, tokens->scope, {"openid"}, Now()));
  ASSERT_TRUE(less) << less.error().message;
  EXPECT_EQ(less->scope, ScopeSet{"openid"});
}

TEST_F(OidcTest, ADeviceIsApproved) {
  DeviceEvents events;
  std::thread person;
  std::optional<Outcome<TokenSet>> outcome;
  DevicePrompt prompt;
  events.on_prompt = [&](const DevicePrompt& told) {
    prompt = told;
    person = std::thread([code = told.user_code] { Browse(issuer() + "/approve?user_code=" + code); });
  };
  events.on_done = [&](Outcome<TokenSet> told) { outcome.emplace(std::move(told)); };
  const Ticket ticket = AuthorizeDevice(http, ClientOf("terminal"), {"openid", "offline_access"}, std::move(events),
                                        {.second = std::chrono::milliseconds(50)});
  RunUntil([&] { return outcome.has_value(); });
  if (person.joinable()) person.join();
  ASSERT_TRUE(outcome);
  ASSERT_TRUE(*outcome) << outcome->error().message;
  EXPECT_EQ(prompt.verification_uri, issuer() + "/device");
  EXPECT_EQ(StatusWith(**outcome), 200);
}

TEST_F(OidcTest, ClientsAuthenticateInEveryWay) {
  using enum ClientAuthentication;
  for (const auto& client :
       {ClientOf("service:1", kSecretBasic, "s:e c%r+e&t=/~"), ClientOf("poster", kSecretPost, "another secret & more"),
        ClientOf("signed", kPrivateKeyJwt, key->pem.view())}) {
    const auto tokens = Send(UseClientCredentials(*client, {"api:read"}, Now()));
    ASSERT_TRUE(tokens) << client->client.id << ": " << tokens.error().message;
    EXPECT_EQ(tokens->scope, ScopeSet{"api:read"});
    EXPECT_FALSE(tokens->refresh_token);
  }
  const auto wrong = Send(UseClientCredentials(*ClientOf("service:1", kSecretBasic, "wrong"), {"api:read"}, Now()));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().problem, Problem::kInvalidClient) << wrong.error().message;
  const auto foreign = SigningKey::Make();
  const auto forged = Send(UseClientCredentials(*ClientOf("signed", kPrivateKeyJwt, foreign.pem.view()), {}, Now()));
  ASSERT_FALSE(forged);
  EXPECT_EQ(forged.error().problem, Problem::kInvalidClient) << forged.error().message;
}

TEST_F(OidcTest, ItsErrorsAreTyped) {
  const auto client = ClientOf("service:1", ClientAuthentication::kSecretBasic, "s:e c%r+e&t=/~");
  const auto scope = Send(UseClientCredentials(*client, {"openid"}, Now()));
  ASSERT_FALSE(scope);
  EXPECT_EQ(scope.error().problem, Problem::kInvalidScope) << scope.error().message;
  const auto grant = Send(RefreshToken(*ClientOf("terminal"), Secret("never-issued"), {}, {}, Now()));
  ASSERT_FALSE(grant);
  EXPECT_EQ(grant.error().problem, Problem::kInvalidGrant) << grant.error().message;
  const auto other = Run<ServerMetadata>([&](auto done) { return Discover(http, issuer() + "/other", done); });
  EXPECT_FALSE(other);
}

// A code without its verifier, or with another one. Each attempt has a code of its own; the last is the control.
TEST_F(OidcTest, ACodeNeedsItsVerifier) {
  const auto client = ClientOf("terminal");
  for (const std::string how : {"another", "none", "its own"}) {
    auto code = CodeOf(*client);
    ASSERT_TRUE(code) << code.error().message;
    if (how == "another") code->verifier = Secret(std::string(43, 'x'));
    const std::string sent = "&code_verifier=" + std::string(code->verifier.view());
    auto request = RedeemCode(*client, std::move(*code), Now());
    ASSERT_TRUE(request);
    if (how == "none") {
      std::string form(request->exchange.form->view());
      const std::size_t at = form.find(sent);
      ASSERT_NE(at, std::string::npos) << "the form has it";
      request->exchange.form = Secret(form.erase(at, sent.size()));
    }
    const auto tokens = Send(std::move(request));
    EXPECT_EQ(tokens.has_value(), how == "its own") << how;
    if (!tokens) {
      EXPECT_EQ(tokens.error().problem, Problem::kInvalidGrant) << how << ": " << tokens.error().message;
    }
  }
}

}  // namespace
}  // namespace warder::oauth::testing
