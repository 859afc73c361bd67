// Requests and responses as they should be, and bodies of any size in bounded memory.
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/broker/testing/broker_fixture.h"
#include "engine/broker/testing/content_encoder.h"
#include "sandbox/proto/frame.h"

namespace warder::broker::testing {
namespace {

std::size_t ResidentBytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0;
  std::size_t resident = 0;
  statm >> total >> resident;
  return resident * 4096;
}

// What a test may cost in memory; the sanitizer keeps freed memory, so that there is nothing to measure with it.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kMaxGrowthBytes = std::size_t{1} << 40;
#else
constexpr std::size_t kMaxGrowthBytes = std::size_t{4} << 20;
#endif

TEST_F(BrokerTest, GetsAResponse) {
  server->Answer(Response("hello", "X-Thing: a b\r\nSet-Cookie: s=1\r\nConnection: keep-alive, x-hop\r\nX-Hop: 1\r\n"));
  Recorder recorder;
  auto request = Request("GET", Get("/a/b?c=[d]"));
  request.headers = {{"x-api-key", "k"}, {"x-empty", ""}};
  Run(recorder, request, {server->origin()});
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.head->status, 200);
  EXPECT_EQ(recorder.head->reason, "OK");
  EXPECT_EQ(recorder.head->url, server->origin() + "/a/b?c=%5Bd%5D");
  EXPECT_FALSE(recorder.head->redirected);
  EXPECT_EQ(recorder.body, "hello");
  EXPECT_EQ(recorder.header("X-Thing"), "a b");
  EXPECT_EQ(recorder.header("Set-Cookie"), "s=1");
  EXPECT_EQ(recorder.header("Content-Length"), "5");
  EXPECT_EQ(recorder.header("Connection") + recorder.header("X-Hop"), "");
  const std::string host = "127.0.0.1:" + std::to_string(server->port());
  EXPECT_EQ(server->requests().at(0), "GET /a/b?c=%5Bd%5D HTTP/1.1\r\nHost: " + host +
                                          "\r\nUser-Agent: warder\r\nAccept: */*\r\nx-api-key: k\r\nx-empty:\r\n"
                                          "Accept-Encoding: gzip, br, zstd\r\n\r\n");
}

// Handles of libcurl are used again by calls of the same tenant: whatever came before, a request is what it would be
// from a tenant that nobody has heard of.
TEST_F(BrokerTest, NoRequestLeavesAnythingToTheNext) {
  server->Answer([](const std::string& request) {
    return request.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" : Response("x");
  });
  struct Kind {
    std::string method;
    std::optional<std::string> body;
    bool tells_length = true;
    std::vector<std::pair<std::string, std::string>> headers = {};
  };
  const std::string longer(40'000, 'l');
  const std::vector<Kind> kinds = {{"GET", {}},
                                   {"GET", {}, true, {{"authorization", "Bearer x"}, {"range", "bytes=1-"}}},
                                   {"HEAD", {}},
                                   {"POST", {}},
                                   {"PUT", {}},
                                   {"DELETE", {}},
                                   {"POST", "short"},
                                   {"POST", "short", true, {{"content-type", "application/json"}}},
                                   {"POST", "short", false},
                                   {"PUT", longer},
                                   {"PATCH", longer, false},
                                   {"DELETE", "short"}};
  const auto sent = [&](const Kind& kind, const std::string& tenant) {
    HttpRequest request = Request(kind.method, Get("/" + kind.method));
    request.headers = kind.headers;
    request.has_body = kind.body.has_value();
    if (kind.body && kind.tells_length) request.body_bytes = kind.body->size();
    Recorder recorder;
    Start(recorder, std::move(request), {server->origin()}, tenant);
    if (kind.body) recorder.call->SendBody(*kind.body, true);
    Finish(recorder);
    EXPECT_FALSE(recorder.failure) << recorder.failure->message;
    return server->requests().back();
  };
  int tenants = 0;
  for (const Kind& second : kinds) {
    const std::string alone = sent(second, "tenant " + std::to_string(++tenants));
    for (const Kind& first : kinds) {
      const std::string tenant = "tenant " + std::to_string(++tenants);
      sent(first, tenant);
      EXPECT_EQ(sent(second, tenant), alone) << first.method << ", then " << second.method;
    }
  }
}

TEST_F(BrokerTest, MethodsWithoutABody) {
  server->Answer([](const std::string& request) {
    return request.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n" : Response("x");
  });
  for (const char* method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    Recorder recorder;
    Run(recorder, Request(method, Get()), {server->origin()});
    ASSERT_FALSE(recorder.failure) << method << recorder.failure->message;
    EXPECT_TRUE(server->requests().back().starts_with(std::string(method) + " / HTTP/1.1\r\n"));
    const bool says_zero = server->requests().back().find("Content-Length: 0\r\n") != std::string::npos;
    EXPECT_EQ(says_zero, std::string(method) == "POST" || std::string(method) == "PUT") << method;
    EXPECT_EQ(server->requests().back().find("Content-Type"), std::string::npos);
    EXPECT_EQ(recorder.head->body, std::string(method) != "HEAD");
  }
  EXPECT_EQ(server->connections(), 1U) << "the connection is kept";
}

TEST_F(BrokerTest, ResponsesWithoutABodyAreOverWithTheirHead) {
  for (const char* response : {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    server->Answer(response);
    Recorder recorder;
    Run(recorder, Request("GET", Get()), {server->origin()});
    ASSERT_FALSE(recorder.failure) << recorder.failure->message;
    EXPECT_FALSE(recorder.head->body);
  }
  EXPECT_EQ(server->connections(), 1U);
}

TEST_F(BrokerTest, SendsABodyOfKnownLength) {
  server->Answer(Response("ok"));
  Recorder recorder;
  auto request = Request("POST", Get());
  request.has_body = true;
  request.body_bytes = 11;
  request.headers = {{"content-type", "text/plain"}};
  Start(recorder, request, {server->origin()});
  recorder.call->SendBody("hello ", false);
  Settle();
  recorder.call->SendBody("world", true);
  Finish(recorder);
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_TRUE(server->requests().at(0).ends_with("\r\n\r\nhello world"));
  EXPECT_NE(server->requests().at(0).find("Content-Length: 11\r\n"), std::string::npos);
  EXPECT_EQ(server->requests().at(0).find("Expect"), std::string::npos);
}

TEST_F(BrokerTest, SendsABodyOfUnknownLengthInChunks) {
  server->Answer(Response("ok"));
  Recorder recorder;
  auto request = Request("PUT", Get());
  request.has_body = true;
  Start(recorder, request, {server->origin()});
  Settle();
  recorder.call->SendBody("hello ", false);
  Settle();
  recorder.call->SendBody("world", false);
  Settle();
  recorder.call->SendBody("", true);
  Finish(recorder);
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_NE(server->requests().at(0).find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_TRUE(server->requests().at(0).ends_with("\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n"));
  EXPECT_EQ(server->requests().at(0).find("Content-Length"), std::string::npos);
}

TEST_F(BrokerTest, AnUploadKeepsToItsCreditAndGetsMore) {
  std::uint64_t taken = 0;
  constexpr std::uint64_t kTotal = std::uint64_t{20} << 20;
  server->OnData([&](RawServer::Peer& peer) {
    taken += peer.received.size();
    peer.received.clear();
    if (taken > kTotal) peer.Send(Response("ok"));
  });
  Recorder recorder;
  auto request = Request("POST", Get());
  request.has_body = true;
  request.body_bytes = kTotal;
  std::uint64_t sent = 0;
  const std::string piece(64 << 10, 'x');
  const auto send = [&] {
    while (sent < kTotal && sent + piece.size() <= proto::kInitialCredit + recorder.request_credit) {
      sent += piece.size();
      recorder.call->SendBody(piece, sent == kTotal);
    }
  };
  recorder.on_event = [&](const char* event) {
    if (std::string_view(event) == "credit") send();
  };
  Start(recorder, request, {server->origin()});
  send();
  EXPECT_EQ(sent, proto::kInitialCredit);
  Finish(recorder);
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(sent, kTotal);
}

TEST_F(BrokerTest, ABodyThatBreaksItsWordFailsTheCallAndItsConnection) {
  server->Answer(Response("ok"));
  for (const auto& [first, second] :
       {std::pair("12345678901", "x"), std::pair("12345", ""), std::pair("1234567890", "1")}) {
    Recorder recorder;
    auto request = Request("POST", Get());
    request.has_body = true;
    request.body_bytes = 10;
    Start(recorder, request, {server->origin()});
    Settle();
    recorder.call->SendBody(first, false);
    recorder.call->SendBody(second, true);
    Finish(recorder);
    ASSERT_TRUE(recorder.failure);
    EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kRefused);
    EXPECT_NE(recorder.failure->message.find("the length it declared"), std::string::npos) << recorder.failure->message;
    Recorder next;
    Run(next, Request("GET", Get("/next")), {server->origin()});
    EXPECT_TRUE(next.ended);
    EXPECT_TRUE(server->requests().back().starts_with("GET /next"));
  }
}

// The request's body has not ended when the server answers. What happens then is said at Transfer.
class EarlyResponseTest : public BrokerTest {
 protected:
  void TearDown() override {
    recorder_ = Recorder();  // a call may outlive its broker, but not the loop
    BrokerTest::TearDown();
  }
  // Sends a piece of a body that the server answers at once with `response`.
  void StartUpload(
      const std::string& response, const std::function<void(RawServer::Peer&)>& then = [](auto&) {}) {
    server->OnData([this, response, then](RawServer::Peer& peer) {
      if (!answered_ && peer.received.find("hello") != std::string::npos) {
        answered_ = true;
        peer.Send(response);
        then(peer);
      }
    });
    auto request = Request("POST", Get());
    request.has_body = true;
    Start(recorder_, request, {server->origin()});
    recorder_.call->SendBody("hello", false);
  }
  void ExpectOver(int status, const std::string& body) {
    Finish(recorder_);
    ASSERT_FALSE(recorder_.failure) << recorder_.failure->message;
    EXPECT_EQ(recorder_.head->status, status);
    EXPECT_EQ(recorder_.body, body);
    EXPECT_EQ(recorder_.events_after_end, 0);
    Recorder next;
    server->Answer(Response("next"));
    Run(next, Request("GET", Get()), {server->origin()});
    EXPECT_EQ(next.body, "next");
  }

  Recorder recorder_;
  bool answered_ = false;
};

const char* const kChunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n0\r\n\r\n";

TEST_F(EarlyResponseTest, ArrivesWhileTheUploadGoesOn) {
  for (const auto& [response, status, body] :
       {std::tuple(Response("early"), 200, "early"), std::tuple(std::string(kChunked), 200, "early"),
        std::tuple(Response(""), 200, ""), std::tuple(std::string("HTTP/1.1 204 No Content\r\n\r\n"), 204, "")}) {
    answered_ = false;
    recorder_ = Recorder();
    StartUpload(response);
    RunUntil([this, body = std::string(body)] { return recorder_.head.has_value() && recorder_.body == body; });
    Settle(std::chrono::milliseconds(120));
    EXPECT_FALSE(recorder_.over()) << "the request goes on";
    recorder_.call->SendBody("world", false);
    recorder_.call->SendBody("", true);
    RunUntil([&] { return server->peer(server->connections() - 1).received.ends_with("world\r\n0\r\n\r\n"); });
    ExpectOver(status, body);
  }
}

TEST_F(EarlyResponseTest, IsTheEndWhereTheServerClosesWithoutAWord) {
  StartUpload(Response("early"), [](RawServer::Peer& peer) { peer.Close(); });
  ExpectOver(200, "early");
}

TEST_F(EarlyResponseTest, IsTheEndWhereTheServerClosesAWhileLater) {
  for (const std::string& response : {Response("early"), std::string(kChunked), Response("")}) {
    answered_ = false;
    recorder_ = Recorder();
    StartUpload(response);
    RunUntil([&] { return recorder_.head.has_value(); });
    Settle();
    server->peer(server->connections() - 1).Close();
    ExpectOver(200, response == Response("") ? "" : "early");
  }
}

TEST_F(EarlyResponseTest, IsTheEndWhereTheServerSaysThatItCloses) {
  const std::string close = "Connection: close\r\n";
  std::string chunked(kChunked);
  chunked.insert(chunked.find("Transfer"), close);
  for (const std::string& response : {Response("early", close), chunked}) {
    answered_ = false;
    recorder_ = Recorder();
    StartUpload(response, [](RawServer::Peer& peer) { peer.Close(); });
    ExpectOver(200, "early");
  }
}

TEST_F(EarlyResponseTest, IsTheEndWhereItEndsWithItsConnection) {
  StartUpload("HTTP/1.1 200 OK\r\n\r\nearly", [](RawServer::Peer& peer) { peer.Close(); });
  ExpectOver(200, "early");
}

TEST_F(EarlyResponseTest, IsTheEndWhereItIsAnError) {
  std::string chunked(kChunked);
  chunked.replace(chunked.find("200 OK"), 6, "413 Content Too Large");
  for (const std::string& response : {Response("early", "", "413 Content Too Large"), chunked}) {
    for (const bool closes : {false, true}) {
      answered_ = false;
      recorder_ = Recorder();
      StartUpload(response, [closes](RawServer::Peer& peer) {
        if (closes) peer.Close();
      });
      ExpectOver(413, "early");
    }
  }
}

TEST_F(EarlyResponseTest, IsTheEndWhereTheConnectionBreaksUnderTheUpload) {
  StartUpload(Response("early"), [](RawServer::Peer& peer) { peer.Close(); });
  RunUntil([&] { return recorder_.body == "early"; });
  for (int i = 0; i < 7 && !recorder_.over(); ++i) recorder_.call->SendBody(std::string(64 << 10, 'x'), false);
  ExpectOver(200, "early");
}

TEST_F(EarlyResponseTest, ThatIsCutOffIsAFailure) {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  for (const std::string& response :
       {ok + "Content-Length: 10\r\n\r\nearly", ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n"}) {
    answered_ = false;
    recorder_ = Recorder();
    StartUpload(response, [](RawServer::Peer& peer) { peer.Close(); });
    Finish(recorder_);
    EXPECT_TRUE(recorder_.failure) << response;
  }
}

TEST_F(BrokerTest, ALargeDownloadPassesInBoundedMemory) {
  constexpr std::uint64_t kTotal = std::uint64_t{100} << 20;
  server->OnData([&](RawServer::Peer& peer) {
    if (!peer.TakeRequest()) return;
    peer.Send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kTotal) + "\r\n\r\n");
    peer.Stream(kTotal, std::string(1 << 16, 'x'));
  });
  Recorder recorder;
  recorder.keep_body = false;
  recorder.auto_grant = false;
  const std::size_t before = ResidentBytes();
  Start(recorder, Request("GET", Get()), {server->origin()});
  RunUntil([&] { return recorder.body_bytes == proto::kInitialCredit; });
  Settle(std::chrono::milliseconds(100));
  EXPECT_EQ(recorder.body_bytes, proto::kInitialCredit) << "no more than the credit";
  const std::uint64_t sent_while_paused = server->peer(0).bytes_sent;
  EXPECT_LT(sent_while_paused, std::uint64_t{16} << 20) << "the upstream is held back";
  std::size_t peak = before;
  // Slowly: a little credit each time, so that the transfer is paused and resumed some hundred times.
  std::uint64_t granted = proto::kInitialCredit;
  while (!recorder.over()) {
    granted += std::uint64_t{300} << 10;
    recorder.call->GrantResponse(std::uint64_t{300} << 10);
    RunUntil([&] { return recorder.over() || recorder.body_bytes == std::min(granted, kTotal); });
    ASSERT_LE(recorder.body_bytes, granted);
    peak = std::max(peak, ResidentBytes());
    if (::testing::Test::HasFailure()) return;
  }
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body_bytes, kTotal);
  RecordProperty("rss_growth_kib", static_cast<int>((peak - before) >> 10U));
  EXPECT_LT(peak - before, kMaxGrowthBytes);
}

TEST_F(BrokerTest, DecodesGzipAndHidesThatItDid) {
  const std::string text(3'000'000, 'z');
  server->Answer(Response(Gzip(text), "Content-Encoding: gzip\r\nContent-Type: text/plain\r\n"));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), {server->origin()});
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, text);
  EXPECT_EQ(recorder.header("Content-Type"), "text/plain");
  EXPECT_EQ(recorder.header("Content-Encoding") + recorder.header("Content-Length"), "");
}

TEST_F(BrokerTest, ACompressionBombCostsNoMoreThanTheCredit) {
  const std::string bomb = Gzip(std::string(200 << 20, '\0'));
  ASSERT_LT(bomb.size(), std::size_t{1} << 20);
  server->Answer(Response(bomb, "Content-Encoding: gzip\r\n"));
  Recorder recorder;
  recorder.auto_grant = false;
  recorder.keep_body = false;
  const std::size_t before = ResidentBytes();
  Start(recorder, Request("GET", Get()), {server->origin()});
  RunUntil([&] { return recorder.body_bytes == proto::kInitialCredit; });
  Settle(std::chrono::milliseconds(100));
  EXPECT_EQ(recorder.body_bytes, proto::kInitialCredit);
  RecordProperty("rss_growth_kib", static_cast<int>((ResidentBytes() - before) >> 10U));
  EXPECT_LT(ResidentBytes() - before, kMaxGrowthBytes);
  recorder.call->GrantResponse(std::uint64_t{1} << 40);
  Finish(recorder);
  ASSERT_TRUE(recorder.failure) << "gzip of zeros grows a thousand-fold";
  EXPECT_NE(recorder.failure->message.find("250-fold"), std::string::npos) << recorder.failure->message;
  EXPECT_LT(recorder.body_bytes, std::uint64_t{60} << 20);
}

TEST_F(BrokerTest, ChunkedResponsesAndTrailers) {
  server->Answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: "
      "1\r\n\r\n");
  Recorder recorder;
  Run(recorder, Request("GET", Get()), {server->origin()});
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "hello world");
  EXPECT_EQ(recorder.header("Transfer-Encoding") + recorder.header("X-Sum") + recorder.header("Trailer"), "");
}

TEST_F(BrokerTest, TenantsDoNotShareConnections) {
  server->Answer(Response("ok"));
  for (const char* tenant : {"a", "b", "a", "b"}) {
    Recorder recorder;
    Run(recorder, Request("GET", Get()), {server->origin()}, tenant);
    ASSERT_TRUE(recorder.ended);
  }
  EXPECT_EQ(server->connections(), 2U);
  EXPECT_EQ(server->peer(0).requests, 2);
}

TEST_F(BrokerTest, IdlePoolsAndTheirDescriptorsAreBounded) {
  const auto descriptors = [] {
    const std::filesystem::directory_iterator open("/proc/self/fd");
    return std::distance(begin(open), end(open));
  };
  options.max_idle_pools = 3;
  server->Answer(Response("ok"));
  const auto before = descriptors();
  for (int i = 0; i < 40; ++i) {
    Recorder recorder;
    Run(recorder, Request("GET", Get()), {server->origin()}, "tenant" + std::to_string(i));
    ASSERT_TRUE(recorder.ended);
  }
  Settle();
  EXPECT_LE(descriptors() - before, 4 * 5 + 1)
      << "per pool both ends of a connection, a pair of libcurl's own and a watcher; and the resolver's watcher";
  broker.reset();
  Settle();
  EXPECT_EQ(descriptors(), before);
}

TEST_F(BrokerTest, PoolsThatNobodyUsesGo) {
  options.pool_idle_timeout = std::chrono::milliseconds(20);
  server->Answer(Response("ok"));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), {server->origin()});
  bool closed = false;
  server->peer(0).on_close = [&] { closed = true; };
  RunUntil([&] { return closed; });
}

TEST_F(BrokerTest, CallsBeyondTheTenantsBoundWaitTheirTurn) {
  options.max_transfers_per_tenant = 2;
  options.max_waiting_per_tenant = 3;
  server->Answer("");  // nobody gets an answer
  std::vector<std::unique_ptr<Recorder>> calls;
  for (int i = 0; i < 6; ++i) {
    calls.push_back(std::make_unique<Recorder>());
    Start(*calls.back(), Request("GET", Get("/" + std::to_string(i))), {server->origin()});
  }
  Settle();
  ASSERT_TRUE(calls[5]->failure) << "two run and three wait: the sixth is refused";
  EXPECT_EQ(server->requests().size(), 2U);
  Recorder neighbour;
  Start(neighbour, Request("GET", Get("/n")), {server->origin()}, "other");
  RunUntil([&] { return server->requests().size() == 3; });
  calls[2].reset();
  calls[0].reset();
  RunUntil([&] { return server->requests().size() == 4; });
  EXPECT_TRUE(server->requests()[3].starts_with("GET /3 ")) << "the third gave up: the fourth is next";
}

}  // namespace
}  // namespace warder::broker::testing
