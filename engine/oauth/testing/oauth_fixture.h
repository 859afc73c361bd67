// What the tests of OAuth share: a server on loopback that answers each path as a test wants, a client of it, and a
// canary that no text may hold.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "engine/broker/testing/broker_fixture.h"
#include "engine/oauth/authorization.h"
#include "engine/oauth/exchange.h"
#include "engine/oauth/provider.h"
#include "engine/oauth/token_request.h"

namespace warder::oauth::testing {

using broker::testing::RawServer;

// In every secret of the tests. A text that holds it has told one.
inline constexpr std::string_view kCanary = "canary7f3d";

inline std::string WithCanary(std::string_view name) { return std::string(name) + "-" + std::string(kCanary); }

// A JSON answer with what RFC 6749 asks for.
inline std::string Json(const std::string& body, const std::string& status = "200 OK",
                        const std::string& type = "application/json;charset=UTF-8") {
  return broker::testing::Response(body, "Content-Type: " + type + "\r\nCache-Control: no-store\r\n", status);
}

inline const std::string& GoodTokens() {
  static const std::string tokens = R"({"access_token":")" + WithCanary("access") + R"(","token_type":"Bearer",)" +
                                    R"("expires_in":3600,"refresh_token":")" + WithCanary("refresh") +
                                    R"(","scope":"read write"})";
  return tokens;
}

class OauthTest : public broker::testing::BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (!loop) return;
    server->Answer([this](const std::string& request) {
      const std::string target = request.substr(0, request.find(" HTTP/"));
      const auto found = pages.find(target.substr(target.find(' ') + 1));
      return found == pages.end() ? Json(R"({"error":"not_here"})", "404 Not Found") : found->second;
    });
  }
  void TearDown() override {
    exchange.reset();
    BrokerTest::TearDown();
  }

  Exchange& http() {
    if (!broker) broker = std::make_unique<broker::Broker>(*loop, options);
    if (!exchange) exchange = std::make_unique<Exchange>(*broker, *loop, "acme", exchange_options);
    return *exchange;
  }

  Provider MakeProvider() {
    Provider provider;
    provider.server.issuer = server->origin();
    provider.server.authorization_endpoint = server->origin() + "/authorize";
    provider.server.token_endpoint = server->origin() + "/token";
    provider.server.revocation_endpoint = server->origin() + "/revoke";
    provider.server.device_authorization_endpoint = server->origin() + "/device";
    provider.client.id = "warder";
    return provider;
  }

  // What an operation comes to. Its texts are looked at for secrets.
  template <typename T, typename Start>
  Outcome<T> Run(Start start) {
    std::optional<Outcome<T>> outcome;
    const Ticket ticket = start([&](Outcome<T> told) {
      EXPECT_FALSE(outcome.has_value()) << "told twice";
      outcome.emplace(std::move(told));
    });
    EXPECT_FALSE(outcome.has_value()) << "told from inside";
    RunUntil([&] { return outcome.has_value(); });
    if (!outcome) return Failure{Problem::kNoAnswer, Fate::kUnknown, "the test ran out of time"};
    if (!*outcome) ExpectTellsNothing(outcome->error());
    return std::move(*outcome);
  }

  Outcome<TokenSet> Refresh(const Provider& provider) {
    return Run<TokenSet>([&](auto done) {
      auto request = RefreshToken(provider, Secret(WithCanary("old")), {"read"}, {}, std::chrono::system_clock::now());
      EXPECT_TRUE(request) << (request ? "" : request.error().message);
      return RequestToken(http(), std::move(*request), done);
    });
  }
  Outcome<TokenSet> Refresh() { return Refresh(MakeProvider()); }

  // A sentence that a person can act on, without a secret.
  static void ExpectTellsNothing(const Failure& failure) {
    EXPECT_EQ(failure.message.find(kCanary), std::string::npos) << failure.message;
    EXPECT_GE(failure.message.size(), 20U) << failure.message;
    for (const char c : failure.message) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << failure.message;
  }

  ExchangeOptions exchange_options{.timeout = std::chrono::milliseconds(3'000)};
  std::unique_ptr<Exchange> exchange;
  std::map<std::string, std::string> pages;  // by target: the whole answer
};

}  // namespace warder::oauth::testing
