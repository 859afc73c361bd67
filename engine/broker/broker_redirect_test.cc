// Redirects: followed by the broker, hop by hop under the same policy, with what may go along.
#include "engine/broker/testing/broker_fixture.h"

namespace warder::broker::testing {
namespace {

std::string RedirectTo(const std::string& location, const std::string& status = "302 Found") {
  return Response("moved", "Location: " + location + "\r\n", status);
}

class RedirectTest : public TwoServersTest {
 protected:
  std::vector<std::string> Both() { return {server->origin(), other->origin()}; }

  static bool Sent(const std::string& request, const std::string& text) {
    return request.find(text) != std::string::npos;
  }
};

TEST_F(RedirectTest, FollowsWithinTheOriginOnOneConnection) {
  server->Answer([](const std::string& request) {
    return request.starts_with("GET /a/b") ? RedirectTo("../c?d#e", "307 Temporary Redirect") : Response("end");
  });
  Recorder recorder;
  auto request = Request("GET", Get("/a/b"));
  request.headers = {{"authorization", "Bearer t"}, {"x-key", "k"}};
  Run(recorder, request, {server->origin()});
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "end");
  EXPECT_TRUE(recorder.head->redirected);
  EXPECT_EQ(recorder.head->url, Get("/c?d"));
  EXPECT_TRUE(Sent(server->requests().at(1), "authorization: Bearer t\r\n"));
  EXPECT_TRUE(Sent(server->requests().at(1), "x-key: k\r\n"));
  EXPECT_EQ(server->connections(), 1U);
}

TEST_F(RedirectTest, LeavesTheCallersHeadersBehindWhenTheOriginChanges) {
  server->Answer(RedirectTo(other->origin() + "/x"));
  Recorder recorder;
  auto request = Request("GET", Get());
  request.headers = {
      {"authorization", "Bearer t"}, {"cookie", "c=1"}, {"X-Api-Key", "k"}, {"accept", "text/x"}, {"User-Agent", "u"}};
  Run(recorder, request, Both());
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "there");
  const std::string& sent = other->requests().at(0);
  EXPECT_FALSE(Sent(sent, "authorization") || Sent(sent, "cookie") || Sent(sent, "X-Api-Key")) << sent;
  EXPECT_TRUE(Sent(sent, "accept: text/x") && Sent(sent, "User-Agent: u")) << sent;
}

TEST_F(RedirectTest, EveryHopIsToldBeforeItIsMade) {
  server->Answer([&](const std::string& request) {
    return request.starts_with("GET /a ") ? RedirectTo("/b") : RedirectTo(other->origin() + "/x");
  });
  Recorder recorder;
  Run(recorder, Request("GET", Get("/a")), Both());
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.redirects, Both());
  EXPECT_EQ(other->requests().size(), 1U);

  Recorder leaving;
  leaving.on_event = [&](const char*) {
    if (leaving.redirects.size() == 2) leaving.call.reset();
  };
  Start(leaving, Request("GET", Get("/a")), Both());
  RunUntil([&] { return leaving.call == nullptr; });
  loop->run_for(std::chrono::milliseconds(0));
  EXPECT_EQ(leaving.redirects, Both());
  EXPECT_EQ(other->requests().size(), 1U);
}

TEST_F(RedirectTest, ARedirectOutOfTheGrantIsRefusedWithoutAByte) {
  server->Answer(RedirectTo(other->origin() + "/x"));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), {server->origin()});
  ASSERT_TRUE(recorder.failure);
  EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kRefused);
  EXPECT_EQ(recorder.failure->message, "refused: " + server->origin() + " redirected (302) to " + other->origin() +
                                           ", which is not in the grant; allow it with --allow " + other->origin());
  EXPECT_EQ(other->connections(), 0U);
  EXPECT_FALSE(recorder.head);
}

TEST_F(RedirectTest, LocationsThatAreRefused) {
  for (const char* location :
       {"http://10.0.0.5/", "//10.0.0.5/", "http://2130706433/", "file:///etc/passwd", "ftp://a/",
        "http://user@127.0.0.1/", "javascript:alert(1)", "data:,x", "http://[::ffff:127.0.0.1]/",
        "http://127.0.0.1.:80/", "/%2e%2e/x", "/\\evil", "https:/x", "http://169.254.169.254/latest"}) {
    server->Answer(RedirectTo(location));
    Recorder recorder;
    Run(recorder, Request("GET", Get()), {server->origin()});
    ASSERT_TRUE(recorder.failure) << location;
    EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kRefused) << location << recorder.failure->message;
  }
}

TEST_F(RedirectTest, MethodsFollowTheFetchStandard) {
  struct Case {
    const char* method;
    const char* status;
    const char* expected;
  };
  for (const Case& c :
       {Case{"POST", "301 x", "GET"}, Case{"POST", "302 x", "GET"}, Case{"POST", "303 x", "GET"},
        Case{"PUT", "301 x", "PUT"}, Case{"PUT", "303 x", "GET"}, Case{"DELETE", "302 x", "DELETE"},
        Case{"HEAD", "303 x", "HEAD"}, Case{"POST", "307 x", "POST"}, Case{"PATCH", "308 x", "PATCH"}}) {
    server->Answer([&](const std::string& request) {
      if (!request.starts_with("HEAD")) {
        return request.find(" /end ") == std::string::npos ? RedirectTo("/end", c.status) : Response("end");
      }
      return request.find(" /end ") == std::string::npos
                 ? "HTTP/1.1 " + std::string(c.status) + "\r\nContent-Length: 5\r\nLocation: /end\r\n\r\n"
                 : std::string("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n");
    });
    Recorder recorder;
    Run(recorder, Request(c.method, Get()), {server->origin()});
    ASSERT_FALSE(recorder.failure) << c.method << c.status << recorder.failure->message;
    EXPECT_TRUE(server->requests().back().starts_with(std::string(c.expected) + " /end ")) << server->requests().back();
  }
}

TEST_F(RedirectTest, ASmallBodyOfKnownLengthGoesAlong) {
  server->Answer([](const std::string& request) {
    return request.find(" /end ") == std::string::npos ? RedirectTo("/end", "307 x") : Response("end");
  });
  Recorder recorder;
  auto request = Request("POST", Get());
  request.has_body = true;
  request.body_bytes = 4;
  request.headers = {{"content-type", "text/plain"}};
  Start(recorder, request, {server->origin()});
  recorder.call->SendBody("body", true);
  Finish(recorder);
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_TRUE(server->requests().at(1).starts_with("POST /end "));
  EXPECT_TRUE(server->requests().at(1).ends_with("\r\n\r\nbody"));
}

TEST_F(RedirectTest, AStreamedBodyCannotGoAlong) {
  server->Answer(RedirectTo("/end", "308 x"));
  Recorder recorder;
  auto request = Request("POST", Get());
  request.has_body = true;
  Start(recorder, request, {server->origin()});
  recorder.call->SendBody("body", true);
  Finish(recorder);
  ASSERT_TRUE(recorder.failure);
  EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kNetwork);
  EXPECT_NE(recorder.failure->message.find("cannot be sent again"), std::string::npos) << recorder.failure->message;
}

TEST_F(RedirectTest, ABodyThatIsNotNeededAnyMoreIsDropped) {
  server->OnData([](RawServer::Peer& peer) {
    if (peer.received.starts_with("GET /end")) {
      if (peer.TakeRequest()) peer.Send(Response("end"));
    } else if (peer.received.find("\r\n\r\n") != std::string::npos && peer.requests == 0) {
      peer.requests = 1;
      peer.Send(RedirectTo("/end", "303 x"));  // before the body is there
    }
  });
  Recorder recorder;
  auto request = Request("POST", Get());
  request.has_body = true;
  request.headers = {{"content-type", "text/plain"}};
  Start(recorder, request, {server->origin()});
  recorder.call->SendBody(std::string(300'000, 'x'), false);
  Finish(recorder);
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "end");
  recorder.call->SendBody("late", true);  // ignored
}

TEST_F(RedirectTest, LoopsEnd) {
  server->Answer(RedirectTo("/"));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), {server->origin()});
  ASSERT_TRUE(recorder.failure);
  EXPECT_EQ(recorder.failure->message, "more than 10 redirects, the last from " + server->origin());
  EXPECT_EQ(server->requests().size(), 11U);
}

TEST_F(RedirectTest, ErrorModeFailsAndManualModeDelivers) {
  server->Answer(RedirectTo(other->origin()));
  Recorder error;
  auto request = Request("GET", Get());
  request.redirect = HttpRequest::Redirect::kError;
  Run(error, request, Both());
  ASSERT_TRUE(error.failure);
  Recorder manual;
  request.redirect = HttpRequest::Redirect::kManual;
  Run(manual, request, Both());
  ASSERT_FALSE(manual.failure);
  EXPECT_EQ(manual.head->status, 302);
  EXPECT_EQ(manual.header("Location"), other->origin());
  EXPECT_EQ(manual.body, "moved");
  EXPECT_EQ(other->connections(), 0U);
}

TEST_F(RedirectTest, RedirectsWithoutALocationAreResponses) {
  server->Answer(Response("x", "", "302 Found"));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), {server->origin()});
  ASSERT_FALSE(recorder.failure);
  EXPECT_EQ(recorder.head->status, 302);
  server->Answer(Response("x", "Location: /a\r\nLocation: /b\r\n", "302 Found"));
  Recorder two;
  Run(two, Request("GET", Get()), {server->origin()});
  ASSERT_TRUE(two.failure);
}

TEST_F(RedirectTest, AnEndlessRedirectBodyIsCutOff) {
  server->OnData([](RawServer::Peer& peer) {
    const auto request = peer.TakeRequest();
    if (!request) return;
    if (request->starts_with("GET /end")) {
      peer.Send(Response("end"));
    } else {
      peer.Send("HTTP/1.1 302 Found\r\nLocation: /end\r\n\r\n");
      peer.Stream(std::uint64_t{1} << 40, std::string(1 << 16, 'x'));
    }
  });
  Recorder recorder;
  Run(recorder, Request("GET", Get()), {server->origin()});
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "end");
}

TEST_F(RedirectTest, EachHopIsResolvedAndJudged) {
  dns->Add("moved.test", {{kPrivate4}});
  server->Answer(RedirectTo("http://moved.test/"));
  RawServer inside(*loop, kPrivate4, 80);
  inside.Answer(Response("secret"));
  Recorder recorder;
  Run(recorder, Request("GET", Get()), {server->origin(), "http://moved.test"});
  ASSERT_TRUE(recorder.failure);
  EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kRefused);
  EXPECT_EQ(inside.connections(), 0U);
  // The control: the very address, named.
  Recorder named;
  Run(named, Request("GET", std::string("http://") + kPrivate4 + "/"), {std::string("http://") + kPrivate4});
  ASSERT_FALSE(named.failure) << named.failure->message;
  EXPECT_EQ(named.body, "secret");
  broker.reset();
}

}  // namespace
}  // namespace warder::broker::testing
