// What an exchange says about a request that was not answered: certainly not sent, or perhaps acted upon.
#include "engine/broker/testing/tls_server.h"
#include "engine/oauth/testing/oauth_fixture.h"

namespace warder::oauth::testing {
namespace {

using broker::testing::Response;

class ExchangeTest : public OauthTest {
 protected:
  // On every byte that comes; the request is of about 2 KB.
  Outcome<Answer> Ask(const std::string& url) {
    return Run<Answer>([&](auto done) {
      ExchangeRequest request{"the token endpoint", url, Secret("refresh_token=" + std::string(kCanary)), Secret()};
      return http().Start(std::move(request), done);
    });
  }
  Outcome<Answer> Ask() { return Ask(server->origin() + "/token"); }
  void ExpectUnknown(Problem problem) {
    const auto answer = Ask();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fate, Fate::kUnknown) << answer.error().message;
    EXPECT_EQ(answer.error().problem, problem) << answer.error().message;
  }
  void ExpectNotSent(const std::string& url, const std::string& why) {
    const auto answer = Ask(url);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().fate, Fate::kNotSent) << answer.error().message;
    EXPECT_NE(answer.error().message.find(why), std::string::npos) << answer.error().message;
  }
};

TEST_F(ExchangeTest, AWholeAnswerIsAnAnswerWhateverItsStatus) {
  for (const std::string status : {"200 OK", "400 Bad Request", "500 Oops"}) {
    pages["/token"] = Json(R"({"a":1})", status);
    const auto answer = Ask();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(std::to_string(answer->status), status.substr(0, 3));
    ASSERT_TRUE(answer->json);
    EXPECT_EQ(answer->json->at("a").as_int64(), 1);
  }
  EXPECT_EQ(server->requests().size(), 3U);
  EXPECT_EQ(server->connections(), 3U) << "each has a connection of its own";
  const std::string& request = server->requests().front();
  EXPECT_NE(request.find("POST /token HTTP/1.1\r\n"), std::string::npos);
  EXPECT_NE(request.find("content-type: application/x-www-form-urlencoded\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("accept: application/json\r\n"), std::string::npos);
}

TEST_F(ExchangeTest, WhatIsNoJsonObjectIsAnAnswerWithoutJson) {
  const std::vector<std::pair<std::string, std::string>> bodies = {
      {Json(""), "without a body"},
      {Json("{"), "cannot be read"},
      {Json("[1]"), "no object"},
      {Json(R"({"a":1,"a":2})"), "the same name twice"},
      {Json("{}", "200 OK", "text/html"), "not labelled"},
      {Json("{}", "200 OK", "application/jsonx"), "not labelled"},
      {Response("{}"), "not labelled"},
      {Response("{}", "Content-Type: application/json\r\nContent-Type: text/html\r\n"), "not labelled"},
      {Json(std::string(100, '[')), "cannot be read"},
      {Json("{\"a\":\"\xff\"}"), "cannot be read"},
  };
  for (const auto& [page, why] : bodies) {
    pages["/token"] = page;
    const auto answer = Ask();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_FALSE(answer->json) << page;
    EXPECT_NE(answer->json_error.find(why), std::string::npos) << answer->json_error;
  }
}

TEST_F(ExchangeTest, WithoutAConnectionNothingWasSent) {
  const std::string port = std::to_string(server->port());
  server.reset();
  ExpectNotSent("http://127.0.0.1:" + port + "/token", "could not connect");
  ExpectNotSent("https://nowhere.test/token", "nowhere.test");
  dns->Add("private.test", {{broker::testing::kPrivate4}});
  ExpectNotSent("https://private.test/token", "resolves to a special address");
  ExpectNotSent("http://as.test/token", "everybody on the way could read");
  ExpectNotSent("file:///etc/passwd", "no URL to talk to");
}

TEST_F(ExchangeTest, ATlsHandshakeThatFailsSendsNothing) {
  broker::testing::TlsServer untrusted(*loop, {});
  ExpectNotSent("https://localhost:" + std::to_string(untrusted.port()) + "/token", "is not trusted");
  EXPECT_EQ(untrusted.requests(), 0);

  broker::testing::TlsServer trusted(*loop, {.response = Json(R"({"a":1})")});
  exchange_options.ca_file = trusted.ca_file();
  exchange.reset();
  const auto answer = Ask("https://localhost:" + std::to_string(trusted.port()) + "/token");
  EXPECT_TRUE(answer) << answer.error().message;
}

TEST_F(ExchangeTest, APeerThatClosesBeforeTheHandshakeGotNothing) {
  server->OnData([](RawServer::Peer& peer) { peer.Close(); });  // TLS is all that comes
  ExpectNotSent("https://localhost:" + std::to_string(server->port()) + "/token", "TLS handshake");
}

TEST_F(ExchangeTest, AfterTheConnectionIsThereNobodyKnows) {
  server->OnData([](RawServer::Peer& peer) { peer.Reset(); });  // at the request's first bytes
  ExpectUnknown(Problem::kNoAnswer);
  server->OnData([](RawServer::Peer& peer) {
    if (peer.TakeRequest()) peer.Close();
  });
  ExpectUnknown(Problem::kNoAnswer);
  for (const std::string part :
       {"HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{\"a\"",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"}) {
    server->OnData([part](RawServer::Peer& peer) {
      if (!peer.TakeRequest()) return;
      peer.Send(part);
      peer.Close();
    });
    ExpectUnknown(Problem::kNoAnswer);
  }
}

// Larger than what the kernel takes at once: the peer closes while most of it is still here.
TEST_F(ExchangeTest, InTheMiddleOfTheRequestNobodyKnows) {
  server->OnData([](RawServer::Peer& peer) { peer.Reset(); });
  const auto answer = Run<Answer>([&](auto done) {
    const std::string large(std::size_t{256} << 10, 'x');
    ExchangeRequest request{"the token endpoint", server->origin() + "/token", Secret(large), Secret()};
    return http().Start(std::move(request), done);
  });
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fate, Fate::kUnknown) << answer.error().message;
}

TEST_F(ExchangeTest, ASilentServerIsGivenUp) {
  exchange_options.timeout = std::chrono::milliseconds(100);
  server->OnData([](RawServer::Peer& /*peer*/) {});
  ExpectUnknown(Problem::kNoAnswer);
}

TEST_F(ExchangeTest, AnEndlessOrTooLongAnswerIsGivenUp) {
  server->OnData([](RawServer::Peer& peer) {
    if (!peer.TakeRequest()) return;
    peer.Send("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    peer.Stream(std::uint64_t{64} << 20, "4\r\n    \r\n");
  });
  ExpectUnknown(Problem::kBadAnswer);
  EXPECT_LT(server->peer(0).bytes_sent, std::uint64_t{16} << 20);
}

TEST_F(ExchangeTest, FloodsOfInterimAnswersAreGivenUp) {
  server->OnData([](RawServer::Peer& peer) {
    if (peer.TakeRequest()) peer.Stream(std::uint64_t{1} << 20, "HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n");
  });
  ExpectUnknown(Problem::kNoAnswer);
}

TEST_F(ExchangeTest, ARedirectIsAnAnswerAndLeadsNowhere) {
  pages["/token"] = Response("", "Location: " + server->origin() + "/stolen\r\n", "307 Temporary Redirect");
  const auto answer = Ask();
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 307);
  EXPECT_EQ(server->requests().size(), 1U);
}

TEST_F(ExchangeTest, ATicketThatGoesAbortsWithoutAWord) {
  server->OnData([](RawServer::Peer& /*peer*/) {});
  bool told = false;
  Ticket ticket = http().Start({"the token endpoint", server->origin() + "/token", Secret("a=b"), Secret()},
                               [&](const Outcome<Answer>&) { told = true; });
  RunUntil([&] { return server->bytes_received() > 0; });
  bool closed = false;
  server->peer(0).on_close = [&] { closed = true; };
  ticket.reset();
  RunUntil([&] { return closed; });
  Ticket never = http().Start({"the token endpoint", "ftp://x/", Secret("a=b"), Secret()},
                              [&](const Outcome<Answer>&) { told = true; });
  never.reset();
  Settle();
  EXPECT_FALSE(told);
}

}  // namespace
}  // namespace warder::oauth::testing
