// Policies on live calls: what is refused does not reach the upstream, which counts its connections.
#include "engine/broker/policy/decide.h"
#include "engine/broker/testing/broker_fixture.h"

namespace warder::broker::testing {
namespace {

class PolicyTest : public TwoServersTest {
 protected:
  std::shared_ptr<Capabilities> Under(const std::string& lines) {
    return Allow(ParsePolicy("origin " + server->origin() + "\n" + lines));
  }
  void RunWith(Recorder& recorder, HttpRequest request, std::shared_ptr<Capabilities> grant) {
    StartWith(recorder, std::move(request), std::move(grant));
    Finish(recorder);
  }
  void ExpectRefused(const Recorder& recorder, const std::string& with) {
    ASSERT_TRUE(recorder.failure);
    EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kRefused) << recorder.failure->message;
    EXPECT_TRUE(recorder.failure->message.starts_with("refused: ")) << recorder.failure->message;
    EXPECT_NE(recorder.failure->message.find(with), std::string::npos) << recorder.failure->message;
  }
};

TEST_F(PolicyTest, RulesQueryAndHeadersHoldOnACall) {
  server->Answer(Response("ok"));
  const auto grant = Under("allow GET /a/{x}\nquery page\nrequest-headers x-a\n");
  for (const auto& [method, path, header, why] :
       {std::tuple{"POST", "/a/1", "accept", "matches none of the policy's rules"},
        std::tuple{"GET", "/b", "accept", "matches none of the policy's rules"},
        std::tuple{"GET", "/a/1%2f..x", "accept", "has an encoded slash"},
        std::tuple{"GET", "/a/1?limit=2", "accept", "has the query parameter \"limit\""},
        std::tuple{"GET", "/a/1", "x-b", "has the header x-b"}}) {
    Recorder recorder;
    auto request = Request(method, Get(path));
    request.headers = {{header, "v"}};
    RunWith(recorder, request, grant);
    ExpectRefused(recorder, why);
  }
  EXPECT_EQ(server->connections(), 0U);
  Recorder control;
  auto request = Request("GET", Get("/a/1?page=2"));
  request.headers = {{"x-a", "v"}, {"accept", "v"}};
  RunWith(control, request, grant);
  ASSERT_FALSE(control.failure) << control.failure->message;
  EXPECT_EQ(control.body, "ok");
}

TEST_F(PolicyTest, EveryHopIsJudgedByMethodAndPath) {
  server->Answer([](const std::string& request) {
    return request.starts_with("POST /a") ? Response("", "Location: /admin\r\n", "303 See Other") : Response("secret");
  });
  Recorder recorder;
  RunWith(recorder, Request("POST", Get("/a")), Under("deny * /admin/**\nallow * /**\n"));
  ExpectRefused(recorder, server->origin() + " redirected (303) to GET " + server->origin() +
                              ", which is denied by line 2 (deny * /admin/**)");
  Recorder method;
  RunWith(method, Request("POST", Get("/a")), Under("allow POST /**\n"));
  ExpectRefused(method, "which matches none of the policy's rules");
  EXPECT_EQ(server->requests().size(), 2U);
  Recorder control;
  RunWith(control, Request("POST", Get("/a")), Under("allow * /**\n"));
  EXPECT_EQ(control.body, "secret");
}

TEST_F(PolicyTest, RedirectsKeepToTheirRule) {
  server->Answer([&](const std::string& request) {
    if (request.starts_with("GET /end")) return Response("end");
    const std::string to = request.starts_with("GET /same") ? "/end" : other->origin() + "/x";
    return Response("", "Location: " + to + "\r\n", "302 Found");
  });
  const std::string both = "origin " + other->origin() + "\nallow * /**\n";
  Recorder none;
  RunWith(none, Request("GET", Get("/same")), Under(both + "redirects none\n"));
  ExpectRefused(none, "which the policy does not follow; allow it with a line \"redirects same-origin\"");
  EXPECT_EQ(server->requests().size(), 1U);
  Recorder same;
  RunWith(same, Request("GET", Get("/same")), Under(both));
  EXPECT_EQ(same.body, "end");
  Recorder away;
  RunWith(away, Request("GET", Get("/away")), Under(both));
  ExpectRefused(away, "another origin, which the policy does not follow");
  EXPECT_EQ(other->connections(), 0U);
  Recorder listed;
  RunWith(listed, Request("GET", Get("/away")), Under(both + "redirects listed\n"));
  EXPECT_EQ(listed.body, "there");
  Recorder unlisted;
  RunWith(unlisted, Request("GET", Get("/away")), Under("allow * /**\nredirects listed\n"));
  ExpectRefused(unlisted, "which is not an origin of the policy; allow it with a line \"origin " + other->origin());
  Recorder manual;
  auto request = Request("GET", Get("/same"));
  request.redirect = HttpRequest::Redirect::kManual;
  RunWith(manual, request, Under(both + "redirects none\n"));
  ASSERT_TRUE(manual.head) << "the script looks at it itself, and what it asks for next is judged";
  EXPECT_EQ(manual.head->status, 302);
}

TEST_F(PolicyTest, ACallThatTakesTooLongEnds) {
  server->OnData([](RawServer::Peer& peer) {
    if (peer.TakeRequest()) peer.Send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello");  // and no more
  });
  Recorder recorder;
  RunWith(recorder, Request("GET", Get()), Under("allow * /**\ntimeout 40ms\n"));
  ASSERT_TRUE(recorder.failure);
  EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kTimeout);
  EXPECT_EQ(recorder.failure->message,
            "the call to " + server->origin() + " took longer than the 40ms that the policy allows (timeout)");
  EXPECT_EQ(recorder.body, "hello");
  EXPECT_EQ(recorder.events_after_end, 0);
}

TEST_F(PolicyTest, ATimeoutIsOfTheWholeCallRedirectsIncluded) {
  server->Answer(Response("", "Location: /\r\n", "302 Found"));
  options.max_redirects = std::size_t{1} << 30;
  Recorder recorder;
  RunWith(recorder, Request("GET", Get()), Under("allow * /**\ntimeout 60ms\n"));
  ASSERT_TRUE(recorder.failure);
  EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kTimeout) << recorder.failure->message;
}

TEST_F(PolicyTest, RequestBytesBoundABodyOfAnyLength) {
  server->Answer(Response("ok"));
  const auto grant = Under("allow * /**\nrequest-bytes 1KB\n");
  auto request = Request("POST", Get());
  request.has_body = true;
  request.body_bytes = 1'025;
  Recorder declared;
  RunWith(declared, request, grant);
  ExpectRefused(declared, "the body of the request is longer than the 1KB that the policy allows (request-bytes)");
  EXPECT_EQ(server->connections(), 0U);

  request.body_bytes.reset();
  Recorder streamed;
  StartWith(streamed, request, grant);
  streamed.call->SendBody(std::string(1'024, 'x'), false);
  Settle();
  EXPECT_FALSE(streamed.failure);
  streamed.call->SendBody("x", false);
  Finish(streamed);
  ExpectRefused(streamed, "the body of the request is longer");
  EXPECT_TRUE(server->requests().empty()) << "it was never whole";

  Recorder exact;
  StartWith(exact, request, grant);
  exact.call->SendBody(std::string(1'024, 'x'), true);
  Finish(exact);
  EXPECT_EQ(exact.body, "ok");
}

TEST_F(PolicyTest, ResponseBytesBoundABodyOfAnyLength) {
  server->OnData([](RawServer::Peer& peer) {
    if (!peer.TakeRequest()) return;
    peer.Send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    peer.Stream(std::uint64_t{1} << 40, std::string(1 << 16, 'x'));
  });
  Recorder recorder;
  RunWith(recorder, Request("GET", Get()), Under("allow * /**\nresponse-bytes 1MB\n"));
  ExpectRefused(recorder, "the body of the response is longer than the 1MB that the policy allows (response-bytes)");
  EXPECT_LE(recorder.body_bytes, 1U << 20U);
  EXPECT_GT(recorder.body_bytes, 0U);
  server->Answer(Response(std::string(1'024, 'x')));
  Recorder exact;
  RunWith(exact, Request("GET", Get()), Under("allow * /**\nresponse-bytes 1KB\n"));
  EXPECT_EQ(exact.body.size(), 1'024U);
}

TEST_F(PolicyTest, CallsAreCountedOverAnExecution) {
  server->Answer(Response("ok"));
  const auto grant = Under("allow GET /**\ncalls 2\n");
  Recorder denied;
  RunWith(denied, Request("POST", Get()), grant);
  ExpectRefused(denied, "matches none");
  for (int i = 0; i < 2; ++i) {
    Recorder recorder;
    RunWith(recorder, Request("GET", Get()), grant);
    EXPECT_EQ(recorder.body, "ok") << "what is denied is not counted";
  }
  Recorder third;
  RunWith(third, Request("GET", Get()), grant);
  ExpectRefused(third, "the policy allows 2 calls of one execution");
  EXPECT_EQ(server->requests().size(), 2U);
  Recorder another;
  RunWith(another, Request("GET", Get()), Under("allow GET /**\ncalls 2\n"));
  EXPECT_EQ(another.body, "ok");
}

}  // namespace
}  // namespace warder::broker::testing
