// What executions hold: renewed ahead, taken away within milliseconds, also by another process.
#include "engine/connections/live_connections.h"

#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <thread>
#include <utility>

#include "engine/connections/on_worker.h"
#include "engine/connections/testing/connections_fixture.h"
#include "engine/store/testing/children.h"

namespace warder::connections::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::HasSubstr;
using IfThere = ConnectionStore::IfThere;

constexpr const char* kSecret = "canary-s3cr3tmark-0123456789";

// The bell itself, whatever stands behind it.
class BellTest : public ConnectionsTest {
 protected:
  void Start() {
    bell = *Bell::Open(state());
    auto started = BellWatch::Start(party.loop, bell, [this] { ++heard; });
    ASSERT_TRUE(started) << started.error().message;
    watch = std::move(*started);
  }
  void ExpectHeard() {
    const int before = heard;
    (*Bell::Open(state()))->Ring();
    party.RunUntil([&] { return heard > before; });
  }

  Party party;
  std::shared_ptr<Bell> bell;
  std::unique_ptr<BellWatch> watch;
  int heard = 0;
};

TEST_F(BellTest, IsHeardByWhoeverOpenedTheSameFolder) {
  Start();
  for (int i = 0; i < 3; ++i) ExpectHeard();
  EXPECT_EQ(store::Wait(store::StartChild([&] { (*Bell::Open(state()))->Ring(); })), 0);
  const int before = heard;
  party.RunUntil([&] { return heard > before; });
}

TEST_F(BellTest, IsHeardAlsoAfterItsFileWasDeletedOrReplaced) {
  Start();
  std::filesystem::remove(state() / "bell");
  party.RunUntil([&] { return heard > 0; });
  ExpectHeard();
  std::filesystem::rename(state() / "bell", state() / "former");
  const int before = heard;
  party.RunUntil([&] { return heard > before; });
  ExpectHeard();
}

TEST_F(BellTest, WhereItCannotBeWatchedWhoListensLooksNowAndThen) {
  Start();
  std::filesystem::remove(state() / "bell");
  std::filesystem::create_symlink("/dev/null", state() / "bell");
  party.RunUntil([&] { return heard >= 2; });
  std::filesystem::remove(state() / "bell");
  const int before = heard;
  party.RunUntil([&] { return heard > before; });
  ExpectHeard();
}

TEST_F(BellTest, RingsThatComeTogetherAreHeardAsFew) {
  Start();
  for (int i = 0; i < 10'000; ++i) bell->Ring();
  party.RunUntil([&] { return heard > 0; });
  EXPECT_LT(heard, 100);
}

TEST_F(BellTest, AFileThatIsNotThisUsersAloneIsRefused) {
  Start();
  std::filesystem::permissions(state() / "bell", std::filesystem::perms(0666));
  const auto opened = Bell::Open(state());
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message, HasSubstr("refused"));
}

// How often a thread and the loop have had their turn since the bell was heard first.
class Turns {
 public:
  Turns(Party& party, const std::shared_ptr<Bell>& bell) : party_(party) {
    auto watch = BellWatch::Start(party.loop, bell, [this] {
      if (!std::exchange(heard_, true)) Turn();
    });
    EXPECT_TRUE(watch);
    watch_ = std::move(*watch);
  }
  ~Turns() { *alive_ = false; }
  Turns(const Turns&) = delete;
  Turns& operator=(const Turns&) = delete;
  Turns(Turns&&) = delete;
  Turns& operator=(Turns&&) = delete;

  int count() const { return count_; }

 private:
  void Turn() {
    OnWorker(
        workers_, "turns", party_.loop, [] { return 0; },
        [this, alive = alive_](int) {
          if (!*alive) return;
          ++count_;
          Turn();
        });
  }

  Party& party_;
  std::unique_ptr<BellWatch> watch_;
  bool heard_ = false;
  int count_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  Workers workers_;
};

// Ten times those that take an idle machine the 50 ms within which a removal is to be noticed (tests/bench has the
// clock): a busy one has turns that take next to nothing.
constexpr int kMaxTurns = 10'000;

class LiveConnectionsTest : public ConnectionsTest {
 protected:
  void SetUp() override {
    ASSERT_EQ(::pipe(go.data()), 0);
    ASSERT_EQ(::pipe(back.data()), 0);
  }
  void TearDown() override {
    held.clear();
    live.reset();
    party.reset();
    for (const int each : {go[0], go[1], back[0], back[1]}) ::close(each);
  }
  // After children were started.
  void Begin(RenewalTimes times = {}, RefresherOptions options = {}) {
    stores = MakeStores();
    store = StoreOf(stores);
    party = std::make_unique<Party>();
    auto made = LiveConnections::Make(party->loop, party->broker, stores, std::move(options), times);
    ASSERT_TRUE(made) << made.error().message;
    live = std::move(*made);
  }
  void Put(const std::string& name = "crm", IfThere if_there = IfThere::kRefuse) {
    const auto put = store->Put(name, Plain(), Fields({{"token", kSecret}}), if_there);
    ASSERT_TRUE(put) << put.error().message;
  }
  std::shared_ptr<LiveConnection> Hold(const std::string& name = "crm") {
    auto opened = LiveConnection::Open(store, name, "run-1");
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    held.push_back(*opened);
    live->Attach(*opened, [this] {
      ++lost;
      lost_at = steady_clock::now();
    });
    return *opened;
  }
  // Lets everything that was begun come to an end, what the bell has rung for included.
  void Settle() {
    bool written = false;
    OnWorker(
        live->workers(), "acme", party->loop, [] { return 0; }, [&](int) { written = true; });
    for (bool quiet = false; !quiet;) {
      party->loop.restart();
      const bool done = party->loop.poll() > 0;
      quiet = !done && written && !live->looking();
      if (!done && !quiet) party->loop.run_one_for(milliseconds(20));
    }
  }
  // What `change` does elsewhere, and how long it took to be noticed from the bell on: in turns of a thread and the
  // loop, for a clock goes on while the machine is busy with something else.
  void ExpectLost(const char* what, int count, const std::function<void()>& change) {
    Settle();
    ASSERT_EQ(lost, 0);
    Turns turns(*party, stores->bell());
    const auto changed_at = ChangeInThread(change);
    party->RunUntil([&] { return lost == count; });
    const int took = turns.count();
    const auto time = std::chrono::duration<double, std::milli>(lost_at - changed_at());
    std::printf("%s: noticed by %d after %d turns, %.1f ms\n", what, count, took, time.count());
    EXPECT_LT(took, kMaxTurns);
  }
  std::function<steady_clock::time_point()> ChangeInThread(const std::function<void()>& change) {
    auto at = std::make_shared<steady_clock::time_point>();
    auto thread = std::make_shared<std::thread>([at, change] {
      change();
      *at = steady_clock::now();
    });
    return [at, thread] {
      thread->join();
      return *at;
    };
  }

  std::array<int, 2> go{};
  std::array<int, 2> back{};
  AuthorizationServer server;
  std::shared_ptr<TenantStores> stores;
  std::shared_ptr<ConnectionStore> store;
  std::unique_ptr<Party> party;
  std::unique_ptr<LiveConnections> live;
  std::vector<std::shared_ptr<LiveConnection>> held;
  int lost = 0;
  steady_clock::time_point lost_at;
};

TEST_F(LiveConnectionsTest, ItIsOpenedWithItsCredentialAndRecorded) {
  Begin();
  Put();
  EXPECT_NE(Hold()->Current(), nullptr);
  EXPECT_EQ(Audited(*stores, "use"), 1U);
  EXPECT_EQ(store->LoadUsage("crm")->days.begin()->second.executions, 1U);
  const auto none = LiveConnection::Open(store, "none", "run-1");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::kRefused);
  ASSERT_TRUE(store->End("crm", "its lifetime is over"));
  const auto ended = LiveConnection::Open(store, "crm", "run-2");
  ASSERT_FALSE(ended);
  EXPECT_THAT(ended.error().message, HasSubstr("ended: its lifetime is over"));
  EXPECT_EQ(Audited(*stores, "use"), 1U);
}

TEST_F(LiveConnectionsTest, ARemovalByAnotherProcessIsNoticed) {
  // The child answers with the time at which the removal had returned.
  const pid_t child = store::StartChild([&] {
    char byte = 0;
    EXPECT_EQ(::read(go[0], &byte, 1), 1);
    const auto removed = StoreOf(OpenStores())->Remove("crm");
    EXPECT_TRUE(removed);
    const auto now = steady_clock::now();
    EXPECT_EQ(::write(back[1], &now, sizeof(now)), static_cast<ssize_t>(sizeof(now)));
  });
  Begin();
  Put();
  Put("other");
  Hold();
  Hold("other");
  Settle();
  Turns turns(*party, stores->bell());
  ASSERT_EQ(::write(go[1], "x", 1), 1);
  party->RunUntil([&] { return lost == 1; });
  const int took = turns.count();
  steady_clock::time_point removed_at;
  ASSERT_EQ(::read(back[0], &removed_at, sizeof(removed_at)), static_cast<ssize_t>(sizeof(removed_at)));
  EXPECT_EQ(store::Wait(child), 0);
  const auto time = std::chrono::duration<double, std::milli>(lost_at - removed_at);
  std::printf("removal by another process: noticed after %d turns, %.1f ms\n", took, time.count());
  EXPECT_LT(took, kMaxTurns);
  Settle();
  EXPECT_EQ(lost, 1) << "the other one stays";
}

TEST_F(LiveConnectionsTest, AnEndAReplacementAndAShreddingAreNoticed) {
  const std::vector<std::pair<const char*, std::function<void(TenantStores&)>>> changes = {
      {"end", [](TenantStores& there) { EXPECT_TRUE((*there.Of(Acme()))->End("crm", "over")); }},
      {"replacement",
       [](TenantStores& there) {
         EXPECT_TRUE((*there.Of(Acme()))->Put("crm", Plain(), Fields({{"token", kSecret}}), IfThere::kReplace));
       }},
      {"shredding", [](TenantStores& there) { EXPECT_TRUE(there.Shred(Acme())); }}};
  Begin();
  for (const auto& [what, change] : changes) {
    Put("crm", IfThere::kReplace);
    Hold();
    const auto elsewhere = OpenStores();
    ExpectLost(what, 1, [&, act = change] { act(*elsewhere); });
    held.clear();
    lost = 0;
  }
}

// Another process writes to the tenant's file for as long as it likes, and writers here wait for it: what was taken
// away before is noticed all the same.
TEST_F(LiveConnectionsTest, ARemovalIsNoticedWhileSomebodyHasTheFileLocked) {
  Begin();
  Put();
  Put("other");
  Hold();
  Hold("other");
  const auto elsewhere = OpenStores();
  Settle();
  ASSERT_TRUE(StoreOf(elsewhere)->Remove("crm"));
  const auto holder = *elsewhere->vault().OpenTenant(Acme());
  auto locked = holder->Begin();
  ASSERT_TRUE(locked);
  live->RecordCalls(held.back(), "run-1", {{"https://a.test", 2}}, {});  // waits
  Turns turns(*party, stores->bell());
  stores->bell()->Ring();
  party->RunUntil([&] { return lost == 1; });
  EXPECT_LT(turns.count(), kMaxTurns);
  ASSERT_TRUE(locked->Commit());
  Settle();
  EXPECT_EQ(lost, 1);
  EXPECT_EQ(store->LoadUsage("other")->days.begin()->second.calls.at("https://a.test"), 2U);
}

// One tenant's file is locked, even for readers: the others go on.
TEST_F(LiveConnectionsTest, ATenantWhoseFileIsLockedHoldsUpNobodyElse) {
  Begin();
  Put();
  ASSERT_TRUE(stores->Create(Other()));
  const auto others = *stores->Of(Other());
  ASSERT_TRUE(others->Put("crm", Plain(), Fields({{"token", kSecret}}), IfThere::kRefuse));
  auto opened = LiveConnection::Open(others, "crm", "run-2");
  ASSERT_TRUE(opened);
  Hold();
  int lost_of_other = 0;
  live->Attach(*opened, [&] { ++lost_of_other; });
  Settle();
  const auto holder = *OpenStores()->vault().OpenTenant(Acme());
  auto locked = holder->Begin();
  ASSERT_TRUE(locked);
  live->RecordCalls(held.back(), "run-1", {{"https://a.test", 2}}, {});                  // waits
  std::thread opener([&] { EXPECT_TRUE(StoreOf(stores)->RecordUse("crm", "run-3")); });  // waits, too
  live->RecordCalls(*opened, "run-2", {{"https://a.test", 3}}, {});
  party->RunUntil([&] { return others->LoadUsage("crm")->days.begin()->second.calls.contains("https://a.test"); });
  Turns turns(*party, stores->bell());
  ASSERT_TRUE((*OpenStores()->Of(Other()))->Remove("crm"));
  party->RunUntil([&] { return lost_of_other == 1; });
  EXPECT_LT(turns.count(), kMaxTurns);
  ASSERT_TRUE(locked->Commit());
  opener.join();
  EXPECT_EQ(lost, 0);
}

TEST_F(LiveConnectionsTest, ATenantThatWasShreddedAndMadeAgainIsAnother) {
  Begin();
  Put();
  Hold();
  const auto elsewhere = OpenStores();
  ExpectLost("shredding and making again", 1, [&] {
    EXPECT_TRUE(elsewhere->Shred(Acme()));
    EXPECT_TRUE(elsewhere->Create(Acme()));
  });
  EXPECT_TRUE((*elsewhere->Of(Acme()))->Names()->empty());
}

TEST_F(LiveConnectionsTest, AThousandOfOneTenantAreLookedAtAsFastAsOne) {
  Begin();
  constexpr int kCount = 1'000;
  {
    // In one transaction of the vault, for the time that a thousand would take.
    Put("c0");
    const auto tenant = *stores->vault().OpenTenant(Acme());
    auto transaction = tenant->Begin();
    ASSERT_TRUE(transaction);
    const auto document = transaction->Get("c0", "");
    for (int i = 1; i < kCount; ++i) {
      ASSERT_TRUE(transaction->Put("c" + std::to_string(i), "", (*document)->value.view(), 0));
      ASSERT_TRUE(transaction->Put("c" + std::to_string(i), "token", kSecret, 0));
    }
    ASSERT_TRUE(transaction->Commit());
  }
  const auto began = steady_clock::now();
  for (int i = 0; i < kCount; ++i) Hold("c" + std::to_string(i));
  std::printf("opened and attached %d: %.0f ms\n", kCount,
              std::chrono::duration<double, std::milli>(steady_clock::now() - began).count());
  const auto elsewhere = StoreOf(OpenStores());
  ExpectLost("removal of one of a thousand", 1, [&] { EXPECT_TRUE(elsewhere->Remove("c500")); });
  lost = 0;
  const auto whole = OpenStores();
  ExpectLost("shredding of all of them", kCount - 1, [&] { EXPECT_TRUE(whole->Shred(Acme())); });
}

TEST_F(LiveConnectionsTest, WhatWasTakenAwayBeforeItWasAttachedIsNoticed) {
  Begin();
  Put();
  auto opened = LiveConnection::Open(store, "crm", "run-1");
  ASSERT_TRUE(opened);
  ASSERT_TRUE(store->Remove("crm"));
  Settle();
  live->Attach(*opened, [this] { ++lost; });
  party->RunUntil([&] { return lost == 1; });
}

// Whoever holds it loses it then, with what is under way, and its server is told: nobody has to come by.
TEST_F(LiveConnectionsTest, ALifetimeThatEndsMeanwhileIsNotOutlived) {
  Begin();
  StoredConnection connection = OAuth(server);
  connection.oauth->access_expires = ConnectionStore::Now() + std::chrono::hours(1);
  connection.ends = ConnectionStore::Now() + std::chrono::seconds(2);
  const std::string refresh = server.FirstRefreshToken();
  ASSERT_TRUE(store->Put("mail", connection,
                         Fields({{std::string(kAccessToken), kFirstAccess}, {std::string(kRefreshToken), refresh}}),
                         IfThere::kRefuse));
  const auto one = Hold("mail");
  EXPECT_NE(one->Current(), nullptr);
  party->RunUntil([&] { return lost == 1; });
  EXPECT_EQ(one->Current(), nullptr);
  EXPECT_GE(std::chrono::system_clock::now(), *connection.ends);
  party->RunUntil([&] { return server.seen().revoked.size() == 2; });
  EXPECT_FALSE(server.IsRefreshToken(refresh));
  EXPECT_EQ(store->Load("mail")->connection.state, State::kEnded);
  std::optional<Error> why;
  one->Renew([&](const Result<std::shared_ptr<const broker::Connection>>& renewed) { why = renewed.error(); });
  party->RunUntil([&] { return why.has_value(); });
  EXPECT_EQ(why->kind, ErrorKind::kRefused);
  EXPECT_THAT(why->message, HasSubstr("its lifetime is over"));
}

TEST_F(LiveConnectionsTest, ARefreshByAnotherProcessIsPickedUpWithoutARequest) {
  Begin();
  PutOAuth(*store, server);
  const auto one = Hold("mail");
  EXPECT_EQ(one->Current(), nullptr) << "its token is over";
  {
    const auto elsewhere = OpenStores();
    Party other;
    Refresher refresher(other.loop, other.broker, other.workers, state());
    std::optional<Result<Snapshot>> result;
    refresher.Refresh(StoreOf(elsewhere), "mail", store->Load("mail")->token_generation,
                      [&](Result<Snapshot> done) { result = std::move(done); });
    other.RunUntil([&] { return result.has_value(); });
    ASSERT_TRUE(*result);
  }
  bool renewed = false;
  one->Renew([&](const Result<std::shared_ptr<const broker::Connection>>& now) {
    EXPECT_TRUE(now);
    renewed = true;
  });
  party->RunUntil([&] { return renewed; });
  EXPECT_NE(one->Current(), nullptr);
  EXPECT_EQ(server.seen().token_requests, 1);
  EXPECT_EQ(lost, 0);
}

// The other credential may have another policy: who was granted the former one must not send it anywhere.
TEST_F(LiveConnectionsTest, ARenewalNeverBringsAnotherCredential) {
  Begin();
  PutOAuth(*store, server);
  const auto one = Hold("mail");
  const auto granted = one->connection();
  StoredConnection next = OAuth(server);
  next.oauth->access_expires = ConnectionStore::Now() + std::chrono::hours(1);
  ASSERT_TRUE(store->Put("mail", next, Fields({{std::string(kAccessToken), "access-of-somebody-else-0123"}}),
                         IfThere::kReplace));
  std::optional<Result<std::shared_ptr<const broker::Connection>>> renewed;
  one->Renew([&](Result<std::shared_ptr<const broker::Connection>> now) { renewed = std::move(now); });
  party->RunUntil([&] { return renewed.has_value(); });
  ASSERT_FALSE(*renewed);
  EXPECT_EQ(renewed->error().kind, ErrorKind::kRefused);
  party->RunUntil([&] { return lost == 1; });
  EXPECT_EQ(one->connection(), granted);
  EXPECT_EQ(one->Current(), nullptr);
}

TEST_F(LiveConnectionsTest, ALookShowsARefreshToo) {
  Begin();
  PutOAuth(*store, server);
  const auto one = Hold("mail");
  Settle();
  const auto elsewhere = StoreOf(OpenStores());
  const auto snapshot = *elsewhere->Load("mail");
  ASSERT_TRUE(elsewhere->BeginRefresh("mail", snapshot));
  ASSERT_TRUE(elsewhere->EndRefresh("mail", snapshot,
                                    {Secret("access-next-0123456789abcdef"), std::nullopt, std::chrono::hours(1), {}}));
  stores->bell()->Ring();
  party->RunUntil([&] { return one->Current() != nullptr; });
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(server.seen().token_requests, 0);
}

TEST_F(LiveConnectionsTest, AThousandHoldersOfAnExpiredTokenAreOneRequest) {
  Begin();
  PutOAuth(*store, server);
  for (int i = 0; i < 100; ++i) Hold("mail");
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    for (const auto& each : held) {
      each->Renew([&](const Result<std::shared_ptr<const broker::Connection>>& now) {
        EXPECT_TRUE(now) << now.error().message;
        ++done;
      });
    }
  }
  party->RunUntil([&] { return done == 1'000; });
  EXPECT_EQ(server.seen().token_requests, 1);
  for (const auto& each : held) EXPECT_NE(each->Current(), nullptr);
}

TEST_F(LiveConnectionsTest, ATokenIsRenewedBeforeItExpires) {
  Begin({.margin = milliseconds(0),
         .earliest = milliseconds(1'000),
         .latest = milliseconds(1'000),
         .pause = milliseconds(1)});
  StoredConnection connection = OAuth(server);
  connection.oauth->access_since = ConnectionStore::Now();
  connection.oauth->access_expires = ConnectionStore::Now() + std::chrono::seconds(3);
  ASSERT_TRUE(store->Put(
      "mail", connection,
      Fields({{std::string(kAccessToken), kFirstAccess}, {std::string(kRefreshToken), server.FirstRefreshToken()}}),
      IfThere::kRefuse));
  server.Behave({.expires_in = 3});
  const auto one = Hold("mail");
  for (int i = 0; i < 20; ++i) Hold("mail");
  bool always = true;
  party->RunUntil([&] {
    always = always && one->Current() != nullptr;
    return server.seen().token_requests == 2;
  });
  EXPECT_TRUE(always) << "there was a moment without a token";
  EXPECT_EQ(server.seen().reuses, 0);
}

TEST_F(LiveConnectionsTest, ATokenWithoutASuccessorIsNotAskedForAhead) {
  Begin({.margin = milliseconds(0), .earliest = milliseconds(1), .latest = milliseconds(1), .pause = milliseconds(1)});
  StoredConnection connection = OAuth(server);
  connection.oauth->access_expires = ConnectionStore::Now() + std::chrono::seconds(2);
  ASSERT_TRUE(store->Put("mail", connection, Fields({{std::string(kAccessToken), kFirstAccess}}), IfThere::kRefuse));
  const auto one = Hold("mail");
  party->RunUntil([&] { return one->Current() == nullptr; });
  Settle();
  EXPECT_EQ(lost, 0);
  EXPECT_EQ(store->Load("mail")->connection.state, State::kActive) << "nobody has asked for it";
}

TEST_F(LiveConnectionsTest, WhatIsUnderWayWhenTheEngineGoesIsGivenUp) {
  Begin();
  PutOAuth(*store, server);
  server.Behave({.token = AuthorizationServer::Manners::Token::kSilence});
  const auto one = Hold("mail");
  one->Renew([](const Result<std::shared_ptr<const broker::Connection>>&) { ADD_FAILURE() << "nobody is there"; });
  party->RunUntil([&] { return server.seen().token_requests == 1; });
  live->RecordCalls(one, "run-1", {{"https://a.test", 2}}, {"read"});
  live.reset();
  EXPECT_EQ(store->LoadUsage("mail")->days.begin()->second.calls.at("https://a.test"), 2U)
      << "what was to be written is";
  one->Renew([](const Result<std::shared_ptr<const broker::Connection>>&) { ADD_FAILURE() << "nobody is there"; });
  bool turned = false;
  boost::asio::post(party->loop, [&] { turned = true; });
  party->RunUntil([&] { return turned; });
}

}  // namespace
}  // namespace warder::connections::testing
