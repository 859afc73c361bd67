// What a policy demands of TLS, on live calls: what does not fit it sends nothing, and says why.
#include <gmock/gmock.h>
#include <unistd.h>

#include <fstream>

#include "engine/broker/testing/connected.h"
#include "engine/broker/testing/tls_server.h"

namespace warder::broker::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class TlsPolicyTest : public ConnectedTest {
 protected:
  void TearDown() override {
    broker.reset();
    upstream.reset();
    ConnectedTest::TearDown();
  }
  void Serve(TlsServerOptions server_options) {
    broker.reset();
    server_options.response = Response("secure");
    upstream = std::make_unique<TlsServer>(*loop, std::move(server_options));
    origin = "https://localhost:" + std::to_string(upstream->port());
  }
  // The body, or the failure, of a call under a policy with these lines about TLS.
  std::string Call(const std::string& lines, const std::map<std::string, std::string>& fields = {}) {
    return Said(origin + "/", Connected("origin " + origin + "\nallow * /**\n" + lines, fields));
  }
  std::string Ca() const { return "tls ca " + upstream->ca_file() + "\n"; }

  std::unique_ptr<TlsServer> upstream;
  std::string origin;
};

TEST_F(TlsPolicyTest, TheLeastVersion) {
  Serve({.only_tls_1_2 = true});
  EXPECT_EQ(Call(Ca()), "secure");
  EXPECT_EQ(Call(Ca() + "tls min 1.2\n"), "secure");
  EXPECT_EQ(upstream->requests(), 2);
  EXPECT_EQ(Call(Ca() + "tls min 1.3\n"),
            "the TLS handshake with " + origin + " failed (TLS 1.3 or later and HTTP/1.1 are needed)");
  EXPECT_EQ(upstream->requests(), 2);
  Serve({});
  EXPECT_EQ(Call(Ca() + "tls min 1.3\n"), "secure");
}

TEST_F(TlsPolicyTest, AServerThatSpeaksOnlyHttp2IsNotUnderstood) {
  Serve({.only_http_2 = true});
  EXPECT_THAT(Call(Ca()), HasSubstr("HTTP/1.1 are needed"));
  EXPECT_EQ(upstream->requests(), 0);
}

TEST_F(TlsPolicyTest, TheAuthoritiesAreThePolicysAloneWhereItNamesSome) {
  Serve({});
  const Identity other("localhost");
  EXPECT_EQ(Call(Ca()), "secure");
  EXPECT_THAT(Call(""), HasSubstr("is not trusted"));
  EXPECT_THAT(Call("tls ca " + other.file() + "\n"), HasSubstr("is not trusted"));
  EXPECT_EQ(Call("tls ca /absent/authorities.pem\n"), "the file of trusted TLS authorities cannot be read");
  EXPECT_EQ(Call("tls ca /dev/null\n"), "the file of trusted TLS authorities cannot be read");
  broker.reset();
  options.ca_file = upstream->ca_file();
  EXPECT_EQ(Call(""), "secure") << "the machine's";
  EXPECT_THAT(Call("tls ca " + other.file() + "\n"), HasSubstr("is not trusted")) << "not the machine's";
  EXPECT_EQ(upstream->requests(), 2);
}

TEST_F(TlsPolicyTest, APinIsKeptBesideTheAuthority) {
  Serve({});
  const Identity other("localhost");
  EXPECT_EQ(Call(Ca() + "tls pin " + upstream->pin() + "\n"), "secure");
  EXPECT_EQ(Call(Ca() + "tls pin " + other.pin() + "\ntls pin " + upstream->pin() + "\n"), "secure");
  EXPECT_EQ(upstream->requests(), 2);
  EXPECT_EQ(Call(Ca() + "tls pin " + other.pin() + "\n"),
            "the TLS certificate of " + origin + " has a public key that the policy does not pin");
  EXPECT_THAT(Call("tls pin " + upstream->pin() + "\n"), HasSubstr("is not trusted")) << "a pin is no authority";
  EXPECT_EQ(upstream->requests(), 2);
}

TEST_F(TlsPolicyTest, AConnectionWithOtherRulesIsNotReused) {
  Serve({});
  const Identity other("localhost");
  // One grant, one pool: the plain grant of one tenant, with one set of rules after the other.
  const auto plain = [&](const std::string& lines) {
    auto policy = ParsePolicy("origin " + origin + "\nallow * /**\n" + lines);
    EXPECT_TRUE(policy) << (policy ? "" : policy.error().message);
    Recorder recorder;
    StartWith(recorder, Request("GET", origin + "/"), Capabilities::OfPolicy(std::make_shared<Policy>(*policy)));
    Finish(recorder);
    return recorder.failure ? recorder.failure->message : recorder.body;
  };
  EXPECT_EQ(plain(Ca()), "secure");
  EXPECT_THAT(plain(""), HasSubstr("is not trusted"));
  EXPECT_THAT(plain(Ca() + "tls pin " + other.pin() + "\n"), HasSubstr("does not pin"));
  EXPECT_EQ(plain(Ca() + "tls min 1.3\n"), "secure");
  EXPECT_EQ(upstream->requests(), 2);
}

TEST_F(TlsPolicyTest, AClientCertificateIsShownToWhoAsks) {
  const Identity client("client.test");
  const std::string line = "tls client-certificate " + client.file() + " client-key\n";
  Serve({.client = &client});
  EXPECT_EQ(Call(Ca() + line, {{"client-key", client.key_pem()}}), "secure");
  EXPECT_EQ(upstream->requests(), 1);
  const std::string without = Call(Ca());
  EXPECT_THAT(without, HasSubstr(origin)) << without;
  EXPECT_EQ(upstream->requests(), 1);
  Serve({});
  EXPECT_EQ(Call(Ca() + line, {{"client-key", client.key_pem()}}), "secure") << "to others it makes no difference";
}

TEST_F(TlsPolicyTest, AClientCertificateThatCannotBeUsedIsOneSentenceWithoutTheKey) {
  const Identity client("client.test");
  const Identity other("other.test");
  Serve({.client = &client});
  const std::string garbage = "-----BEGIN PRIVATE KEY-----\nY2FuYXJ5LWtleS1jYW5hcnk=\n-----END PRIVATE KEY-----\n";
  const std::pair<std::string, std::string> cases[] = {
      {client.file(), other.key_pem()},         {client.file(), garbage},
      {client.file(), "canary-that-is-no-key"}, {"/absent/client.pem", client.key_pem()},
      {"/dev/null", client.key_pem()},
  };
  for (const auto& [file, key] : cases) {
    const std::string said = Call(Ca() + "tls client-certificate " + file + " client-key\n", {{"client-key", key}});
    EXPECT_EQ(said,
              "the client certificate of the policy and its private key cannot be used: they must be PEM, and belong "
              "together")
        << file;
    for (std::size_t at = 0; at + 8 <= key.size(); ++at) EXPECT_THAT(said, Not(HasSubstr(key.substr(at, 8))));
  }
  EXPECT_EQ(upstream->requests(), 0);
}

}  // namespace
}  // namespace warder::broker::testing
