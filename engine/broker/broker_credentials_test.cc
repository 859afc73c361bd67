// Calls that carry credentials: sent at most once, over a connection of their own; and what a failure says about
// whether anything was sent.
#include "engine/broker/testing/broker_fixture.h"
#include "engine/broker/testing/tls_server.h"

namespace warder::broker::testing {
namespace {

class CredentialCallTest : public BrokerTest {
 protected:
  HttpRequest Post(Care care, std::vector<std::pair<std::string, std::string>> headers = {}) {
    HttpRequest request = Request("POST", Get("/token"));
    request.headers = std::move(headers);
    request.has_body = true;
    request.body_bytes = 4;
    request.care = care;
    return request;
  }
  // Sends "body", within a policy of three attempts.
  void RunPost(Recorder& recorder, HttpRequest request) {
    auto policy = Policy::FromOrigins({server->origin()});
    policy->attempts = 3;
    StartWith(recorder, std::move(request), Allow(policy));
    recorder.call->SendBody("body", true);
    Finish(recorder);
  }
};

TEST_F(CredentialCallTest, HaveAConnectionOfTheirOwn) {
  server->Answer(Response("ok"));
  Recorder first;
  RunPost(first, Post(Care::kOrdinary));
  Recorder second;
  RunPost(second, Post(Care::kOrdinary));
  ASSERT_EQ(server->connections(), 1U) << "no connection was kept: the test shows nothing";
  Recorder third;
  RunPost(third, Post(Care::kCredentials));
  ASSERT_FALSE(third.failure) << third.failure->message;
  EXPECT_EQ(server->connections(), 2U);
  bool closed = false;
  server->peer(1).on_close = [&] { closed = true; };
  RunUntil([&] { return closed; });
  Recorder fourth;
  RunPost(fourth, Post(Care::kOrdinary));
  EXPECT_EQ(server->connections(), 2U) << "the first is still there";
}

TEST_F(CredentialCallTest, AreNotRepeatedWhateverThePolicySays) {
  server->Answer(Response("later", "Retry-After: 0\r\n", "503 Service Unavailable"));
  Recorder ordinary;
  RunPost(ordinary, Post(Care::kOrdinary, {{"idempotency-key", "1"}}));
  EXPECT_EQ(server->requests().size(), 3U) << "nothing is repeated at all: the test shows nothing";
  Recorder once;
  RunPost(once, Post(Care::kCredentials, {{"idempotency-key", "1"}}));
  EXPECT_EQ(server->requests().size(), 4U);
  EXPECT_EQ(once.head->status, 503);
}

TEST_F(CredentialCallTest, FollowNoRedirect) {
  server->Answer(Response("", "Location: " + Get("/elsewhere") + "\r\n", "307 Temporary Redirect"));
  Recorder recorder;
  RunPost(recorder, Post(Care::kCredentials));
  ASSERT_TRUE(recorder.failure);
  EXPECT_NE(recorder.failure->message.find("which this request does not follow"), std::string::npos);
  EXPECT_EQ(server->requests().size(), 1U);
}

// libcurl sends a request again by itself when a kept connection turns out to be dead.
TEST_F(CredentialCallTest, AreNotSentAgainWhenTheConnectionDies) {
  server->Answer(Response("ok"));
  Recorder opens;
  Run(opens, Request("GET", Get()), {server->origin()});
  server->OnData([](RawServer::Peer& peer) {
    if (peer.TakeRequest()) peer.Close();
  });
  const std::uint64_t before = server->bytes_received();
  Recorder recorder;
  RunPost(recorder, Post(Care::kCredentials));
  ASSERT_TRUE(recorder.failure);
  EXPECT_EQ(recorder.failure->sent, CallFailure::Sent::kMaybe);
  EXPECT_EQ(server->connections(), 2U);
  EXPECT_GT(server->bytes_received(), before);
  EXPECT_EQ(server->peer(0).requests + server->peer(1).requests, 2);
}

TEST_F(CredentialCallTest, AFailureKnowsWhetherAnythingCanHaveBeenSent) {
  server->OnData([](RawServer::Peer& peer) { peer.Reset(); });
  Recorder reset;
  RunPost(reset, Post(Care::kCredentials));
  ASSERT_TRUE(reset.failure);
  EXPECT_EQ(reset.failure->sent, CallFailure::Sent::kMaybe) << reset.failure->message;

  const std::string gone = server->origin();
  server = std::make_unique<RawServer>(*loop);
  Recorder refused;
  Run(refused, Request("GET", gone + "/"), {gone});
  ASSERT_TRUE(refused.failure);
  EXPECT_EQ(refused.failure->sent, CallFailure::Sent::kNothing) << refused.failure->message;

  Recorder unknown;
  Run(unknown, Request("GET", "http://nowhere.test/"), {"http://nowhere.test"});
  ASSERT_TRUE(unknown.failure);
  EXPECT_EQ(unknown.failure->sent, CallFailure::Sent::kNothing) << unknown.failure->message;

  TlsServer tls(*loop, {});
  const std::string untrusted = "https://localhost:" + std::to_string(tls.port());
  Recorder handshake;
  Run(handshake, Request("GET", untrusted + "/"), {untrusted});
  ASSERT_TRUE(handshake.failure);
  EXPECT_EQ(handshake.failure->sent, CallFailure::Sent::kNothing) << handshake.failure->message;
}

}  // namespace
}  // namespace warder::broker::testing
