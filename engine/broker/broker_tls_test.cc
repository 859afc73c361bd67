// TLS: verified always, 1.2 at least, and an end that is not the peer's word is no end.
#include "engine/broker/testing/broker_fixture.h"
#include "engine/broker/testing/tls_server.h"

namespace warder::broker::testing {
namespace {

class TlsTest : public BrokerTest {
 protected:
  void TearDown() override {
    broker.reset();
    upstream.reset();
    BrokerTest::TearDown();
  }

  // Serves with `server_options` and calls it; trusted or not.
  void Call(Recorder& recorder, TlsServerOptions server_options, bool trusted = true) {
    if (server_options.response.empty()) server_options.response = Response("secure");
    broker.reset();
    upstream = std::make_unique<TlsServer>(*loop, std::move(server_options));
    options.ca_file = trusted ? upstream->ca_file() : "";
    const std::string origin = "https://localhost:" + std::to_string(upstream->port());
    Run(recorder, Request("GET", origin + "/"), {origin});
  }

  std::unique_ptr<TlsServer> upstream;
};

TEST_F(TlsTest, ATrustedCertificateIsAccepted) {
  Recorder recorder;
  Call(recorder, {});
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "secure");
}

TEST_F(TlsTest, UntrustedCertificatesAreNot) {
  Recorder unknown;
  Call(unknown, {}, false);
  EXPECT_NE(unknown.failure.value().message.find("is not trusted: self-signed certificate"), std::string::npos)
      << unknown.failure->message;
  EXPECT_EQ(upstream->requests(), 0);
}

TEST_F(TlsTest, CertificatesForAnotherHostAreNot) {
  Recorder recorder;
  Call(recorder, {.certificate_host = "other.test"});
  EXPECT_NE(recorder.failure.value().message.find("is not trusted: it is not for this host"), std::string::npos)
      << recorder.failure->message;
  EXPECT_EQ(upstream->requests(), 0);
}

TEST_F(TlsTest, ExpiredCertificatesAreNot) {
  Recorder recorder;
  Call(recorder, {.expired = true});
  EXPECT_NE(recorder.failure.value().message.find("certificate has expired"), std::string::npos)
      << recorder.failure->message;
  EXPECT_EQ(upstream->requests(), 0);
}

TEST_F(TlsTest, OldVersionsAreNotSpoken) {
  Recorder recorder;
  Call(recorder, {.only_tls_1_1 = true});
  EXPECT_NE(recorder.failure.value().message.find("TLS 1.2 or later and HTTP/1.1 are needed"), std::string::npos)
      << recorder.failure->message;
}

TEST_F(TlsTest, ABodyWithoutLengthEndsOnlyWithCloseNotify) {
  Recorder recorder;
  Call(recorder, {.close_rudely = true, .response = "HTTP/1.1 200 OK\r\n\r\nhalf of it"});
  ASSERT_TRUE(recorder.failure) << "anyone on the path can close a connection";
  EXPECT_FALSE(recorder.ended);
  Recorder polite;
  Call(polite, {.close_politely = true, .response = "HTTP/1.1 200 OK\r\n\r\nall of it"});
  ASSERT_FALSE(polite.failure) << polite.failure->message;
  EXPECT_EQ(polite.body, "all of it");
}

TEST_F(TlsTest, PlainTextOnATlsPortFails) {
  server->Answer(Response("plain"));
  const std::string origin = "https://127.0.0.1:" + std::to_string(server->port());
  server->OnData([](RawServer::Peer& peer) { peer.Send(Response("plain")); });
  Recorder recorder;
  Run(recorder, Request("GET", origin + "/"), {origin});
  ASSERT_TRUE(recorder.failure);
  EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kNetwork);
}

}  // namespace
}  // namespace warder::broker::testing
