// The proxy of a policy: asked for addresses that were judged, never for names, and the only one there is.
#include <gmock/gmock.h>

#include <cstdlib>

#include "engine/broker/testing/connect_proxy.h"
#include "engine/broker/testing/connected.h"
#include "engine/broker/testing/tls_server.h"

namespace warder::broker::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ProxyTest : public ConnectedTest {
 protected:
  void SetUp() override {
    ConnectedTest::SetUp();
    if (!loop) return;
    proxy = std::make_unique<ConnectProxy>(*loop);
    public_server = std::make_unique<RawServer>(*loop, kPublic4, 80);
    public_server->Answer(Response("public"));
    private_server = std::make_unique<RawServer>(*loop, kPrivate4, 80);
    private_server->Answer(Response("private"));
    dns->Add("public.test", {{kPublic4}});
    dns->Add("private.test", {{kPrivate4}});
  }
  void TearDown() override {
    broker.reset();
    proxy.reset();
    public_server.reset();
    private_server.reset();
    ConnectedTest::TearDown();
  }
  static std::shared_ptr<Capabilities> Through(const std::string& proxy_origin, const std::string& origin,
                                               const std::string& lines = "") {
    return Connected("origin " + origin + "\nallow * /**\nproxy " + proxy_origin + "\n" + lines);
  }

  std::unique_ptr<ConnectProxy> proxy;
  std::unique_ptr<RawServer> public_server;
  std::unique_ptr<RawServer> private_server;
};

TEST_F(ProxyTest, IsAskedForTheJudgedAddress) {
  const auto capabilities = Through(proxy->origin(), "http://public.test");
  EXPECT_EQ(Said("http://public.test/x", capabilities), "public");
  EXPECT_THAT(proxy->tunnels(), ElementsAre(std::string(kPublic4) + ":80"));
  EXPECT_THAT(proxy->requests().at(0), StartsWith("CONNECT " + std::string(kPublic4) + ":80 HTTP/1.1\r\n"));
  EXPECT_EQ(proxy->requests().at(0).find("public.test"), std::string::npos) << proxy->requests().at(0);
  EXPECT_THAT(public_server->requests().at(0), StartsWith("GET /x HTTP/1.1\r\nHost: public.test\r\n"));
  EXPECT_EQ(Said("http://public.test/y", capabilities), "public");
  EXPECT_EQ(proxy->connections(), 1) << "the tunnel is used again";
}

TEST_F(ProxyTest, IsAskedForIpv6InBrackets) {
  RawServer six(*loop, kPublic6, 80);
  six.Answer(Response("six"));
  dns->Add("six.test", {{kPublic6}});
  EXPECT_EQ(Said("http://six.test/", Through(proxy->origin(), "http://six.test")), "six");
  EXPECT_THAT(proxy->tunnels(), ElementsAre("[" + std::string(kPublic6) + "]:80"));
  const std::string literal = std::string("http://[") + kPublic6 + "]";
  EXPECT_EQ(Said(literal + "/", Through(proxy->origin(), literal)), "six");
  broker.reset();
}

TEST_F(ProxyTest, ATunnelToAnAddressThatIsNoLongerTheAnswerIsNotUsedAgain) {
  RawServer moved(*loop, kOtherPublic4, 80);
  moved.Answer(Response("moved"));
  dns->Add("moves.test", {{kPublic4}, {kOtherPublic4}, {kPublic4}});
  const auto capabilities = Through(proxy->origin(), "http://moves.test");
  for (const char* expected : {"public", "moved", "public"}) {
    EXPECT_EQ(Said("http://moves.test/", capabilities), expected);
  }
  EXPECT_EQ(proxy->tunnels().at(1), std::string(kOtherPublic4) + ":80");
  broker.reset();
}

TEST_F(ProxyTest, PrivateUpstreamsStayRefused) {
  EXPECT_THAT(Said("http://private.test/", Through(proxy->origin(), "http://private.test")),
              HasSubstr("refused: private.test resolves to a special address"));
  EXPECT_EQ(proxy->connections(), 0);
  const std::string origin = std::string("http://") + kPrivate4;
  EXPECT_EQ(Said(origin + "/", Through(proxy->origin(), origin)), "private") << "named exactly";
  EXPECT_EQ(proxy->connections(), 1);
}

TEST_F(ProxyTest, MayHaveAPrivateNameOfItsOwnAndIsConnectedToWhereThatLeads) {
  dns->Add("proxy.test", {{"127.0.0.1"}});
  const std::string named = "http://proxy.test:" + std::to_string(proxy->port());
  EXPECT_EQ(Said("http://public.test/", Through(named, "http://public.test")), "public");
  EXPECT_EQ(dns->lookups("proxy.test"), 1);
  EXPECT_EQ(Said("http://public.test/", Through("http://absent.test:3128", "http://public.test")),
            "absent.test does not exist");
}

TEST_F(ProxyTest, ThatRefusesIsOneSentence) {
  const auto said = [&](const std::string& answer) {
    proxy->Refuse(answer);
    return Said("http://public.test/", Through(proxy->origin(), "http://public.test"));
  };
  const std::string head = "the proxy " + proxy->origin() + " did not open a tunnel to http://public.test";
  for (const char* status : {"403", "407", "502"}) {
    EXPECT_EQ(said(std::string("HTTP/1.1 ") + status + " canary\r\nContent-Length: 6\r\n\r\ncanary"),
              head + ": it answered with status " + status);
  }
  EXPECT_EQ(said("HTTP/1.1 302 Found\r\nLocation: http://10.0.0.5/\r\nContent-Length: 0\r\n\r\n"),
            head + ": it answered with status 302");
  EXPECT_EQ(said("nonsense\r\n\r\n"), head);
  EXPECT_EQ(public_server->connections() + private_server->connections(), 0U);
}

TEST_F(ProxyTest, ThatIsNotThereIsOneSentence) {
  const std::string dead = proxy->origin();
  proxy.reset();
  EXPECT_EQ(Said("http://public.test/", Through(dead, "http://public.test")),
            "could not connect to the proxy " + dead + ": Connection refused");
  EXPECT_EQ(public_server->connections(), 0U);
  proxy = std::make_unique<ConnectProxy>(*loop);
}

TEST_F(ProxyTest, TlsIsWithTheUpstreamThroughTheTunnel) {
  TlsServer upstream(*loop, {.response = Response("secure")});
  const std::string origin = "https://localhost:" + std::to_string(upstream.port());
  EXPECT_EQ(Said(origin + "/", Through(proxy->origin(), origin, "tls ca " + upstream.ca_file() + "\n")), "secure");
  EXPECT_THAT(proxy->tunnels(), ElementsAre("127.0.0.1:" + std::to_string(upstream.port())));
  const Identity other("localhost");
  EXPECT_THAT(Said(origin + "/", Through(proxy->origin(), origin, "tls ca " + other.file() + "\n")),
              HasSubstr("the TLS certificate of " + origin + " is not trusted"));
  EXPECT_EQ(upstream.requests(), 1);
  broker.reset();
}

TEST_F(ProxyTest, TheEnvironmentHasNoSay) {
  const std::string elsewhere = "http://127.0.0.1:1";
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}) {
    ::setenv(name, elsewhere.c_str(), 1);
  }
  EXPECT_EQ(Said("http://public.test/", Connected("origin http://public.test\nallow * /**\n")), "public");
  EXPECT_EQ(Said("http://public.test/", Through(proxy->origin(), "http://public.test")), "public");
  for (const char* name : {"http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"}) {
    ::unsetenv(name);
  }
  for (const char* name : {"no_proxy", "NO_PROXY"}) ::setenv(name, "*,public.test", 1);
  broker.reset();
  EXPECT_EQ(Said("http://public.test/", Through(proxy->origin(), "http://public.test")), "public");
  for (const char* name : {"no_proxy", "NO_PROXY"}) ::unsetenv(name);
  EXPECT_EQ(proxy->connections(), 2) << "no way around it";
}

TEST_F(ProxyTest, ATunnelIsNotUsedWithoutTheProxyNorTheOtherWayRound) {
  const auto plain = [&](const std::string& lines) {
    auto policy = ParsePolicy("origin http://public.test\nallow * /**\n" + lines);
    EXPECT_TRUE(policy) << (policy ? "" : policy.error().message);
    Recorder recorder;
    StartWith(recorder, Request("GET", "http://public.test/"),
              Capabilities::OfPolicy(std::make_shared<Policy>(*policy)));
    Finish(recorder);
    EXPECT_EQ(recorder.body, "public") << (recorder.failure ? recorder.failure->message : "");
  };
  plain("proxy " + proxy->origin() + "\n");
  plain("");
  plain("proxy " + proxy->origin() + "\n");
  EXPECT_EQ(proxy->connections(), 1);
  EXPECT_EQ(public_server->connections(), 2U);
}

}  // namespace
}  // namespace warder::broker::testing
