// Credentials that expire: a call waits for the renewal, and everything that was granted goes on with what it brings.
#include "engine/broker/credential_source.h"

#include <gmock/gmock.h>

#include <boost/asio/post.hpp>
#include <deque>

#include "engine/broker/testing/broker_fixture.h"

namespace warder::broker::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kFirst = "first-t0ken-0123456789";
constexpr std::string_view kSecond = "second-t0ken-0123456789";

class Source final : public CredentialSource {
 public:
  std::shared_ptr<const Connection> Current() override { return expired ? nullptr : connection; }
  void Renew(Ready ready) override { waiting.push_back(std::move(ready)); }

  bool expired = false;
  std::shared_ptr<const Connection> connection;
  std::deque<Ready> waiting;
};

class CredentialSourceTest : public BrokerTest {
 protected:
  void SetUp() override {
    BrokerTest::SetUp();
    if (!loop) return;
    server->Answer(Response("ok"));
    source = std::make_shared<Source>();
    source->connection = Make(kFirst);
    auto made = Capabilities::Make(std::make_shared<Policy>(), {{"acme", source->connection, source}});
    ASSERT_TRUE(made) << made.error().message;
    capabilities = std::move(*made);
  }
  void TearDown() override {
    capabilities.reset();
    source.reset();
    BrokerTest::TearDown();
  }

  std::shared_ptr<const Connection> Make(std::string_view token) const {
    SecretFields fields;
    fields.emplace("token", Secret(token));
    auto made =
        Connection::Make("origin " + server->origin() + "\nallow * /**\ninject bearer token\n", std::move(fields));
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    return *made;
  }
  void Begin(Recorder& recorder, const std::string& path = "/") {
    auto request = Request("GET", Get(path));
    request.connection = capabilities->connections().front()->handle();
    StartWith(recorder, std::move(request), capabilities);
  }
  void Answer(const Result<std::shared_ptr<const Connection>>& with) {
    const auto ready = std::move(source->waiting.front());
    source->waiting.pop_front();
    boost::asio::post(*loop, [ready, with] { ready(with); });
  }

  std::shared_ptr<Source> source;
  std::shared_ptr<Capabilities> capabilities;
};

TEST_F(CredentialSourceTest, ACallWaitsForTheRenewalAndUsesWhatItBrings) {
  Recorder before;
  Begin(before);
  Finish(before);
  source->expired = true;
  Recorder recorder;
  Begin(recorder);
  Settle();
  EXPECT_EQ(server->requests().size(), 1U);
  ASSERT_EQ(source->waiting.size(), 1U);
  source->expired = false;
  source->connection = Make(kSecond);
  Answer(source->connection);
  Finish(recorder);
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_THAT(server->requests().at(0), HasSubstr("Bearer " + std::string(kFirst)));
  EXPECT_THAT(server->requests().at(1), HasSubstr("Bearer " + std::string(kSecond)));
  EXPECT_EQ(server->connections(), 2U) << "connections of two credentials are never in one pool";
}

TEST_F(CredentialSourceTest, NeitherCredentialComesBackAfterARenewal) {
  server->Answer(Response("you had " + std::string(kFirst) + " and have " + std::string(kSecond)));
  source->connection = Make(kSecond);
  Recorder recorder;
  Begin(recorder);
  Finish(recorder);
  ASSERT_FALSE(recorder.failure) << recorder.failure->message;
  EXPECT_THAT(recorder.body, HasSubstr("you had"));
  EXPECT_THAT(recorder.body, Not(HasSubstr(std::string(kFirst))));
  EXPECT_THAT(recorder.body, Not(HasSubstr(std::string(kSecond))));
}

TEST_F(CredentialSourceTest, AConnectionThatMayNoLongerBeUsedRefusesAndSendsNothing) {
  source->expired = true;
  Recorder refused;
  Begin(refused);
  Answer(Refused("the connection \"acme\" needs to be authorized again"));
  Finish(refused);
  ASSERT_TRUE(refused.failure);
  EXPECT_EQ(refused.failure->kind, CallFailure::Kind::kRefused);
  EXPECT_THAT(refused.failure->message, HasSubstr("authorized again"));

  Recorder failed;
  Begin(failed);
  Answer(Internal("the authorization server was not reached"));
  Finish(failed);
  ASSERT_TRUE(failed.failure);
  EXPECT_EQ(failed.failure->kind, CallFailure::Kind::kNetwork);
  EXPECT_EQ(server->connections(), 0U);
}

TEST_F(CredentialSourceTest, ACallThatIsGivenUpOrTakenBackMeanwhileIsNotSent) {
  source->expired = true;
  Recorder gone;
  Begin(gone);
  gone.call.reset();
  Answer(source->connection);
  Recorder revoked;
  Begin(revoked);
  capabilities->Revoke("acme");
  Answer(source->connection);
  Finish(revoked);
  ASSERT_TRUE(revoked.failure);
  EXPECT_THAT(revoked.failure->message, HasSubstr("taken back"));
  Settle();
  EXPECT_EQ(server->connections(), 0U);
}

}  // namespace
}  // namespace warder::broker::testing
