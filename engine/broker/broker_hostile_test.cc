// Scripts that try to speak out of turn, upstreams that do, and callers that leave at any moment.
#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "engine/broker/request_headers.h"
#include "engine/broker/testing/broker_fixture.h"

namespace warder::broker::testing {
namespace {

using HostileTest = BrokerTest;

TEST_F(HostileTest, NothingOfARefusedRequestReachesTheUpstream) {
  server->Answer(Response("ok"));
  std::vector<HttpRequest> requests;
  const auto add = [&](const std::string& method, const std::string& url, HeaderList headers) {
    auto request = Request(method, url);
    request.headers = std::move(headers);
    requests.push_back(request);
  };
  for (const char* method : {"get", "CONNECT", "TRACE", "TRACK", "G ET", "GET\r\nX: y", "", "PROPFIND"})
    add(method, Get(), {});
  for (const char* path : {"/\r\nX: y", "/ HTTP/1.1\r\n\r\nGET /x", "/\n", "/ ", "/\t", "/#f", "/..", "/a/%2e%2e/b",
                           "/..%2fb", "/a/..;/b", "/%252e%252e/", "/\\x", "/%", "/%zz", "/%00", "/%0d%0aX:y"}) {
    add("GET", Get(path), {});
  }
  for (const HeaderList& headers :
       {HeaderList{{"x", "a\r\nb: c"}}, HeaderList{{"x", "a\nb"}}, HeaderList{{"x", "a\rb"}},
        HeaderList{{"x", std::string("a\0b", 3)}}, HeaderList{{"x", "a\r\n b"}}, HeaderList{{"x\r\ny", "a"}},
        HeaderList{{"x y", "a"}}, HeaderList{{"x:", "a"}}, HeaderList{{"", "a"}}, HeaderList{{"x", " a"}},
        HeaderList{{"TE ", "trailers"}}, HeaderList{{"x", std::string(40'000, 'a')}}, HeaderList(200, {"x", "a"})}) {
    add("GET", Get(), headers);
  }
  for (const HeaderRule& rule : RefusedHeaders()) {
    std::string name(rule.name);
    if (name.ends_with('*')) name.back() = 'x';
    add("POST", Get(), {{name, "1"}});
    std::transform(name.begin(), name.end(), name.begin(),
                   [](char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
    add("POST", Get(), {{name, "1"}});
  }
  for (const HttpRequest& request : requests) {
    Recorder recorder;
    Run(recorder, request, {server->origin()});
    ASSERT_TRUE(recorder.failure) << request.method << ' ' << request.url;
    EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kRefused);
    EXPECT_TRUE(recorder.failure->message.starts_with("refused: "));
  }
  EXPECT_EQ(server->connections(), 0U);
  Recorder control;
  Run(control, Request("GET", Get()), {server->origin()});
  EXPECT_EQ(control.body, "ok");
}

TEST_F(HostileTest, ProxiesOfTheEnvironmentAreIgnored) {
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
    ::setenv(name, "http://127.0.0.1:1", 1);
  server->Answer(Response("direct"));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), {server->origin()});
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
  EXPECT_EQ(recorder.body, "direct");
}

TEST_F(HostileTest, BrokenResponsesAreFailures) {
  const std::string flood(70'000, 'x');
  std::string many;
  for (int i = 0; i < 300; ++i) many += "X-" + std::to_string(i) + ": 1\r\n";
  std::string informational;
  for (int i = 0; i < 20; ++i) informational += "HTTP/1.1 103 Early Hints\r\n\r\n";
  const std::vector<std::pair<const char*, std::string>> cases = {
      {"nothing", ""},
      {"no HTTP", "hello\r\n\r\n"},
      {"HTTP/0.9", "<html>"},
      {"half a head", "HTTP/1.1 200 OK\r\nX: y\r\n"},
      {"cut off", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"},
      {"cut off in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"},
      {"no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"},
      {"bad chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"},
      {"two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"},
      {"length and chunks",
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
      {"signed length", "HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello"},
      {"negative length", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nhello"},
      {"listed length", "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello"},
      {"gzip as transfer coding", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
      {"folded", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 1\r\n\r\nx"},
      {"blank before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\nx"},
      {"no colon", "HTTP/1.1 200 OK\r\nhello\r\nContent-Length: 1\r\n\r\nx"},
      {"NUL", std::string("HTTP/1.1 200 OK\r\nX: a") + '\0' + "b\r\nContent-Length: 1\r\n\r\nx"},
      {"switching protocols", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"},
      {"status 99", "HTTP/1.1 099 x\r\nContent-Length: 1\r\n\r\nx"},
      {"status 600", "HTTP/1.1 600 x\r\nContent-Length: 1\r\n\r\nx"},
      {"status 2000", "HTTP/1.1 2000 x\r\nContent-Length: 1\r\n\r\nx"},
      {"a large header", "HTTP/1.1 200 OK\r\nX: " + flood + "\r\nContent-Length: 1\r\n\r\nx"},
      {"many headers", "HTTP/1.1 200 OK\r\n" + many + "Content-Length: 1\r\n\r\nx"},
      {"many 1xx", informational + Response("x")},
      {"unknown coding", Response("x", "Content-Encoding: zstd\r\n")},
      {"nested coding", Response("x", "Content-Encoding: gzip, gzip\r\n")},
      {"two codings", Response("x", "Content-Encoding: gzip\r\nContent-Encoding: br\r\n")},
      {"not gzip", Response("hello", "Content-Encoding: gzip\r\n")},
      {"not brotli", Response("\xff\xff\xff\xff", "Content-Encoding: br\r\n")},
      {"cut off gzip", Response(std::string("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10), "Content-Encoding: gzip\r\n")},
  };
  for (const auto& [name, bytes] : cases) {
    server->OnData([bytes = bytes](RawServer::Peer& peer) {
      if (!peer.TakeRequest()) return;
      peer.Send(bytes);
      peer.Close();
    });
    Recorder recorder;
    Run(recorder, Request("GET", Get("/secret-path?token=t")), {server->origin()});
    ASSERT_TRUE(recorder.failure) << name;
    EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kNetwork) << name << ": " << recorder.failure->message;
    EXPECT_FALSE(recorder.ended) << name;
    EXPECT_EQ(recorder.failure->message.find("secret"), std::string::npos) << recorder.failure->message;
    EXPECT_EQ(recorder.failure->message.find("libcurl error"), std::string::npos) << name << recorder.failure->message;
  }
}

TEST_F(HostileTest, InformationalResponsesAreDropped) {
  server->Answer("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + Response("x"));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), {server->origin()});
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.head->status, 200);
  EXPECT_EQ(recorder.header("Link"), "");
}

TEST_F(HostileTest, BytesBehindAResponseAreNotTheNextResponse) {
  const std::string forged = Response("forged");
  for (const std::string& first : {Response("first") + forged, "HTTP/1.1 204 No Content\r\n\r\n" + forged,
                                   std::string("HTTP/1.1 304 x\r\n\r\n") + forged}) {
    server->OnData([&](RawServer::Peer& peer) {
      const auto request = peer.TakeRequest();
      if (request) peer.Send(request->starts_with("GET /first") ? first : Response("second"));
    });
    Recorder one;
    Run(one, Request("GET", Get("/first")), {server->origin()});
    Settle();
    Recorder two;
    Run(two, Request("GET", Get("/second")), {server->origin()});
    EXPECT_NE(two.body, "forged");
    EXPECT_EQ(two.body, "second") << (two.failure ? two.failure->message : "");
  }
}

TEST_F(HostileTest, ASilentUpstreamTimesOut) {
  options.idle_timeout = std::chrono::milliseconds(100);
  for (const char* bytes : {"", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"}) {
    server->Answer([bytes](const std::string&) { return std::string(bytes); });
    Recorder recorder;
    Run(recorder, Request("GET", Get()), {server->origin()});
    ASSERT_TRUE(recorder.failure);
    EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kTimeout);
    EXPECT_EQ(recorder.failure->message, server->origin() + " neither sent nor took anything for 100 ms");
  }
}

TEST_F(HostileTest, ACallerThatWaitsDoesNotTimeOut) {
  options.idle_timeout = std::chrono::milliseconds(50);
  const std::string large(2'000'000, 'x');
  server->Answer(Response(large));
  Recorder recorder;
  recorder.auto_grant = false;
  auto request = Request("POST", Get());
  request.has_body = true;
  Start(recorder, request, {server->origin()});
  Settle(std::chrono::milliseconds(150));
  recorder.call->SendBody("late", true);
  RunUntil([&] { return recorder.body_bytes > 0; });
  Settle(std::chrono::milliseconds(150));
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  recorder.call->GrantResponse(10'000'000);
  Finish(recorder);
  EXPECT_EQ(recorder.body, large);
}

TEST_F(HostileTest, ConnectionsThatCannotBeMade) {
  const std::string closed = "http://127.0.0.1:1";
  Recorder refused;
  Run(refused, Request("GET", closed + "/"), {closed});
  EXPECT_EQ(refused.failure.value().message, "could not connect to http://127.0.0.1:1: Connection refused");
  const std::string nowhere = "http://203.0.113.7";
  Recorder unreachable;
  Run(unreachable, Request("GET", nowhere + "/"), {nowhere});
  EXPECT_EQ(unreachable.failure.value().message, "could not connect to http://203.0.113.7: Network is unreachable");
}

TEST_F(HostileTest, ARequestThatMayHaveHadAnEffectIsNotRepeated) {
  int connections = 0;
  server->OnData([&](RawServer::Peer& peer) {
    const auto request = peer.TakeRequest();
    if (!request) return;
    if (request->starts_with("GET /prime")) {
      ++connections;
      peer.Send(Response("primed"));
    } else if (request->find("/last ") != std::string::npos && peer.requests == 1) {
      peer.Send(Response("repeated"));
    } else {
      peer.Reset();
    }
  });
  for (const char* method : {"POST", "PATCH", "GET"}) {
    Recorder prime;
    Run(prime, Request("GET", Get("/prime")), {server->origin()}, method);
    Recorder recorder;
    auto request = Request(method, Get("/last"));
    Run(recorder, request, {server->origin()}, method);
    if (std::string(method) == "GET") {
      EXPECT_EQ(recorder.body, "repeated");
    } else {
      ASSERT_TRUE(recorder.failure) << method;
      EXPECT_NE(recorder.failure->message.find("whether it acted on the"), std::string::npos)
          << recorder.failure->message;
    }
  }
}

TEST_F(HostileTest, AnErrorBeforeTheUploadEndsIsDelivered) {
  server->OnData([](RawServer::Peer& peer) {
    if (peer.requests++ == 0) peer.Send(Response("too large", "Connection: close\r\n", "413 Content Too Large"));
  });
  Recorder recorder;
  auto request = Request("POST", Get());
  request.has_body = true;
  Start(recorder, request, {server->origin()});
  recorder.call->SendBody(std::string(100'000, 'x'), false);
  Finish(recorder);
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.head->status, 413);
  EXPECT_EQ(recorder.body, "too large");
}

// The number of the observer's calls after which the Call is destroyed, from inside the observer or from the loop.
TEST_F(HostileTest, ACallCanBeDestroyedAtEveryStage) {
  server->OnData([](RawServer::Peer& peer) {
    const auto request = peer.TakeRequest();
    if (!request) return;
    if (request->find(" /r ") != std::string::npos) {
      peer.Send(Response("x", "Location: /\r\n", "307 x"));
    } else {
      peer.Send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
      for (int i = 0; i < 20; ++i) peer.Send("10000\r\n" + std::string(65536, 'y') + "\r\n");
      peer.Send("0\r\n\r\n");
    }
  });
  dns->Add("api.test", {{"127.0.0.1"}});
  int completed = 0;
  for (int stage = 0; stage < 60; ++stage) {
    Recorder inside;
    int events = 0;
    inside.on_event = [&](const char*) {
      if (++events == stage) inside.call.reset();
    };
    auto request = Request("POST", Get("/r"));
    request.has_body = true;
    request.body_bytes = 200'000;
    Start(inside, request, {server->origin()});
    inside.call->SendBody(std::string(200'000, 'b'), true);
    RunUntil([&] { return inside.over() || !inside.call; });
    Settle(std::chrono::milliseconds(2));
    EXPECT_EQ(inside.events_after_end, 0);
    EXPECT_TRUE(inside.call || events == stage);
    completed += inside.ended ? 1 : 0;

    Recorder outside;
    Start(outside, request, {server->origin()});
    outside.call->SendBody(std::string(200'000, 'b'), true);
    for (int turn = 0; turn < stage && !outside.over(); ++turn) loop->run_one_for(std::chrono::milliseconds(20));
    outside.call.reset();
    const auto seen = outside.body_bytes;
    Settle(std::chrono::milliseconds(2));
    EXPECT_EQ(outside.body_bytes, seen);

    Recorder looked_up;
    Start(looked_up, Request("GET", "http://api.test/"), {"http://api.test"});
    for (int turn = 0; turn < stage % 8 && !looked_up.over(); ++turn) loop->run_one_for(std::chrono::milliseconds(20));
    looked_up.call.reset();
  }
  EXPECT_GT(completed, 0) << "the control: some calls run to their end";
  Recorder after;
  Run(after, Request("GET", Get()), {server->origin()});
  EXPECT_TRUE(after.ended);
}

TEST_F(HostileTest, ObserversAreNotCalledFromInsideStart) {
  Recorder recorder;
  Start(recorder, Request("GET", "nonsense"), {});
  EXPECT_FALSE(recorder.over());
  Finish(recorder);
  EXPECT_TRUE(recorder.failure);
}

TEST_F(HostileTest, CallsMayOutliveTheBroker) {
  server->Answer("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
  Recorder recorder;
  Start(recorder, Request("GET", Get()), {server->origin()});
  RunUntil([&] { return !recorder.body.empty(); });
  broker.reset();
  recorder.call->GrantResponse(1);
  recorder.call->SendBody("x", true);
  Settle();
  EXPECT_FALSE(recorder.over());
}

}  // namespace
}  // namespace warder::broker::testing
