// Connections on live calls: what an upstream gets of a credential, and what comes back of it.
#include <gmock/gmock.h>

#include <set>

#include "engine/broker/origin_health.h"
#include "engine/broker/testing/broker_fixture.h"

namespace warder::broker::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kToken = "canary-t0k3n/+=abcdefghij";
constexpr std::string_view kOtherToken = "other-s3cret-0123456789";

class ConnectionTest : public TwoServersTest {
 protected:
  void SetUp() override {
    TwoServersTest::SetUp();
    if (loop) server->Answer(Response("ok"));
  }
  void TearDown() override {
    capabilities.reset();
    TwoServersTest::TearDown();
  }

  std::shared_ptr<const broker::Connection> Make(const std::string& lines,
                                                 const std::map<std::string, std::string>& fields, bool both = false) {
    SecretFields secrets;
    for (const auto& [name, value] : fields) secrets.emplace(name, Secret(value));
    auto made = broker::Connection::Make("origin " + server->origin() + "\n" +
                                             (both ? "origin " + other->origin() + "\n" : "") + "allow * /**\n" + lines,
                                         std::move(secrets));
    EXPECT_TRUE(made) << made.error().message;
    return *made;
  }
  void Grant(const std::vector<Capabilities::Named>& connections, const std::vector<std::string>& plain = {}) {
    auto made = Capabilities::Make(std::make_shared<Policy>(*Policy::FromOrigins(plain)), connections);
    ASSERT_TRUE(made) << made.error().message;
    capabilities = std::move(*made);
  }
  void GrantBearer(const std::string& lines = "", bool both = false) {
    Grant({{"acme", Make("inject bearer token\n" + lines, {{"token", std::string(kToken)}}, both)}});
  }
  std::string handle(std::size_t index = 0) const { return capabilities->connections()[index]->handle(); }
  // The last placeholder for a field.
  std::string placeholder(const std::string& field) const {
    std::string text;
    for (const auto& each : capabilities->placeholders().all()) {
      if (each.stands_for.field == field) text = each.text;
    }
    return text;
  }
  void Run(Recorder& recorder, HttpRequest request, const std::string& with) {
    request.connection = with;
    StartWith(recorder, std::move(request), capabilities);
    Finish(recorder);
  }
  std::string Refusal(HttpRequest request, const std::string& with) {
    Recorder recorder;
    Run(recorder, std::move(request), with);
    if (!recorder.failure) return "not refused";
    EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kRefused) << recorder.failure->message;
    EXPECT_THAT(recorder.failure->message, Not(HasSubstr(std::string(kToken))));
    return recorder.failure->message;
  }

  std::shared_ptr<Capabilities> capabilities;
};

std::string RedirectTo(const std::string& location, const std::string& status = "302 Found") {
  return Response("", "Location: " + location + "\r\n", status);
}

TEST_F(ConnectionTest, TheCredentialGoesOutWithTheHandleAndOnlyThen) {
  GrantBearer();
  Recorder recorder;
  Run(recorder, Request("GET", Get("/a?b=c")), handle());
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.call->connection(), "acme");
  EXPECT_THAT(server->requests().at(0), HasSubstr("\r\nauthorization: Bearer " + std::string(kToken) + "\r\n"));
  EXPECT_THAT(Refusal(Request("GET", Get()), ""), HasSubstr("not in the grant"));
  EXPECT_EQ(server->requests().size(), 1U);
}

TEST_F(ConnectionTest, EveryKindOfInjectionReachesTheWire) {
  const std::map<std::string, std::string> fields = {{"token", std::string(kToken)}};
  const std::pair<std::string, std::string> kinds[] = {
      {"inject header x-api-key token", "\r\nx-api-key: canary-t0k3n/+=abcdefghij\r\n"},
      {"inject query key token", "GET /a?b=c&key=canary-t0k3n%2F%2B%3Dabcdefghij HTTP/1.1\r\n"},
      {"inject basic token -", "\r\nauthorization: Basic Y2FuYXJ5LXQwazNuLys9YWJjZGVmZ2hpajo=\r\n"}};
  for (const auto& [line, sent] : kinds) {
    Grant({{"acme", Make(line + "\n", fields)}});
    Recorder recorder;
    Run(recorder, Request("GET", Get("/a?b=c")), handle());
    ASSERT_FALSE(recorder.failure) << recorder.failure->message;
    EXPECT_THAT(server->requests().back(), HasSubstr(sent)) << line;
    EXPECT_EQ(recorder.head->url, Get("/a?b=c")) << "what was injected is not the script's to see";
  }
}

TEST_F(ConnectionTest, ABodyThatIsSignedIsWaitedForAndBounded) {
  Grant({{"acme", Make("inject hmac-sha256 key header x-signature encoding hex message \"{method}\\n{body}\"\n",
                       {{"key", "signing-key-0123"}})}});
  Recorder recorder;
  auto request = Request("POST", Get("/hook"));
  request.has_body = true;
  request.body_bytes = 10;
  request.connection = handle();
  StartWith(recorder, request, capabilities);
  recorder.call->SendBody("hello", false);
  Settle();
  EXPECT_EQ(server->connections(), 0U);
  recorder.call->SendBody("world", true);
  Finish(recorder);
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  // printf 'POST\nhelloworld' | openssl dgst -sha256 -hmac signing-key-0123
  EXPECT_THAT(server->requests().at(0),
              HasSubstr("x-signature: 04a274e7c49cca8878e3842fcb5bd89f757c9b0d9cc5651b2d169ae21ed8c5ed\r\n"));
  request.body_bytes.reset();
  EXPECT_THAT(Refusal(request, handle()), HasSubstr("known length of at most 256KB"));
}

TEST_F(ConnectionTest, ForeignAndVoidHandlesGetOneRefusal) {
  GrantBearer();
  const std::string good = handle();
  const auto mine = capabilities;
  GrantBearer();  // another execution
  const std::string foreign = handle();
  capabilities = mine;
  std::string changed = good;
  changed.back() = changed.back() == '0' ? '1' : '0';
  const std::string refusal = Refusal(Request("GET", Get()), std::string(64, '0'));
  EXPECT_THAT(refusal, HasSubstr("no such connection"));
  for (const std::string& with : {foreign, changed, good.substr(1), good + "0", std::string(1 << 16, 'x')}) {
    EXPECT_EQ(Refusal(Request("GET", Get()), with), refusal);
  }
  EXPECT_EQ(server->connections(), 0U);
  Recorder control;
  Run(control, Request("GET", Get()), good);
  EXPECT_FALSE(control.failure);
  capabilities->Revoke("acme");
  EXPECT_EQ(Refusal(Request("GET", Get()), good), refusal);
}

TEST_F(ConnectionTest, AScriptCannotSetWhatIsInjected) {
  GrantBearer();
  auto request = Request("GET", Get());
  for (const char* name : {"Authorization", "AUTHORIZATION"}) {
    request.headers = {{name, "Bearer mine"}};
    EXPECT_THAT(Refusal(request, handle()), HasSubstr("authorization")) << name;
  }
  EXPECT_EQ(server->requests().size(), 0U);
}

TEST_F(ConnectionTest, InjectedValuesNeverCrossAnOrigin) {
  GrantBearer("redirects listed\n", true);
  other->Answer(RedirectTo(Get("/back")));
  server->Answer([&](const std::string& request) {
    return request.starts_with("GET /back ") ? Response("end") : RedirectTo(other->origin() + "/x");
  });
  Recorder recorder;
  Run(recorder, Request("GET", Get("/a")), handle());
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "end");
  EXPECT_THAT(server->requests().at(0), HasSubstr(std::string(kToken)));
  EXPECT_THAT(other->requests().at(0), Not(HasSubstr("uthorization")));
  EXPECT_THAT(server->requests().at(1), Not(HasSubstr("uthorization"))) << "not even on the way back";
}

TEST_F(ConnectionTest, WithinAnOriginTheyGoAlong) {
  GrantBearer();
  server->Answer(
      [&](const std::string& request) { return request.starts_with("GET /b ") ? Response("end") : RedirectTo("/b"); });
  Recorder recorder;
  Run(recorder, Request("GET", Get("/a")), handle());
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_THAT(server->requests().at(1), HasSubstr("authorization: Bearer " + std::string(kToken)));
}

TEST_F(ConnectionTest, PlaceholdersOfSdksAreFilledWhereTheyMayStand) {
  Grant({{"acme", Make("placeholder token header authorization\n", {{"token", std::string(kToken)}})}});
  auto request = Request("POST", Get("/v1"));
  request.headers = {{"Authorization", "Bearer " + placeholder("token")}};
  Recorder recorder;
  Run(recorder, request, "");
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.call->connection(), "acme");
  EXPECT_THAT(server->requests().at(0), HasSubstr("Authorization: Bearer " + std::string(kToken) + "\r\n"));
  EXPECT_THAT(server->requests().at(0), Not(HasSubstr("wrd_")));
}

TEST_F(ConnectionTest, PlaceholdersAnywhereElseAreRefused) {
  Grant({{"acme", Make("placeholder token header authorization\n", {{"token", std::string(kToken)}})}},
        {other->origin()});
  const std::string text = placeholder("token");
  auto request = Request("GET", Get("/v1/" + text));
  EXPECT_THAT(Refusal(request, handle()), HasSubstr("acme"));
  request = Request("GET", Get());
  request.headers = {{"x-key", text}};
  EXPECT_THAT(Refusal(request, ""), HasSubstr("x-key"));
  request = Request("GET", other->origin() + "/");
  request.headers = {{"authorization", "Bearer " + text}};
  EXPECT_THAT(Refusal(request, ""), HasSubstr("acme"));
  EXPECT_EQ(server->connections() + other->connections(), 0U);
  // In a body it is found in flight, however it is cut: the rest is not sent.
  for (std::size_t cut = 1; cut < text.size(); ++cut) {
    request = Request("POST", other->origin() + "/");
    request.has_body = true;
    Recorder recorder;
    StartWith(recorder, request, capabilities);
    recorder.call->SendBody("key=" + text.substr(0, cut), false);
    recorder.call->SendBody(text.substr(cut), true);
    Finish(recorder);
    ASSERT_TRUE(recorder.failure);
    EXPECT_THAT(recorder.failure->message, HasSubstr("the request's body"));
    for (std::size_t i = 0; i < other->connections(); ++i) {
      EXPECT_THAT(other->peer(i).received, Not(HasSubstr(text))) << "the rest is not sent";
    }
  }
}

TEST_F(ConnectionTest, PlaceholdersAreFilledInTheirHeaderAfterARedirectThatDropsOthers) {
  Grant({{"acme", Make("placeholder token header x-key\n", {{"token", std::string(kToken)}})}});
  server->Answer([&](const std::string& request) {
    return request.starts_with("GET /b ") ? Response("end") : RedirectTo("/b", "303 See Other");
  });
  auto request = Request("POST", Get("/a"));
  request.headers = {{"Content-Type", "text/plain"}, {"X-Key", placeholder("token")}, {"X-Last", "mine"}};
  Recorder recorder;
  Run(recorder, request, "");
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_THAT(server->requests().at(1), HasSubstr("X-Key: " + std::string(kToken) + "\r\nX-Last: mine\r\n"));
}

TEST_F(ConnectionTest, ARedirectToAPlaceholderIsRefused) {
  Grant({{"acme", Make("placeholder token header x-key\n", {{"token", std::string(kToken)}})}});
  server->Answer(RedirectTo("/b?key=" + placeholder("token")));
  EXPECT_THAT(Refusal(Request("GET", Get("/a")), handle()), HasSubstr("the URL's query"));
  EXPECT_EQ(server->requests().size(), 1U);
}

TEST_F(ConnectionTest, WhatComesBackIsScrubbedEverywhere) {
  GrantBearer("allow GET /**\n");
  const std::string token(kToken);
  const std::string base64 = "Y2FuYXJ5LXQwazNuLys9YWJjZGVmZ2hpag==";
  server->Answer("HTTP/1.1 200 hello " + token +
                 "\r\nContent-Length: " + std::to_string(2 * token.size() + base64.size() + 4) + "\r\nX-Echo: Bearer " +
                 token + "\r\nX-" + "canary-t0k3n%2F" + ": 1\r\nSet-Cookie: t=" + base64 + "\r\nX-Same: kept\r\n\r\n" +
                 token + "; " + base64 + "; " + token);
  Recorder recorder;
  Run(recorder, Request("GET", Get()), handle());
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.head->reason, "hello [redacted]");
  EXPECT_EQ(recorder.header("X-Echo"), "Bearer [redacted]");
  EXPECT_THAT(recorder.header("Set-Cookie"), HasSubstr("[redacted]"));
  EXPECT_EQ(recorder.header("X-Same"), "kept");
  EXPECT_THAT(recorder.body, Not(HasSubstr("t0k3n")));
  EXPECT_THAT(recorder.body, Not(HasSubstr("QwazNuLys9YWJjZGVmZ2hp")));
  // The control: without the connection the same answer comes as it is.
  capabilities = Capabilities::OfPolicy(std::make_shared<Policy>(*Policy::FromOrigins({server->origin()})));
  Recorder control;
  Run(control, Request("GET", Get()), "");
  EXPECT_THAT(control.body, HasSubstr(token));
}

TEST_F(ConnectionTest, AnotherConnectionsResponseIsScrubbedToo) {
  Grant({{"acme", Make("inject bearer token\n", {{"token", std::string(kToken)}})},
         {"beta", Make("inject bearer token\n", {{"token", std::string(kOtherToken)}})}});
  server->Answer(Response(std::string(kToken) + " " + std::string(kOtherToken)));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), handle(1));
  EXPECT_EQ(recorder.body, "[redacted] [redacted]");
}

TEST_F(ConnectionTest, OneCredentialThatIsPartOfAnotherHidesNoneOfIt) {
  Grant({{"small", Make("inject bearer token\n", {{"token", "sk_live_"}})},
         {"large", Make("inject bearer token\n", {{"token", "sk_live_51HaTopSecretRest"}})}});
  server->Answer(Response("Bearer sk_live_51HaTopSecretRest, and sk_live_."));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), handle(1));
  EXPECT_EQ(recorder.body, "Bearer [redacted], and [redacted].");
}

// It cannot know the credential but from a script that knows it too, which would learn from it what it guessed right.
TEST_F(ConnectionTest, AnOriginOfNoConnectionIsNotScrubbed) {
  Grant({{"acme", Make("inject bearer token\n", {{"token", std::string(kToken)}})}}, {other->origin()});
  other->Answer(Response(std::string(kToken)));
  Recorder recorder;
  Run(recorder, Request("GET", other->origin() + "/"), "");
  EXPECT_EQ(recorder.body, std::string(kToken));
}

TEST_F(ConnectionTest, ARedirectThatRepeatsAnInjectedQueryTakesNoneOfItAlong) {
  const auto repeat = [&](const std::string& to) {
    return [to](const std::string& request) {
      const std::string target = request.substr(4, request.find(" HTTP") - 4);
      return target.starts_with("/end") ? Response("end") : RedirectTo(to + target.substr(target.find('?')));
    };
  };
  Grant({{"acme", Make("inject query api_key token\nredirects listed\n", {{"token", std::string(kToken)}}, true)}});
  server->Answer(repeat("/end"));
  Recorder recorder;
  Run(recorder, Request("GET", Get("/a?b=c")), handle());
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "end");
  EXPECT_THAT(server->requests().at(1),
              ::testing::StartsWith("GET /end?b=c&api_key=canary-t0k3n%2F%2B%3Dabcdefghij HTTP"));
  server->Answer(repeat(other->origin() + "/end"));
  EXPECT_THAT(Refusal(Request("GET", Get("/a?b=c")), handle()), HasSubstr("holds a secret"));
  EXPECT_EQ(other->connections(), 0U);
}

TEST_F(ConnectionTest, AnAnswerThatStallsBeforeARetryIsForgotten) {
  options.idle_timeout = std::chrono::milliseconds(150);
  GrantBearer("retry 3\n");
  int asked = 0;
  server->Answer([&](const std::string&) -> std::string {
    ++asked;
    if (asked == 1) return "HTTP/1.1 503 Later\r\nRetry-After: 0\r\nContent-Length: 10\r\n\r\n";
    return Response("answer " + std::to_string(asked));
  });
  Recorder recorder;
  Run(recorder, Request("DELETE", Get()), handle());
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "answer 2");
  EXPECT_EQ(asked, 2);
}

TEST_F(ConnectionTest, CredentialsDoNotShareConnectionsOfTheNetwork) {
  Grant({{"acme", Make("inject bearer token\n", {{"token", std::string(kToken)}})},
         {"beta", Make("inject bearer token\n", {{"token", std::string(kOtherToken)}})}});
  for (const std::size_t index : {0U, 1U, 0U, 1U}) {
    Recorder recorder;
    Run(recorder, Request("GET", Get()), handle(index));
    ASSERT_FALSE(recorder.failure);
  }
  EXPECT_EQ(server->requests().size(), 4U);
  EXPECT_EQ(server->connections(), 2U);
}

TEST_F(ConnectionTest, RetriesWhatMayBeRepeatedAndNothingElse) {
  GrantBearer("retry 3\n");
  int asked = 0;
  server->Answer([&](const std::string&) {
    return ++asked % 3 != 0 ? Response("later", "Retry-After: 0\r\n", "503 Service Unavailable") : Response("now");
  });
  Recorder recorder;
  Run(recorder, Request("GET", Get()), handle());
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "now");
  EXPECT_EQ(recorder.retries, 2);
  auto post = Request("POST", Get());
  Recorder once;
  Run(once, post, handle());
  EXPECT_EQ(once.head->status, 503);
  EXPECT_EQ(once.retries, 0);
  asked = 0;
  post.headers = {{"idempotency-key", "1"}};
  post.has_body = true;
  post.body_bytes = 4;
  post.connection = handle();
  Recorder keyed;
  StartWith(keyed, post, capabilities);
  keyed.call->SendBody("body", true);
  Finish(keyed);
  EXPECT_EQ(keyed.body, "now");
  EXPECT_THAT(server->requests().back(), ::testing::EndsWith("\r\n\r\nbody"));
}

TEST_F(ConnectionTest, AnUpstreamThatAsksForTooMuchPatienceGetsNone) {
  GrantBearer("retry 3\n");
  server->Answer(Response("later", "Retry-After: 3600\r\n", "429 Too Many Requests"));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), handle());
  EXPECT_EQ(recorder.head->status, 429);
  EXPECT_EQ(server->requests().size(), 1U);
}

TEST_F(ConnectionTest, ACircuitOpensForOneTenantAlone) {
  GrantBearer();
  server->Answer(Response("", "", "502 Bad Gateway"));
  for (int i = 0; i < OriginHealth::kFailuresToOpen; ++i) {
    Recorder recorder;
    Run(recorder, Request("GET", Get()), handle());
    EXPECT_EQ(recorder.head->status, 502);
  }
  Recorder open;
  Run(open, Request("GET", Get()), handle());
  ASSERT_TRUE(open.failure);
  EXPECT_THAT(open.failure->message, HasSubstr("left alone"));
  EXPECT_EQ(server->requests().size(), static_cast<std::size_t>(OriginHealth::kFailuresToOpen));
  Recorder neighbour;
  auto request = Request("GET", Get());
  request.connection = handle();
  StartWith(neighbour, request, capabilities, "beta");
  Finish(neighbour);
  EXPECT_EQ(neighbour.head->status, 502);
}

TEST_F(ConnectionTest, CallsUnderWayAreBoundedPerConnection) {
  GrantBearer("in-flight 2\n");
  std::vector<RawServer::Peer*> waiting;
  server->OnData([&](RawServer::Peer& peer) {
    if (peer.TakeRequest()) waiting.push_back(&peer);
  });
  std::array<Recorder, 5> recorders;
  for (Recorder& recorder : recorders) {
    auto request = Request("GET", Get());
    request.connection = handle();
    StartWith(recorder, request, capabilities);
  }
  RunUntil([&] { return waiting.size() == 2; });
  Settle();
  EXPECT_EQ(waiting.size(), 2U);
  for (std::size_t answered = 0; answered < recorders.size(); ++answered) {
    RunUntil([&] { return waiting.size() > answered; });
    waiting[answered]->Send(Response("ok"));
  }
  for (Recorder& recorder : recorders) Finish(recorder);
  EXPECT_EQ(server->connections(), 2U);
}

TEST_F(ConnectionTest, BytesAreCountedOverAllCalls) {
  GrantBearer("total-bytes 10B\n");
  server->Answer(Response("four"));
  for (int i = 0; i < 2; ++i) {
    Recorder recorder;
    Run(recorder, Request("GET", Get()), handle());
    EXPECT_EQ(recorder.body, "four");
  }
  EXPECT_THAT(Refusal(Request("GET", Get()), handle()), HasSubstr("10B together"));
}

TEST_F(ConnectionTest, AMillionGuessesFindNoHandle) {
  GrantBearer();
  const auto url = CanonicalizeUrl(Get());
  std::set<std::string> answers;
  for (int i = 0; i < 1'000'000; ++i) {
    std::string guess = handle();  // as near as can be: all but one digit right
    guess[static_cast<std::size_t>(i) % guess.size()] = "0123456789abcdef"[i % 16];
    if (guess == handle()) continue;
    const auto choice = capabilities->Choose(guess, "GET", *url, {});
    ASSERT_FALSE(choice);
    answers.insert(choice.error().message);
  }
  EXPECT_EQ(answers.size(), 1U);
  EXPECT_TRUE(capabilities->Choose(handle(), "GET", *url, {}));
}

TEST_F(ConnectionTest, AConnectionMustFitItsPolicy) {
  const auto why = [&](const std::string& policy, const std::map<std::string, std::string>& fields) {
    SecretFields secrets;
    for (const auto& [name, value] : fields) secrets.emplace(name, Secret(value));
    const auto made = broker::Connection::Make(policy, std::move(secrets));
    return made ? std::string("made") : made.error().message;
  };
  const std::string head = "origin https://a.test\nallow * /**\n";
  EXPECT_THAT(why(head + "inject bearer token\n", {}),
              HasSubstr("the field \"token\", and the credential has none; give it"));
  EXPECT_THAT(why(head, {{"token", "0123456789"}}), HasSubstr("\"token\", which the policy does not use"));
  EXPECT_THAT(why(head + "inject bearer token\n", {{"token", "short"}}),
              HasSubstr("has to have at least 8 characters"));
  EXPECT_THAT(why("", {}), HasSubstr("names no origin"));
  EXPECT_THAT(why("orgin https://a.test\n", {}), HasSubstr("line 1"));
}

}  // namespace
}  // namespace warder::broker::testing
