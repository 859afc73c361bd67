// One refresh for everybody, in one process and in several; and what becomes of a connection when one goes wrong.
#include "engine/connections/refresher.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <boost/asio/steady_timer.hpp>

#include "engine/connections/testing/connections_fixture.h"
#include "engine/store/testing/children.h"
#include "engine/vault/testing/dying.h"

namespace warder::connections::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Manners = AuthorizationServer::Manners;
using Token = Manners::Token;

class RefresherTest : public ConnectionsTest {
 protected:
  void Begin() {
    stores = MakeStores();
    store = StoreOf(stores);
    party = std::make_unique<Party>();
    refresher = std::make_unique<Refresher>(party->loop, party->broker, party->workers, state(), options);
  }
  void TearDown() override {
    refresher.reset();
    party.reset();
  }
  Result<Snapshot> Refresh(const std::string& name = "mail") {
    const auto before = store->Load(name);
    EXPECT_TRUE(before) << (before ? "" : before.error().message);
    return RefreshFrom(before->token_generation, name);
  }
  Result<Snapshot> RefreshFrom(std::uint64_t seen, const std::string& name = "mail") {
    std::optional<Result<Snapshot>> result;
    refresher->Refresh(store, name, seen, [&](Result<Snapshot> done) { result = std::move(done); });
    EXPECT_FALSE(result) << "never from inside";
    party->RunUntil([&] { return result.has_value(); });
    return result ? std::move(*result) : Result<Snapshot>(Internal("nothing came"));
  }
  State StateOf(const std::string& name = "mail") { return store->Load(name)->connection.state; }

  RefresherOptions options{.exchange = {.timeout = std::chrono::milliseconds(5'000)}};
  AuthorizationServer server;
  std::shared_ptr<TenantStores> stores;
  std::shared_ptr<ConnectionStore> store;
  std::unique_ptr<Party> party;
  std::unique_ptr<Refresher> refresher;
};

TEST_F(RefresherTest, AThousandCallersAreOneRequest) {
  Begin();
  PutOAuth(*store, server);
  server.Behave({.delay = std::chrono::milliseconds(50)});
  const std::uint64_t seen = store->Load("mail")->token_generation;
  int done = 0;
  for (int i = 0; i < 1'000; ++i) {
    refresher->Refresh(store, "mail", seen, [&](const Result<Snapshot>& result) {
      EXPECT_TRUE(result) << result.error().message;
      EXPECT_NE(result->token_generation, seen);
      ++done;
    });
  }
  party->RunUntil([&] { return done == 1'000; });
  EXPECT_EQ(server.seen().token_requests, 1);
  EXPECT_TRUE(server.IsAccessToken(FieldOf(*store, "mail", kAccessToken)));
  EXPECT_TRUE(server.IsRefreshToken(FieldOf(*store, "mail", kRefreshToken)));
  // Who comes late with the old token finds the new one.
  EXPECT_TRUE(RefreshFrom(seen));
  EXPECT_EQ(server.seen().token_requests, 1);
  EXPECT_EQ(Audited(*stores, "refreshed"), 1U);
}

// One whose token is not even the oldest in the flight must not get its own token back.
TEST_F(RefresherTest, EverybodyGetsAnotherTokenThanTheOneTheySaw) {
  Begin();
  PutOAuth(*store, server);
  const std::uint64_t first = store->Load("mail")->token_generation;
  ASSERT_TRUE(Refresh());
  const std::uint64_t second = store->Load("mail")->token_generation;
  int done = 0;
  for (const std::uint64_t seen : {first, second}) {
    refresher->Refresh(store, "mail", seen, [&, seen](const Result<Snapshot>& result) {
      ASSERT_TRUE(result) << result.error().message;
      EXPECT_NE(result->token_generation, seen);
      ++done;
    });
  }
  party->RunUntil([&] { return done == 2; });
  EXPECT_EQ(server.seen().token_requests, 2);
}

TEST_F(RefresherTest, WhatIsNotSentChangesNothing) {
  options.failure_pause = std::chrono::milliseconds(0);
  Begin();
  StoredConnection connection = OAuth(server);
  connection.oauth->server.token_endpoint = "http://127.0.0.1:1/token";  // nobody listens there
  ASSERT_TRUE(store->Put("mail", connection,
                         Fields({{std::string(kAccessToken), kFirstAccess}, {std::string(kRefreshToken), "r-1"}}),
                         ConnectionStore::IfThere::kRefuse));
  for (int i = 0; i < 2; ++i) {
    const auto result = Refresh();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kInternal);
    EXPECT_THAT(result.error().message, HasSubstr("was not refreshed: the token endpoint at http://127.0.0.1:1"));
    EXPECT_EQ(StateOf(), State::kActive);
    EXPECT_FALSE(store->Load("mail")->refresh_begun);
  }
}

// Whether the answer was lost before or after the server did what was asked, nobody knows.
TEST_F(RefresherTest, AnAnswerLostWithARotatingServerIsDoubt) {
  Begin();
  for (const Token token : {Token::kDrop, Token::kDoAndDrop, Token::kGarbage}) {
    PutOAuth(*store, server, "mail", ConnectionStore::IfThere::kReplace);
    server.Behave({.token = token});
    const auto result = Refresh();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kRefused);
    EXPECT_THAT(result.error().message, HasSubstr("is in_doubt: "));
    EXPECT_THAT(result.error().message, HasSubstr("warder connect mail --replace"));
    EXPECT_THAT(result.error().message, Not(HasSubstr(AuthorizationServer::kMark)));
    EXPECT_EQ(StateOf(), State::kInDoubt);
    // And it stays away from the server.
    server.Behave({});
    const int before = server.seen().token_requests;
    EXPECT_FALSE(Refresh());
    EXPECT_EQ(server.seen().token_requests, before);
  }
  EXPECT_EQ(server.seen().reuses, 0);
}

TEST_F(RefresherTest, AnAnswerLostWithAServerThatWasSeenToKeepItsTokensIsAskedForAgain) {
  options.failure_pause = std::chrono::milliseconds(0);
  Begin();
  PutOAuth(*store, server);
  server.Behave({.rotates = false});
  ASSERT_TRUE(Refresh());
  for (const Token token : {Token::kDrop, Token::kDoAndDrop}) {
    server.Behave({.token = token, .rotates = false});
    const auto lost = Refresh();
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().kind, ErrorKind::kInternal);
    EXPECT_EQ(StateOf(), State::kActive);
    server.Behave({.rotates = false});
    EXPECT_TRUE(Refresh());
  }
  EXPECT_EQ(server.seen().reuses, 0);
}

TEST_F(RefresherTest, AnInvalidGrantNeedsAPerson) {
  Begin();
  PutOAuth(*store, server);
  server.Behave({.token = Token::kInvalidGrant});
  const auto result = Refresh();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kRefused);
  EXPECT_THAT(result.error().message, HasSubstr("is needs_reauth: "));
  EXPECT_EQ(StateOf(), State::kNeedsReauth);
  EXPECT_FALSE(RefreshFrom(0));
  EXPECT_EQ(server.seen().token_requests, 1);
}

TEST_F(RefresherTest, ABusyServerIsLeftAlone) {
  Begin();
  PutOAuth(*store, server);
  server.Behave({.token = Token::kBusy});
  const auto first = Refresh();
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().kind, ErrorKind::kInternal);
  server.Behave({});
  for (int i = 0; i < 3; ++i) {
    const auto again = Refresh();
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().message, first.error().message);
  }
  EXPECT_EQ(server.seen().token_requests, 1);
  EXPECT_EQ(StateOf(), State::kActive);
  // Another credential has nothing to do with it.
  PutOAuth(*store, server, "mail", ConnectionStore::IfThere::kReplace);
  EXPECT_TRUE(Refresh());
  EXPECT_EQ(server.seen().token_requests, 2);
}

// RFC 6749 section 5.2: a server that has judged the grant says so with a code.
TEST_F(RefresherTest, ARefusalWithoutACodeEndsNothingAndIsNotAskedForAgainSoon) {
  options.failure_pause = std::chrono::milliseconds(0);
  Begin();
  PutOAuth(*store, server);
  server.Behave({.token = Token::kForbidden});
  const auto refused = Refresh();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kInternal) << "it may work later";
  EXPECT_THAT(refused.error().message, HasSubstr("403 and no error code of OAuth"));
  EXPECT_EQ(StateOf(), State::kActive);
  EXPECT_FALSE(store->Load("mail")->refresh_begun);
  server.Behave({});
  EXPECT_FALSE(Refresh()) << "within the minute";
  EXPECT_EQ(server.seen().token_requests, 1);

  options.unexplained_pause = std::chrono::milliseconds(0);
  Refresher later(party->loop, party->broker, party->workers, state(), options);
  std::optional<Result<Snapshot>> result;
  later.Refresh(store, "mail", store->Load("mail")->token_generation,
                [&](Result<Snapshot> done) { result = std::move(done); });
  party->RunUntil([&] { return result.has_value(); });
  EXPECT_TRUE(result && *result);
  EXPECT_EQ(server.seen().reuses, 0) << "the refresh token was still good";
}

TEST_F(RefresherTest, WhatIsBegunEndsBeforeAShutdownAndNothingElseBegins) {
  Begin();
  PutOAuth(*store, server);
  PutOAuth(*store, server, "other");
  server.Behave({.delay = std::chrono::milliseconds(200)});
  const std::uint64_t seen = store->Load("mail")->token_generation;
  std::optional<Result<Snapshot>> result;
  refresher->Refresh(store, "mail", seen, [&](Result<Snapshot> done) { result = std::move(done); });
  party->RunUntil([&] { return server.seen().token_requests == 1; });
  bool other = false;
  refresher->Refresh(store, "other", store->Load("other")->token_generation, [&](const auto&) { other = true; });
  bool drained = false;
  refresher->Drain([&] { drained = true; });
  EXPECT_FALSE(drained) << "never from inside";
  party->RunUntil([&] { return drained; });
  ASSERT_TRUE(result);
  EXPECT_TRUE(*result) << result->error().message;
  EXPECT_NE(store->Load("mail")->token_generation, seen);
  EXPECT_FALSE(store->Load("mail")->refresh_begun);
  EXPECT_FALSE(other) << "given up before it was begun";
  EXPECT_FALSE(store->Load("other")->refresh_begun);
  EXPECT_THAT(Refresh("other").error().message, HasSubstr("shutting down"));
  EXPECT_EQ(server.seen().token_requests, 1);
}

TEST_F(RefresherTest, AShutdownDoesNotWaitForEver) {
  options.drain = std::chrono::milliseconds(50);
  Begin();
  bool drained = false;
  refresher->Drain([&] { drained = true; });
  party->RunUntil([&] { return drained; });

  refresher = std::make_unique<Refresher>(party->loop, party->broker, party->workers, state(), options);
  PutOAuth(*store, server);
  server.Behave({.token = Token::kSilence});
  refresher->Refresh(store, "mail", store->Load("mail")->token_generation, [](const auto&) {});
  party->RunUntil([&] { return server.seen().token_requests == 1; });
  drained = false;
  refresher->Drain([&] { drained = true; });
  party->RunUntil([&] { return drained; });
  refresher.reset();
  EXPECT_TRUE(store->Load("mail")->refresh_begun) << "what is left behind is known";
}

TEST_F(RefresherTest, WhatARefreshBringsForAReplacedConnectionIsRevoked) {
  for (const bool shredded : {false, true}) {
    Begin();
    PutOAuth(*store, server);
    server.Behave({.delay = std::chrono::milliseconds(100)});
    std::optional<Result<Snapshot>> result;
    const int before = server.seen().token_requests;
    refresher->Refresh(store, "mail", store->Load("mail")->token_generation,
                       [&](Result<Snapshot> done) { result = std::move(done); });
    party->RunUntil([&] { return server.seen().token_requests > before; });
    if (shredded) {
      ASSERT_TRUE(stores->Shred(Acme()));
    } else {
      PutOAuth(*store, server, "mail", ConnectionStore::IfThere::kReplace);
    }
    party->RunUntil([&] { return result.has_value(); });
    ASSERT_FALSE(*result);
    const auto seen = server.seen();
    EXPECT_EQ(seen.revoked.size(), shredded ? 4U : 2U) << "refresh and access token";
    for (const std::string& token : seen.revoked) {
      EXPECT_FALSE(server.IsAccessToken(token));
      EXPECT_FALSE(server.IsRefreshToken(token));
    }
    if (!shredded) {
      EXPECT_EQ(FieldOf(*store, "mail", kAccessToken), kFirstAccess);
      EXPECT_EQ(StateOf(), State::kActive);
    }
    TearDown();
    std::filesystem::remove_all(state());
    std::filesystem::remove(scratch_.folder() / "kek");
  }
}

TEST_F(RefresherTest, ClientCredentialsAreNeverInDoubt) {
  options.failure_pause = std::chrono::milliseconds(0);
  Begin();
  StoredConnection connection = OAuth(server);
  connection.oauth->kind = OAuthGrant::Kind::kClientCredentials;
  connection.oauth->authentication = oauth::ClientAuthentication::kSecretPost;
  ASSERT_TRUE(store->Put("mail", connection,
                         Fields({{std::string(kAccessToken), kFirstAccess}, {std::string(kClientSecret), "c-secret"}}),
                         ConnectionStore::IfThere::kRefuse));
  for (const Token token : {Token::kDrop, Token::kDoAndDrop, Token::kGarbage}) {
    server.Behave({.token = token});
    EXPECT_FALSE(Refresh());
    EXPECT_EQ(StateOf(), State::kActive);
  }
  ASSERT_TRUE(store->BeginRefresh("mail", *store->Load("mail")));  // as if somebody had died
  server.Behave({});
  EXPECT_TRUE(Refresh());
  EXPECT_TRUE(server.IsAccessToken(FieldOf(*store, "mail", kAccessToken)));
}

TEST_F(RefresherTest, ATokenWithoutASuccessorIsUsedToItsEnd) {
  Begin();
  for (const bool over : {false, true}) {
    StoredConnection connection = OAuth(server);
    if (!over) connection.oauth->access_expires = ConnectionStore::Now() + std::chrono::hours(1);
    ASSERT_TRUE(store->Put("mail", connection, Fields({{std::string(kAccessToken), kFirstAccess}}),
                           ConnectionStore::IfThere::kReplace));
    const auto result = Refresh();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::kRefused);
    EXPECT_THAT(result.error().message, HasSubstr("no refresh token"));
    EXPECT_EQ(StateOf(), over ? State::kNeedsReauth : State::kActive);
  }
  EXPECT_EQ(server.seen().token_requests, 0);
}

TEST_F(RefresherTest, WhatIsNoOAuthConnectionOrNotThereIsRefused) {
  Begin();
  ASSERT_TRUE(store->Put("crm", Plain(), Fields({{"token", "0123456789abcdef"}}), ConnectionStore::IfThere::kRefuse));
  EXPECT_THAT(RefreshFrom(0, "crm").error().message, HasSubstr("is no OAuth connection"));
  EXPECT_THAT(RefreshFrom(0, "nothing").error().message, HasSubstr("has no connection"));
}

TEST_F(RefresherTest, WhoGoesLeavesTheOthersAlone) {
  Begin();
  PutOAuth(*store, server);
  server.Behave({.token = Token::kSilence});
  bool told = false;
  refresher->Refresh(store, "mail", store->Load("mail")->token_generation,
                     [&](const Result<Snapshot>&) { told = true; });
  party->RunUntil([&] { return server.seen().token_requests == 1; });
  refresher.reset();
  party->RunUntil([&] { return true; });
  EXPECT_FALSE(told);
  // The next one finds what had begun.
  server.Behave({});
  refresher = std::make_unique<Refresher>(party->loop, party->broker, party->workers, state(), options);
  EXPECT_FALSE(Refresh());
  EXPECT_EQ(StateOf(), State::kInDoubt);
  EXPECT_EQ(server.seen().token_requests, 1);
}

// No file grows while it lives: what a full disk does to every write.
class FullDisk {
 public:
  FullDisk() : former_signal_(::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &former_);
    const rlimit none{0, former_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() {
    ::setrlimit(RLIMIT_FSIZE, &former_);
    ::signal(SIGXFSZ, former_signal_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
  FullDisk(FullDisk&&) = delete;
  FullDisk& operator=(FullDisk&&) = delete;

 private:
  void (*former_signal_)(int);
  rlimit former_{};
};

TEST_F(RefresherTest, WhereTheIntentCannotBeWrittenNothingIsSent) {
  std::optional<FullDisk> full;
  options.on_step = [&](std::string_view step) {
    if (step == "loaded") full.emplace();
  };
  Begin();
  PutOAuth(*store, server);
  const std::uint64_t seen = store->Load("mail")->token_generation;
  const auto result = RefreshFrom(seen);
  full.reset();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kInternal) << result.error().message;
  EXPECT_EQ(server.seen().token_requests, 0);
  EXPECT_EQ(StateOf(), State::kActive);
  options.on_step = [](std::string_view) {};
  refresher = std::make_unique<Refresher>(party->loop, party->broker, party->workers, state(), options);
  EXPECT_TRUE(RefreshFrom(seen));
}

TEST_F(RefresherTest, WhatTheServerGaveOutlivesAMomentOfAFullDisk) {
  std::optional<FullDisk> full;
  std::unique_ptr<boost::asio::steady_timer> room;
  options.store_pause = std::chrono::milliseconds(20);
  options.store_tries = 100;
  options.on_step = [&](std::string_view step) {
    if (step != "answered") return;
    full.emplace();
    room = std::make_unique<boost::asio::steady_timer>(party->loop, std::chrono::milliseconds(100));
    room->async_wait([&](const boost::system::error_code&) { full.reset(); });
  };
  Begin();
  PutOAuth(*store, server);
  const auto result = Refresh();
  room.reset();
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(server.seen().token_requests, 1);
  EXPECT_TRUE(server.IsAccessToken(FieldOf(*store, "mail", kAccessToken)));
  EXPECT_TRUE(server.IsRefreshToken(FieldOf(*store, "mail", kRefreshToken)));
}

TEST_F(RefresherTest, ADiskThatStaysFullLeavesDoubtAndNoSecondUse) {
  std::optional<FullDisk> full;
  options.store_pause = std::chrono::milliseconds(1);
  options.on_step = [&](std::string_view step) {
    if (step == "answered") full.emplace();
  };
  Begin();
  PutOAuth(*store, server);
  const auto result = Refresh();
  full.reset();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::kInternal) << result.error().message;
  EXPECT_EQ(server.seen().revoked.size(), 2U) << "what nobody has, nobody is to use";
  for (const std::string& token : server.seen().revoked) {
    EXPECT_FALSE(server.IsAccessToken(token) || server.IsRefreshToken(token));
  }
  const auto next = Refresh();
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().kind, ErrorKind::kRefused);
  EXPECT_EQ(StateOf(), State::kInDoubt);
  EXPECT_EQ(server.seen().token_requests, 1);
}

TEST_F(RefresherTest, ADiskThatStaysFullLeavesTheRefreshTokenOfAServerThatKeepsItAlone) {
  std::optional<FullDisk> full;
  options.store_pause = std::chrono::milliseconds(1);
  options.on_step = [&](std::string_view step) {
    if (step == "answered" && server.seen().token_requests == 2) full.emplace();
  };
  Begin();
  PutOAuth(*store, server);
  server.Behave({.rotates = false});
  ASSERT_TRUE(Refresh());
  EXPECT_FALSE(Refresh());
  full.reset();
  const auto seen = server.seen();
  ASSERT_EQ(seen.revoked.size(), 1U) << "the access token";
  EXPECT_FALSE(server.IsRefreshToken(seen.revoked.front()));
  EXPECT_TRUE(Refresh()) << "with the same refresh token";
  EXPECT_EQ(StateOf(), State::kActive);
}

// That nothing was sent has to be written down: the intent that stands there says that something may have been.
TEST_F(RefresherTest, ARefreshThatWasNotSentIsNotInDoubtAfterAMomentOfAFullDisk) {
  std::optional<FullDisk> full;
  std::unique_ptr<boost::asio::steady_timer> room;
  options.store_pause = std::chrono::milliseconds(20);
  options.store_tries = 100;
  options.failure_pause = std::chrono::milliseconds(0);
  options.on_step = [&](std::string_view step) {
    if (step != "answered" || room) return;
    full.emplace();
    room = std::make_unique<boost::asio::steady_timer>(party->loop, std::chrono::milliseconds(100));
    room->async_wait([&](const boost::system::error_code&) { full.reset(); });
  };
  Begin();
  StoredConnection connection = OAuth(server);
  connection.oauth->server.token_endpoint = "http://127.0.0.1:1/token";  // nobody listens there
  ASSERT_TRUE(store->Put("mail", connection,
                         Fields({{std::string(kAccessToken), kFirstAccess}, {std::string(kRefreshToken), "r-1"}}),
                         ConnectionStore::IfThere::kRefuse));
  EXPECT_FALSE(Refresh());
  EXPECT_FALSE(full);
  EXPECT_FALSE(store->Load("mail")->refresh_begun);
  EXPECT_THAT(Refresh().error().message, HasSubstr("was not refreshed: the token endpoint"));
  EXPECT_EQ(StateOf(), State::kActive);
  room.reset();
}

// Somebody deletes the lock's file: two hold it at once, and still no token is sent twice.
TEST_F(RefresherTest, WithoutTheLockTheIntentStillKeepsATokenFromBeingSentTwice) {
  Begin();
  PutOAuth(*store, server);
  server.Behave({.delay = std::chrono::milliseconds(200)});
  std::optional<Result<Snapshot>> first;
  refresher->Refresh(store, "mail", store->Load("mail")->token_generation,
                     [&](Result<Snapshot> done) { first = std::move(done); });
  party->RunUntil([&] { return server.seen().token_requests == 1; });
  std::filesystem::remove_all(state() / "locks");
  Refresher second(party->loop, party->broker, party->workers, state(), options);
  std::optional<Result<Snapshot>> other;
  second.Refresh(store, "mail", store->Load("mail")->token_generation,
                 [&](Result<Snapshot> done) { other = std::move(done); });
  party->RunUntil([&] { return first && other; });
  EXPECT_EQ(server.seen().token_requests, 1);
  EXPECT_EQ(server.seen().reuses, 0);
  EXPECT_EQ(StateOf(), State::kInDoubt);
  EXPECT_EQ(server.seen().revoked.size(), 2U) << "what the first got is nobody's";
}

// Children are made before anything here has threads.
class RefreshProcessesTest : public ConnectionsTest {
 protected:
  void SetUp() override { ASSERT_EQ(::pipe(go_.data()), 0); }
  void TearDown() override {
    ::close(go_[0]);
    ::close(go_[1]);
  }
  // In a child: waits for the parent to say which token is over.
  std::uint64_t AwaitGo() {
    std::uint64_t seen = 0;
    EXPECT_EQ(::read(go_[0], &seen, sizeof(seen)), static_cast<ssize_t>(sizeof(seen)));
    return seen;
  }
  void Go(std::uint64_t seen) { ASSERT_EQ(::write(go_[1], &seen, sizeof(seen)), static_cast<ssize_t>(sizeof(seen))); }
  // In a child: `callers` ask, and the results are looked at.
  void Ask(int callers, const RefresherOptions& options, const std::function<void(const Result<Snapshot>&)>& look) {
    const std::uint64_t seen = AwaitGo();
    Party party;
    const auto store = StoreOf(OpenStores());
    Refresher refresher(party.loop, party.broker, party.workers, state(), options);
    int done = 0;
    for (int i = 0; i < callers; ++i) {
      refresher.Refresh(store, "mail", seen, [&](const Result<Snapshot>& result) {
        look(result);
        ++done;
      });
    }
    party.RunUntil([&] { return done == callers; });
  }

  std::array<int, 2> go_{};
};

TEST_F(RefreshProcessesTest, CallersInTwoProcessesAreOneRequest) {
  std::vector<pid_t> children;
  for (int i = 0; i < 2; ++i) {
    children.push_back(store::StartChild(
        [&] { Ask(500, {}, [](const Result<Snapshot>& result) { EXPECT_TRUE(result) << result.error().message; }); }));
  }
  AuthorizationServer server;
  const auto stores = MakeStores();
  const auto store = StoreOf(stores);
  PutOAuth(*store, server);
  server.Behave({.delay = std::chrono::milliseconds(100)});
  const std::uint64_t seen = store->Load("mail")->token_generation;
  Go(seen);
  Go(seen);
  for (const pid_t child : children) EXPECT_EQ(store::Wait(child), 0);
  EXPECT_EQ(server.seen().token_requests, 1);
  EXPECT_EQ(Audited(*stores, "refreshed"), 1U);
}

// What another process finds of one that was killed; the server rotates refresh tokens, and counts their second use.
void CheckAfterwards(const std::string& where, AuthorizationServer& server, const std::shared_ptr<TenantStores>& stores,
                     const std::shared_ptr<ConnectionStore>& store) {
  Party party;
  Refresher refresher(party.loop, party.broker, party.workers, stores->state(), {});
  for (int i = 0; i < 2; ++i) {
    const auto before = store->Load("mail");
    ASSERT_TRUE(before) << where << ": " << before.error().message;
    std::optional<Result<Snapshot>> result;
    refresher.Refresh(store, "mail", before->token_generation,
                      [&](Result<Snapshot> done) { result = std::move(done); });
    party.RunUntil([&] { return result.has_value(); });
    const auto after = store->Load("mail");
    ASSERT_TRUE(after) << where << ": " << after.error().message;
    EXPECT_FALSE(after->refresh_begun) << where;
    if (result && *result) {
      EXPECT_EQ(after->connection.state, State::kActive) << where;
    } else {
      EXPECT_EQ(after->connection.state, State::kInDoubt) << where << ": " << result->error().message;
      EXPECT_NE(after->connection.reason, "") << where;
      EXPECT_NE(ConnectionStore::CheckActive("mail", *after).error().message.find("warder connect mail --replace"),
                std::string::npos);
    }
  }
  EXPECT_EQ(server.seen().reuses, 0) << where;
}

class KilledRefreshTest : public RefreshProcessesTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(KilledRefreshTest, NeverUsesARotatedTokenTwiceAndLeavesAClearState) {
  const std::string step = GetParam();
  RefresherOptions options;
  options.on_step = [&](std::string_view at) {
    if (at == step) ::kill(::getpid(), SIGKILL);
  };
  const pid_t child = store::StartChild([&] { Ask(3, options, [](const Result<Snapshot>&) {}); });
  AuthorizationServer server;
  if (step == "sent") server.Behave({.token = Token::kSilence});
  const auto stores = MakeStores();
  const auto store = StoreOf(stores);
  PutOAuth(*store, server);
  Go(store->Load("mail")->token_generation);
  if (step == "sent") {
    while (server.seen().token_requests == 0) ::poll(nullptr, 0, 1);
    ::kill(child, SIGKILL);
    server.Behave({});
  }
  const int status = store::Wait(child);
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
  const int sent = server.seen().token_requests;
  CheckAfterwards(step, server, stores, store);
  const bool in_doubt = step == "begun" || step == "sent" || step == "answered";
  EXPECT_EQ(store->Load("mail")->connection.state, in_doubt ? State::kInDoubt : State::kActive);
  EXPECT_EQ(server.seen().token_requests, in_doubt ? sent : sent + 2);
  EXPECT_NE(in_doubt, server.IsAccessToken(FieldOf(*store, "mail", kAccessToken)));
  EXPECT_TRUE((*stores->vault().OpenTenant(Acme()))->Verify());
}

INSTANTIATE_TEST_SUITE_P(Steps, KilledRefreshTest,
                         ::testing::Values("locked", "loaded", "begun", "sent", "answered", "stored"));

// And between the steps, inside of writes: at calls of SQLite's that change a file, counted.
TEST_F(RefreshProcessesTest, KilledAtAnyWriteItLeavesAClearState) {
  constexpr int kRounds = 24;
  std::array<std::array<int, 2>, kRounds> pipes{};
  std::vector<pid_t> children;
  const auto own = go_;
  for (int round = 0; round < kRounds; ++round) {
    auto& each = pipes.at(static_cast<std::size_t>(round));
    ASSERT_EQ(::pipe(each.data()), 0);
    children.push_back(store::StartChild([&] {
      go_ = each;
      vault::DieAtStep(1 + round, round % 2 == 0 ? vault::Death::kBefore : vault::Death::kWithin);
      Ask(1, {}, [](const Result<Snapshot>&) {});
    }));
  }
  AuthorizationServer server;
  const auto stores = MakeStores();
  const auto store = StoreOf(stores);
  int killed = 0;
  int doubts = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto& pipe = pipes.at(static_cast<std::size_t>(round));
    PutOAuth(*store, server, "mail", ConnectionStore::IfThere::kReplace);
    go_ = pipe;
    Go(store->Load("mail")->token_generation);
    const int status = store::Wait(children.at(static_cast<std::size_t>(round)));
    const bool died = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    EXPECT_TRUE(died || status == 0) << status;
    CheckAfterwards("round " + std::to_string(round), server, stores, store);
    killed += died ? 1 : 0;
    doubts += store->Load("mail")->connection.state == State::kInDoubt ? 1 : 0;
    ::close(pipe[0]);
    ::close(pipe[1]);
  }
  go_ = own;
  std::printf("%d of %d were killed; %d are in doubt\n", killed, kRounds, doubts);
  EXPECT_GT(killed, 3) << "the control: there were steps";
  EXPECT_GT(doubts, 0);
  EXPECT_LT(doubts, killed) << "some had not begun, or had come to the end";
}

}  // namespace
}  // namespace warder::connections::testing
