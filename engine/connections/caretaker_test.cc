// What is over ends, and its server is told, although nobody uses it and nobody looks.
#include "engine/connections/caretaker.h"

#include "engine/connections/pending_authorizations.h"
#include "engine/connections/testing/connections_fixture.h"

namespace warder::connections::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using IfThere = ConnectionStore::IfThere;

class CaretakerTest : public ConnectionsTest {
 protected:
  void SetUp() override {
    stores = MakeStores();
    ASSERT_TRUE(stores->Create(Other()));
  }
  void TearDown() override { caretaker.reset(); }
  void Start(milliseconds first = milliseconds(0)) {
    caretaker = std::make_unique<Caretaker>(party.loop, party.broker, party.workers, stores,
                                            CaretakerOptions{.first = first, .every = hours(1), .exchange = {}});
  }
  // As somebody has put it some hours ago.
  void PutEarlier(const store::TenantId& tenant, const std::string& name,
                  const std::function<void(StoredConnection&)>& change) {
    StoredConnection connection = OAuth(server);
    change(connection);
    ConnectionStore store(*stores->vault().OpenTenant(tenant), stores->bell(),
                          [] { return ConnectionStore::Now() - hours(3); });
    refresh_tokens.push_back(server.FirstRefreshToken());
    ASSERT_TRUE(store.Put(
        name, connection,
        Fields({{std::string(kAccessToken), "access-" + name}, {std::string(kRefreshToken), refresh_tokens.back()}}),
        IfThere::kRefuse));
  }
  // What the file says, without a look that would end it.
  std::vector<std::string> EventsOf(const store::TenantId& tenant) {
    std::vector<std::string> events;
    const auto read = (*stores->vault().OpenTenant(tenant))->ReadAudit(0, [&](std::uint64_t, std::string_view entry) {
      const std::size_t at = entry.find("\"event\":\"") + 9;
      events.emplace_back(entry.substr(at, entry.find('"', at) - at));
      return true;
    });
    EXPECT_TRUE(read);
    return events;
  }

  AuthorizationServer server;
  Party party;
  std::shared_ptr<TenantStores> stores;
  std::unique_ptr<Caretaker> caretaker;
  std::vector<std::string> refresh_tokens;
};

TEST_F(CaretakerTest, WhatIsOverInAnyTenantIsEndedAndRevoked) {
  PutEarlier(Acme(), "old", [](StoredConnection& c) { c.ends = ConnectionStore::Now() - hours(1); });
  PutEarlier(Acme(), "idle", [](StoredConnection& c) { c.idle_limit = hours(2); });
  PutEarlier(Other(), "old", [](StoredConnection& c) { c.ends = ConnectionStore::Now() - hours(1); });
  PutEarlier(Other(), "good", [](StoredConnection& c) { c.ends = ConnectionStore::Now() + hours(1); });
  Start();
  party.RunUntil([&] { return server.seen().revoked.size() == 6 && !caretaker->busy(); });
  EXPECT_THAT(EventsOf(Acme()), UnorderedElementsAre("connection made", "connection made", "connection ended",
                                                     "connection ended", "revoked", "revoked"));
  EXPECT_THAT(EventsOf(Other()),
              UnorderedElementsAre("connection made", "connection made", "connection ended", "revoked"));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(server.IsRefreshToken(refresh_tokens[i])) << i;
  EXPECT_TRUE(server.IsRefreshToken(refresh_tokens[3]));
  const auto other = *stores->Of(Other());
  EXPECT_EQ(other->Load("old")->connection.state, State::kEnded);
  EXPECT_EQ(other->Load("good")->connection.state, State::kActive);
}

TEST_F(CaretakerTest, AnIdleConnectionEndsOnlyWhenItWasNotUsed) {
  PutEarlier(Acme(), "used", [](StoredConnection& c) { c.idle_limit = hours(2); });
  ASSERT_TRUE(ConnectionStore(*stores->vault().OpenTenant(Acme()), stores->bell(), [] {
                return ConnectionStore::Now() - hours(1);
              }).RecordUse("used", "run-1"));
  Start();
  bool asked = false;
  party.RunUntil([&] {
    if (!std::exchange(asked, true)) caretaker->LookInto(Acme());
    return !caretaker->busy();
  });
  EXPECT_THAT(server.seen().revoked, IsEmpty());
  EXPECT_EQ((*stores->Of(Acme()))->Load("used")->connection.state, State::kActive);
}

TEST_F(CaretakerTest, WhatWasNotRevokedIsTriedAgainWhenItIsDue) {
  // Taken away by a process that died, hours ago, and by one that is just at it.
  PutEarlier(Acme(), "then", [](StoredConnection&) {});
  PutEarlier(Acme(), "now", [](StoredConnection&) {});
  ASSERT_TRUE(ConnectionStore(*stores->vault().OpenTenant(Acme()), stores->bell(), [] {
                return ConnectionStore::Now() - hours(1);
              }).Remove("then"));
  const auto store = *stores->Of(Acme());
  ASSERT_TRUE(store->Remove("now"));
  Start();
  party.RunUntil([&] { return server.seen().revoked.size() == 2 && !caretaker->busy(); });
  EXPECT_FALSE(server.IsRefreshToken(refresh_tokens[0]));
  EXPECT_TRUE(server.IsRefreshToken(refresh_tokens[1]));
  EXPECT_THAT(*store->revocations().List(), SizeIs(1));
}

TEST_F(CaretakerTest, ATenantThatIsDamagedHoldsUpNobody) {
  PutEarlier(Acme(), "old", [](StoredConnection& c) { c.ends = ConnectionStore::Now() - hours(1); });
  PutEarlier(Other(), "old", [](StoredConnection& c) { c.ends = ConnectionStore::Now() - hours(1); });
  stores.reset();
  std::filesystem::resize_file(store::TenantStore::FileOf(state(), Acme()), 100);
  stores = OpenStores();
  Start();
  party.RunUntil([&] { return server.seen().revoked.size() == 2; });
  EXPECT_FALSE(server.IsRefreshToken(refresh_tokens[1]));
}

TEST_F(CaretakerTest, WhatWasAskedForIsDoneBeforeItGoesAndNotForEver) {
  PutEarlier(Acme(), "old", [](StoredConnection& c) { c.ends = ConnectionStore::Now() - hours(1); });
  Start(hours(1));
  caretaker->LookInto(Acme());
  bool drained = false;
  caretaker->Drain([&] { drained = true; });
  EXPECT_FALSE(drained) << "never from inside";
  party.RunUntil([&] { return drained; });
  EXPECT_THAT(server.seen().revoked, SizeIs(2));
  EXPECT_THAT(EventsOf(Acme()), UnorderedElementsAre("connection made", "connection ended", "revoked"));

  // Nobody answers: it is kept for the next.
  PutEarlier(Other(), "old", [](StoredConnection& c) {
    c.ends = ConnectionStore::Now() - hours(1);
    c.oauth->server.revocation_endpoint = c.oauth->server.token_endpoint;
  });
  server.Behave({.token = AuthorizationServer::Manners::Token::kSilence});
  caretaker =
      std::make_unique<Caretaker>(party.loop, party.broker, party.workers, stores,
                                  CaretakerOptions{.first = hours(1), .drain = milliseconds(50), .exchange = {}});
  caretaker->LookInto(Other());
  party.RunUntil([&] { return server.seen().token_requests == 1; });
  drained = false;
  caretaker->Drain([&] { drained = true; });
  party.RunUntil([&] { return drained; });
  caretaker.reset();
  EXPECT_THAT(*(*stores->Of(Other()))->revocations().List(), SizeIs(1));
}

TEST_F(CaretakerTest, WhatNobodyAskedForIsNotWaitedFor) {
  Start(hours(1));
  bool drained = false;
  caretaker->Drain([&] { drained = true; });
  party.RunUntil([&] { return drained; });
}

}  // namespace
}  // namespace warder::connections::testing
