// What a tenant's vault holds of connections, and what it says of them.
#include "engine/connections/connection_store.h"

#include <thread>

#include "engine/connections/testing/connections_fixture.h"

namespace warder::connections::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using IfThere = ConnectionStore::IfThere;

constexpr const char* kSecret = "canary-s3cr3tmark-0123456789";
constexpr const char* kNextSecret = "canary-s3cr3tmark-9876543210";

class ConnectionStoreTest : public ConnectionsTest {
 protected:
  void SetUp() override {
    stores = MakeStores();
    store = StoreOf(stores);
  }
  Result<void> Put(const std::string& name, const std::string& secret = kSecret, IfThere if_there = IfThere::kRefuse) {
    auto put = store->Put(name, Plain(), Fields({{"token", secret}}), if_there);
    return put ? Result<void>() : Result<void>(put.error());
  }
  // At another time.
  std::shared_ptr<ConnectionStore> StoreAt(TimePoint now) {
    return std::make_shared<ConnectionStore>(*stores->vault().OpenTenant(Acme()), *Bell::Open(state()),
                                             [now] { return now; });
  }

  std::shared_ptr<TenantStores> stores;
  std::shared_ptr<ConnectionStore> store;
};

TEST_F(ConnectionStoreTest, WhatIsPutIsLoaded) {
  ASSERT_TRUE(Put("crm"));
  const auto snapshot = store->Load("crm");
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ(snapshot->connection.state, State::kActive);
  EXPECT_EQ(snapshot->connection.policy, kPlainPolicy);
  EXPECT_TRUE(ConnectionStore::CheckActive("crm", *snapshot));
  EXPECT_EQ(FieldOf(*store, "crm", "token"), kSecret);
  EXPECT_THAT(*store->Names(), ElementsAre("crm"));
}

TEST_F(ConnectionStoreTest, WhatDoesNotFitTogetherIsRefusedAndNothingIsStored) {
  StoredConnection wrong = Plain();
  wrong.policy = "nonsense";
  EXPECT_FALSE(store->Put("crm", wrong, Fields({{"token", kSecret}}), IfThere::kRefuse));
  EXPECT_FALSE(store->Put("crm", Plain(), Fields({{"other", kSecret}}), IfThere::kRefuse));
  EXPECT_FALSE(store->Put("crm", Plain(), Fields({}), IfThere::kRefuse));
  for (const std::string name : {"", "1a", "-a", "_a", "a b", "a/b", "a\"b", "#usage", "\xc3\xa4"}) {
    const auto put = Put(name);
    ASSERT_FALSE(put) << name;
    EXPECT_THAT(put.error().message, HasSubstr("a letter, then letters"));
  }
  EXPECT_FALSE(Put(std::string(65, 'a')));
  EXPECT_TRUE(store->Names()->empty());
  EXPECT_TRUE(Put(std::string(64, 'a')));
}

TEST_F(ConnectionStoreTest, AReplacementIsAnotherConnectionOfTheSameName) {
  ASSERT_TRUE(Put("crm"));
  const auto before = store->Load("crm");
  const auto again = Put("crm", kNextSecret);
  ASSERT_FALSE(again);
  EXPECT_THAT(again.error().message, HasSubstr("--replace"));
  ASSERT_TRUE(Put("crm", kNextSecret, IfThere::kReplace));
  const auto after = store->Load("crm");
  EXPECT_NE(after->connection.id, before->connection.id);
  EXPECT_GT(after->generation, before->generation);
  EXPECT_EQ(FieldOf(*store, "crm", "token"), kNextSecret);
  const auto stale = store->Fields("crm", *before);
  ASSERT_FALSE(stale);
  EXPECT_THAT(stale.error().message, HasSubstr("changed meanwhile"));
}

TEST_F(ConnectionStoreTest, ALifetimeAndIdlenessEndItWhenItIsLoaded) {
  StoredConnection connection = Plain();
  const TimePoint now = ConnectionStore::Now();
  connection.ends = now + std::chrono::hours(2);
  connection.idle_limit = std::chrono::hours(1);
  for (const char* const name : {"idle", "used", "old"}) {
    ASSERT_TRUE(StoreAt(now)->Put(name, connection, Fields({{"token", kSecret}}), IfThere::kRefuse));
  }
  const auto why = [&](const char* name, std::chrono::minutes later) -> std::string {
    const auto snapshot = StoreAt(now + later)->Load(name);
    EXPECT_TRUE(snapshot);
    const auto active = ConnectionStore::CheckActive(name, *snapshot);
    EXPECT_EQ(active.has_value(), snapshot->connection.state == State::kActive);
    if (active) return "";
    EXPECT_EQ(snapshot->connection.state, State::kEnded);
    EXPECT_THAT(active.error().message, HasSubstr(snapshot->connection.reason));
    EXPECT_THAT(*StoreAt(now)->Fields(name, *StoreAt(now)->Load(name)), ::testing::IsEmpty()) << "whoever looks";
    return snapshot->connection.reason;
  };
  EXPECT_EQ(why("idle", std::chrono::minutes(59)), "");
  EXPECT_THAT(why("idle", std::chrono::minutes(60)), HasSubstr("idle"));
  ASSERT_TRUE(StoreAt(now + std::chrono::minutes(59))->RecordUse("used", "run-1"));
  EXPECT_EQ(why("used", std::chrono::minutes(118)), "");
  EXPECT_THAT(why("used", std::chrono::minutes(119)), HasSubstr("idle"));
  EXPECT_EQ(why("old", std::chrono::minutes(120)), "its lifetime is over");
  EXPECT_EQ(Audited(*stores, "connection ended"), 3U);
}

TEST_F(ConnectionStoreTest, AnEndTakesTheCredentialAndLeavesTheReason) {
  ASSERT_TRUE(Put("crm"));
  const auto taken = store->End("crm", "its lifetime is over");
  ASSERT_TRUE(taken) << taken.error().message;
  EXPECT_EQ(taken->fields.at("token").view(), kSecret);
  const auto snapshot = store->Load("crm");
  ASSERT_TRUE(snapshot);
  EXPECT_EQ(snapshot->connection.state, State::kEnded);
  EXPECT_TRUE(store->Fields("crm", *snapshot)->empty());
  const auto active = ConnectionStore::CheckActive("crm", *snapshot);
  ASSERT_FALSE(active);
  EXPECT_EQ(active.error().kind, ErrorKind::kRefused);
  EXPECT_THAT(active.error().message, HasSubstr("ended: its lifetime is over"));
}

TEST_F(ConnectionStoreTest, WhatIsRemovedIsInNoFile) {
  const auto hits = [&](const std::string& text) {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::recursive_directory_iterator(state())) {
      if (file.is_regular_file() && store::BytesOf(file.path()).find(text) != std::string::npos) ++count;
    }
    return count;
  };
  ASSERT_TRUE(Put("crm"));
  ASSERT_TRUE(store->RecordUse("crm", "run-1"));
  std::filesystem::create_directory(state() / "control");
  store::WriteBytes(state() / "control" / "file", "x" + std::string(kSecret) + "y");
  EXPECT_EQ(hits(kSecret), 1U) << "the control alone: what is sealed shows nothing";
  EXPECT_GT(hits("crm"), 0U);
  const auto removed = store->Remove("crm");
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(removed->fields.at("token").view(), kSecret);
  EXPECT_EQ(hits(kSecret), 1U);
  // Nor what was sealed: no row of it is left.
  EXPECT_TRUE((*stores->vault().OpenTenant(Acme()))->List()->empty());
  const auto gone = store->Load("crm");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::kRefused);
  EXPECT_THAT(gone.error().message, HasSubstr("has no connection \"crm\""));
  EXPECT_FALSE(store->Remove("crm"));
  EXPECT_FALSE(store->End("crm", "x"));
}

TEST_F(ConnectionStoreTest, AUseOfWhatIsGoneIsRefusedAndLeavesNothing) {
  ASSERT_TRUE(Put("crm"));
  ASSERT_TRUE(store->Remove("crm"));
  const auto use = store->RecordUse("crm", "run-1");
  ASSERT_FALSE(use);
  EXPECT_EQ(use.error().kind, ErrorKind::kRefused);
  EXPECT_TRUE(store->RecordCalls("crm", "run-1", {{"https://a.test", 1}}, {}));
  EXPECT_TRUE(store->Names()->empty());
  EXPECT_EQ(Audited(*stores, "use"), 0U);
  ASSERT_TRUE(Put("ended"));
  ASSERT_TRUE(store->End("ended", "over"));
  EXPECT_FALSE(store->RecordUse("ended", "run-1"));
}

TEST_F(ConnectionStoreTest, ADamagedConnectionCanStillBeRemoved) {
  ASSERT_TRUE(Put("crm"));
  {
    const auto tenant = *stores->vault().OpenTenant(Acme());
    auto transaction = tenant->Begin();
    ASSERT_TRUE(transaction);
    const auto document = transaction->Get("crm", "");
    ASSERT_TRUE(transaction->Put("crm", "", "no document", (*document)->generation));
    ASSERT_TRUE(transaction->Commit());
  }
  const auto load = store->Load("crm");
  ASSERT_FALSE(load);
  EXPECT_THAT(load.error().message, HasSubstr("the document of the connection \"crm\" of the tenant \"acme\""));
  const auto removed = store->Remove("crm");
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_TRUE(store->Names()->empty());
}

TEST_F(ConnectionStoreTest, ARefreshIsWrittenDownInItsSteps) {
  AuthorizationServer server;
  PutOAuth(*store, server);
  const auto snapshot = *store->Load("mail");
  EXPECT_GT(snapshot.token_generation, 0U);
  EXPECT_FALSE(snapshot.refresh_begun);
  ASSERT_TRUE(store->BeginRefresh("mail", snapshot));
  EXPECT_TRUE(store->Load("mail")->refresh_begun);
  EXPECT_FALSE(store->BeginRefresh("mail", snapshot)) << "one is begun already";

  ConnectionStore::Renewed renewed{Secret("access-next-0123456789abcdef"),
                                   Secret("refresh-next-0123456789abcdef"),
                                   std::chrono::seconds(60),
                                   {"read"}};
  const auto after = store->EndRefresh("mail", snapshot, renewed);
  ASSERT_TRUE(after) << after.error().message;
  EXPECT_FALSE(after->refresh_begun);
  EXPECT_GT(after->token_generation, snapshot.token_generation);
  EXPECT_EQ(after->connection.oauth->rotation, OAuthGrant::Rotation::kRotates);
  EXPECT_EQ(after->connection.oauth->granted, oauth::ScopeSet{"read"});
  EXPECT_EQ(*after->connection.oauth->access_expires - after->connection.oauth->access_since, std::chrono::seconds(60));
  EXPECT_EQ(FieldOf(*store, "mail", kAccessToken), "access-next-0123456789abcdef");
  EXPECT_EQ(FieldOf(*store, "mail", kRefreshToken), "refresh-next-0123456789abcdef");

  const auto twice = store->EndRefresh("mail", snapshot, renewed);
  ASSERT_FALSE(twice) << "another generation";
  EXPECT_EQ(twice.error().kind, ErrorKind::kRefused);
  EXPECT_FALSE(store->BeginRefresh("mail", snapshot));
}

TEST_F(ConnectionStoreTest, AServerThatRotatedOnceIsNeverTakenForOneThatDoesNot) {
  AuthorizationServer server;
  PutOAuth(*store, server);
  const auto refresh = [&](std::optional<Secret> token) {
    const auto snapshot = *store->Load("mail");
    EXPECT_TRUE(store->BeginRefresh("mail", snapshot));
    ConnectionStore::Renewed renewed{Secret("access-next-0123456789abcdef"), std::move(token), std::nullopt, {}};
    return store->EndRefresh("mail", snapshot, renewed)->connection.oauth->rotation;
  };
  EXPECT_EQ(refresh(std::nullopt), OAuthGrant::Rotation::kStays);
  EXPECT_EQ(refresh(Secret("refresh-next-0123456789abcdef")), OAuthGrant::Rotation::kRotates);
  EXPECT_EQ(refresh(Secret("refresh-next-0123456789abcdef")), OAuthGrant::Rotation::kRotates) << "the same one again";
  EXPECT_EQ(refresh(std::nullopt), OAuthGrant::Rotation::kRotates);
}

TEST_F(ConnectionStoreTest, WhatHappenedMeanwhileRefusesTheEndOfARefresh) {
  AuthorizationServer server;
  const ConnectionStore::Renewed renewed{Secret("access-next-0123456789abcdef"), std::nullopt, std::nullopt, {}};
  PutOAuth(*store, server);
  auto snapshot = *store->Load("mail");
  ASSERT_TRUE(store->BeginRefresh("mail", snapshot));
  PutOAuth(*store, server, "mail", IfThere::kReplace);
  EXPECT_FALSE(store->Load("mail")->refresh_begun) << "of the former credential";
  EXPECT_EQ(store->EndRefresh("mail", snapshot, renewed).error().kind, ErrorKind::kRefused);
  EXPECT_TRUE(store->FailRefresh("mail", snapshot, State::kNeedsReauth, "x"));
  EXPECT_EQ(store->Load("mail")->connection.state, State::kActive) << "the former one's failure is not this one's";

  snapshot = *store->Load("mail");
  ASSERT_TRUE(store->BeginRefresh("mail", snapshot));
  ASSERT_TRUE(store->End("mail", "over"));
  EXPECT_EQ(store->EndRefresh("mail", snapshot, renewed).error().kind, ErrorKind::kRefused);
  ASSERT_TRUE(store->Remove("mail"));
  EXPECT_EQ(store->EndRefresh("mail", snapshot, renewed).error().kind, ErrorKind::kRefused);
}

TEST_F(ConnectionStoreTest, EveryActIsInTheAuditLogAndNoSecretIs) {
  AuthorizationServer server;
  ASSERT_TRUE(Put("crm"));
  ASSERT_TRUE(Put("crm", kNextSecret, IfThere::kReplace));
  ASSERT_TRUE(store->RecordUse("crm", "run-1"));
  ASSERT_TRUE(store->RecordCalls("crm", "run-1", {{"https://a.test", 7}}, {"read"}));
  PutOAuth(*store, server);
  auto snapshot = *store->Load("mail");
  const ConnectionStore::Renewed renewed{
      Secret("access-s3cr3tmark-0123456789"), Secret("refresh-s3cr3tmark-0123456"), std::nullopt, {}};
  ASSERT_TRUE(store->BeginRefresh("mail", snapshot));
  ASSERT_TRUE(store->EndRefresh("mail", snapshot, renewed));
  snapshot = *store->Load("mail");
  ASSERT_TRUE(store->BeginRefresh("mail", snapshot));
  ASSERT_TRUE(store->FailRefresh("mail", snapshot, State::kInDoubt, "cut off"));
  ASSERT_TRUE(store->End("mail", "over"));
  ASSERT_TRUE(store->Remove("mail"));
  ASSERT_TRUE(store->Remove("crm"));

  std::string log;
  for (const std::string& entry : AuditOf(*stores)) log += entry + "\n";
  const std::vector<std::pair<std::string, std::size_t>> events = {
      {"connection made", 2}, {"connection replaced", 1}, {"use", 1},
      {"calls", 1},           {"refresh begun", 2},       {"refreshed", 1},
      {"refresh failed", 1},  {"connection ended", 1},    {"connection removed", 2}};
  std::size_t sum = 0;
  for (const auto& [event, count] : events) {
    EXPECT_EQ(Audited(*stores, event), count) << event << "\n" << log;
    sum += count;
  }
  EXPECT_EQ(AuditOf(*stores).size(), sum) << log;
  EXPECT_THAT(log, Not(HasSubstr(AuthorizationServer::kMark)));
  EXPECT_THAT(log, HasSubstr("\"https://a.test\":7"));
  EXPECT_THAT(log, HasSubstr("run-1"));
  EXPECT_TRUE((*stores->vault().OpenTenant(Acme()))->Verify());
}

// Who still has the former one's file and key open must neither read them nor write them into the keyring.
TEST_F(ConnectionStoreTest, AStoreOfAShreddedTenantIsNoneOfTheNextOneOfItsName) {
  ASSERT_TRUE(Put("crm"));
  ASSERT_TRUE(store->RecordUse("crm", "run-1"));
  const auto elsewhere = OpenStores();
  ASSERT_TRUE(elsewhere->Shred(Acme()));
  ASSERT_TRUE(elsewhere->Create(Acme()));
  const auto next = StoreOf(elsewhere);
  ASSERT_TRUE(next->Put("next", Plain(), Fields({{"token", kNextSecret}}), IfThere::kRefuse));
  EXPECT_FALSE(store->Load("crm"));
  EXPECT_FALSE(store->RecordUse("crm", "run-2"));
  EXPECT_FALSE(store->Generations());
  EXPECT_EQ(FieldOf(*next, "next", "token"), kNextSecret);
  EXPECT_EQ(FieldOf(*StoreOf(OpenStores()), "next", "token"), kNextSecret);
}

TEST_F(ConnectionStoreTest, OneStoreServesManyThreadsAndAnotherProcess) {
  ASSERT_TRUE(Put("crm"));
  const auto elsewhere = StoreOf(OpenStores());
  std::vector<std::thread> threads;
  for (const auto& each : {store, store, elsewhere}) {
    threads.emplace_back([each] {
      for (int i = 0; i < 20; ++i) {
        EXPECT_TRUE(each->RecordUse("crm", "run"));
        EXPECT_TRUE(each->Load("crm"));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(store->LoadUsage("crm")->days.begin()->second.executions, 60U);
  EXPECT_EQ(Audited(*stores, "use"), 60U);
}

}  // namespace
}  // namespace warder::connections::testing
