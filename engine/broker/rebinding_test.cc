// DNS rebinding: names whose answers change from one lookup to the next, 10,000 times, with and without a connection
// that is open already. Every address leads to this process: a connection to a private one would be made, and recorded.
#include <cstdio>

#include "engine/broker/testing/broker_fixture.h"

namespace warder::broker::testing {
namespace {

constexpr int kRounds = 2'000;  // of each of five kinds
constexpr int kAtATime = 25;

class RebindingTest : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (!loop) return;
    ASSERT_EQ(LeadEveryAddressHere(), "");
    one = std::make_unique<RawServer>(*loop, kPublic4, 80);
    one->Answer(Response("one"));
    other = std::make_unique<RawServer>(*loop, kOtherPublic4, 80);
    other->Answer(Response("other"));
    elsewhere = std::make_unique<RawServer>(*loop, "::", 80);
    elsewhere->Answer(Response("private"));
  }
  void TearDown() override {
    broker.reset();
    one.reset();
    other.reset();
    elsewhere.reset();
    BrokerTest::TearDown();
  }

  // "": refused for its address.
  std::string Get(const std::string& name) {
    Recorder recorder;
    Run(recorder, Request("GET", "http://" + name + "/"), {"http://" + name});
    return Outcome(recorder);
  }
  static std::string Outcome(const Recorder& recorder) {
    if (!recorder.failure) return recorder.body;
    EXPECT_EQ(recorder.failure->kind, CallFailure::Kind::kRefused) << recorder.failure->message;
    EXPECT_NE(recorder.failure->message.find("resolves to a special address"), std::string::npos);
    return "";
  }
  void Say(const char* kind, int calls, int lookups) {
    Settle();
    EXPECT_EQ(elsewhere->connections(), 0U) << "private addresses were reached";
    std::printf("  %s: %d rounds, %d lookups, %zu connections to private addresses, %zu and %zu to public ones\n", kind,
                calls, lookups, elsewhere->connections(), one->connections(), other->connections());
  }

  std::unique_ptr<RawServer> one;
  std::unique_ptr<RawServer> other;
  std::unique_ptr<RawServer> elsewhere;
};

TEST_F(RebindingTest, PublicWhenJudgedPrivateEverAfter) {
  int lookups = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = "once" + std::to_string(round) + ".test";
    dns->Add(name, {{kPublic4}, {round % 2 == 0 ? "10.0.0.5" : "127.0.0.1"}});
    ASSERT_EQ(Get(name), "one");
    ASSERT_EQ(dns->lookups(name), 1) << "one lookup, whatever the next answer would be";
    lookups += dns->lookups(name);
  }
  Say("public, then private", kRounds, lookups);
}

TEST_F(RebindingTest, TheNextCallIsJudgedByTheNextAnswer) {
  std::vector<std::vector<std::string>> answers;
  for (int round = 0; round < kRounds; ++round) {
    answers.push_back({round % 2 == 0 ? kPublic4 : round % 4 == 1 ? "169.254.169.254" : "::ffff:10.0.0.5"});
  }
  dns->Add("alternating.test", answers);
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_EQ(Get("alternating.test"), round % 2 == 0 ? "one" : "") << round;
  }
  EXPECT_EQ(dns->lookups("alternating.test"), kRounds);
  EXPECT_LE(one->connections(), 1U + kRounds / 2);
  Say("alternating, connections reused", kRounds, dns->lookups("alternating.test"));
}

TEST_F(RebindingTest, APublicAnswerBesideAPrivateOneIsRefusedWhole) {
  int lookups = 0;
  for (int round = 0; round < kRounds; ++round) {
    const std::string name = "mixed" + std::to_string(round) + ".test";
    const std::vector<std::string> mixed =
        round % 2 == 0 ? std::vector<std::string>{kPublic4, "10.0.0.5"} : std::vector<std::string>{"::1", kPublic4};
    dns->Add(name, {mixed, {kPublic4}});
    ASSERT_EQ(Get(name), "") << round;
    lookups += dns->lookups(name);
  }
  EXPECT_EQ(lookups, kRounds);
  EXPECT_EQ(one->connections(), 0U);
  Say("mixed", kRounds, lookups);
}

TEST_F(RebindingTest, AConnectionOfThePoolIsUsedOnlyForTheAddressThatWasJudged) {
  std::vector<std::vector<std::string>> answers;
  for (int round = 0; round < kRounds; ++round) answers.push_back({round / 3 % 2 == 0 ? kPublic4 : kOtherPublic4});
  dns->Add("moves.test", answers);
  for (int round = 0; round < kRounds; ++round) {
    ASSERT_EQ(Get("moves.test"), round / 3 % 2 == 0 ? "one" : "other") << round;
  }
  EXPECT_EQ(dns->lookups("moves.test"), kRounds);
  EXPECT_EQ(one->requests().size() + other->requests().size(), static_cast<std::size_t>(kRounds));
  EXPECT_LT(one->connections() + other->connections(), static_cast<std::size_t>(kRounds)) << "some were reused";
  Say("moving between two public addresses", kRounds, dns->lookups("moves.test"));
}

TEST_F(RebindingTest, CallsAtATimeAreJudgedByTheAnswersTheyGot) {
  options.max_transfers_per_tenant = kAtATime;
  std::vector<std::vector<std::string>> answers;
  for (int round = 0; round < kRounds; ++round) {
    answers.push_back({round % 3 == 0 ? "10.0.0.5" : round % 3 == 1 ? kPublic4 : kOtherPublic4});
  }
  dns->Add("race.test", answers);
  int reached = 0;
  int refused = 0;
  for (int batch = 0; batch < kRounds / kAtATime; ++batch) {
    std::vector<std::unique_ptr<Recorder>> recorders;
    for (int i = 0; i < kAtATime; ++i) {
      recorders.push_back(std::make_unique<Recorder>());
      Start(*recorders.back(), Request("GET", "http://race.test/"), {"http://race.test"});
      // Some start while others are connecting, some while they are being answered.
      for (int turns = i % 5; turns > 0; --turns) loop->poll_one();
    }
    for (const auto& recorder : recorders) {
      Finish(*recorder);
      ++(Outcome(*recorder).empty() ? refused : reached);
    }
  }
  EXPECT_GT(refused, 0);
  EXPECT_GT(reached, 0);
  EXPECT_EQ(reached + refused, kRounds);
  EXPECT_EQ(one->requests().size() + other->requests().size(), static_cast<std::size_t>(reached));
  Say("25 at a time", kRounds, dns->lookups("race.test"));
}

}  // namespace
}  // namespace warder::broker::testing
