// Names and addresses: what is refused reaches nobody, and what is allowed reaches exactly what was judged.
#include "engine/broker/testing/broker_fixture.h"

namespace warder::broker::testing {
namespace {

class DnsTest : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (!loop) return;
    public_server = std::make_unique<RawServer>(*loop, kPublic4, 80);
    public_server->Answer(Response("public"));
    private_server = std::make_unique<RawServer>(*loop, kPrivate4, 80);
    private_server->Answer(Response("private"));
  }
  void TearDown() override {
    broker.reset();
    public_server.reset();
    private_server.reset();
    BrokerTest::TearDown();
  }

  std::unique_ptr<RawServer> public_server;
  std::unique_ptr<RawServer> private_server;
};

TEST_F(DnsTest, ReachesAPublicAddressByName) {
  dns->Add("api.test", {{kPublic4}});
  Recorder recorder;
  Run(recorder, Request("GET", "http://API.test/x"), {"http://api.test"});
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "public");
  EXPECT_TRUE(public_server->requests().at(0).starts_with("GET /x HTTP/1.1\r\nHost: api.test\r\n"));
}

TEST_F(DnsTest, ReachesIpv6ByNameAndByAddress) {
  RawServer v6(*loop, kPublic6, 80);
  v6.Answer(Response("six"));
  dns->Add("six.test", {{kPublic6}});
  const std::string literal = std::string("http://[") + kPublic6 + "]";
  for (const std::string& origin : {std::string("http://six.test"), literal}) {
    Recorder recorder;
    Run(recorder, Request("GET", origin + "/"), {origin});
    ASSERT_FALSE(recorder.failure) << recorder.failure->message;
    EXPECT_EQ(recorder.body, "six");
  }
  broker.reset();
}

TEST_F(DnsTest, FallsBackToAnotherAddressOfTheAnswer) {
  dns->Add("two.test", {{kPublic6, kPublic4}});  // nobody listens on the first
  Recorder recorder;
  Run(recorder, Request("GET", "http://two.test/"), {"http://two.test"});
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_EQ(recorder.body, "public");
}

TEST_F(DnsTest, NamesThatResolveToSpecialAddressesAreRefused) {
  const std::vector<std::vector<std::string>> answers = {{"127.0.0.1"},
                                                         {"::1"},
                                                         {"::"},
                                                         {"0.0.0.0"},
                                                         {kPrivate4},
                                                         {"172.16.0.1"},
                                                         {"192.168.1.1"},
                                                         {"169.254.169.254"},
                                                         {"100.64.0.1"},
                                                         {"198.18.0.1"},
                                                         {"192.0.0.8"},
                                                         {"224.0.0.1"},
                                                         {"255.255.255.255"},
                                                         {"fd00:ec2::254"},
                                                         {"fe80::1"},
                                                         {"::ffff:10.0.0.5"},
                                                         {"::10.0.0.5"},
                                                         {"64:ff9b::a00:5"},
                                                         {"64:ff9b:1::a00:5"},
                                                         {"2002:a00:5::"},
                                                         {"2001:0:a00:5::"},
                                                         {"2001:db8::1"},
                                                         {"2600::5efe:a00:5"},
                                                         {kPublic4, kPrivate4},
                                                         {kPrivate4, kPublic4},
                                                         {kPublic4, "::1"},
                                                         {kPublic4, kOtherPublic4, "127.0.0.1"}};
  int number = 0;
  for (const auto& answer : answers) {
    const std::string name = "special" + std::to_string(++number) + ".test";
    dns->Add(name, {answer});
    Recorder recorder;
    Run(recorder, Request("GET", "http://" + name + "/"), {"http://" + name});
    ASSERT_TRUE(recorder.failure) << answer.front();
    EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kRefused)
        << answer.front() << ": " << recorder.failure->message;
    EXPECT_NE(recorder.failure->message.find("special address"), std::string::npos) << recorder.failure->message;
  }
  EXPECT_EQ(public_server->connections() + private_server->connections(), 0U);
}

TEST_F(DnsTest, ACnameIsJudgedByWhereItLeads) {
  dns->Add("inside.test", {{kPrivate4}});
  dns->Add("outside.test", {{kPublic4}});
  dns->AddCname("bad.test", "inside.test");
  dns->AddCname("good.test", "outside.test");
  Recorder bad;
  Run(bad, Request("GET", "http://bad.test/"), {"http://bad.test", "http://inside.test"});
  ASSERT_TRUE(bad.failure);
  EXPECT_EQ(bad.failure->kind, CallFailure::Kind::kRefused);
  Recorder good;
  Run(good, Request("GET", "http://good.test/"), {"http://good.test"});
  EXPECT_EQ(good.body, "public");
}

TEST_F(DnsTest, OneLookupPerCallWhateverTheNextAnswerWouldBe) {
  dns->Add("rebind.test", {{kPublic4}, {kPrivate4}});
  Recorder first;
  Run(first, Request("GET", "http://rebind.test/"), {"http://rebind.test"});
  EXPECT_EQ(first.body, "public");
  EXPECT_EQ(dns->lookups("rebind.test"), 1);
  Recorder second;
  Run(second, Request("GET", "http://rebind.test/"), {"http://rebind.test"});
  ASSERT_TRUE(second.failure) << "a kept connection does not help: the second answer is judged";
  EXPECT_EQ(second.failure->kind, CallFailure::Kind::kRefused);
  EXPECT_EQ(dns->lookups("rebind.test"), 2);
  EXPECT_EQ(private_server->bytes_received(), 0U);
}

TEST_F(DnsTest, AConnectionToAnAddressThatIsNoLongerTheAnswerIsNotReused) {
  RawServer moved(*loop, kOtherPublic4, 80);
  moved.Answer(Response("moved"));
  dns->Add("moves.test", {{kPublic4}, {kOtherPublic4}});
  Recorder first;
  Run(first, Request("GET", "http://moves.test/"), {"http://moves.test"});
  EXPECT_EQ(first.body, "public");
  Recorder second;
  Run(second, Request("GET", "http://moves.test/"), {"http://moves.test"});
  ASSERT_FALSE(second.failure) << second.failure->message;
  EXPECT_EQ(second.body, "moved");
  EXPECT_EQ(public_server->requests().size(), 1U);
  broker.reset();
}

TEST_F(DnsTest, FailedLookupsSayWhy) {
  options.resolve_timeout = std::chrono::milliseconds(100);
  dns->AddSilent("silent.test");
  dns->Add("empty.test", {{}});
  Recorder missing;
  Run(missing, Request("GET", "http://missing.test/"), {"http://missing.test"});
  EXPECT_EQ(missing.failure.value().message, "missing.test does not exist");
  Recorder empty;
  Run(empty, Request("GET", "http://empty.test/"), {"http://empty.test"});
  EXPECT_EQ(empty.failure.value().message, "empty.test has no address");
  Recorder silent;
  Run(silent, Request("GET", "http://silent.test/"), {"http://silent.test"});
  EXPECT_EQ(silent.failure.value().kind, CallFailure::Kind::kTimeout);
  EXPECT_EQ(silent.failure.value().message, "silent.test was not resolved within 100 ms");
  Recorder huge;
  dns->Add("huge.test", {std::vector<std::string>(65, kPublic4)});
  Run(huge, Request("GET", "http://huge.test/"), {"http://huge.test"});
  EXPECT_TRUE(huge.failure);
}

TEST_F(DnsTest, CallsStartedAndDroppedShareOneLookup) {
  options.max_transfers_per_tenant = 200;
  dns->AddSilent("silent.test");
  for (int i = 0; i < 100; ++i) {
    Recorder recorder;
    Start(recorder, Request("GET", "http://silent.test/"), {"http://silent.test"});
    loop->poll();
  }
  EXPECT_LE(dns->questions(), 4);
}

TEST_F(DnsTest, LocalhostIsReachedOnlyWhereItIsNamed) {
  server->Answer(Response("local"));
  const std::string port = std::to_string(server->port());
  Recorder named;
  Run(named, Request("GET", "http://localhost:" + port + "/"), {"http://localhost:" + port});
  ASSERT_FALSE(named.failure) << named.failure->message;
  EXPECT_EQ(named.body, "local");
  Recorder other_name;
  Run(other_name, Request("GET", "http://127.0.0.1:" + port + "/"), {"http://localhost:" + port});
  ASSERT_TRUE(other_name.failure);
  EXPECT_EQ(other_name.failure->message, "refused: http://127.0.0.1:" + port +
                                             " is not in the grant; allow it with --allow http://127.0.0.1:" + port);
  EXPECT_EQ(server->requests().size(), 1U);
  EXPECT_EQ(dns->questions(), 0);
}

TEST_F(DnsTest, NothingIsAllowedByDefault) {
  Recorder recorder;
  Run(recorder, Request("GET", "http://10.0.0.5/"), {});
  EXPECT_EQ(recorder.failure.value().message,
            "refused: http://10.0.0.5 is not in the grant; allow it with --allow http://10.0.0.5");
  EXPECT_EQ(private_server->connections(), 0U);
  EXPECT_EQ(dns->questions(), 0);
}

}  // namespace
}  // namespace warder::broker::testing
