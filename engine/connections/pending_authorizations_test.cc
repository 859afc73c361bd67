// Pending authorizations in the vault: bound, used once in all processes, over in time, counted, and recorded.
#include "engine/connections/pending_authorizations.h"

#include <unistd.h>

#include <array>
#include <optional>
#include <string>

#include "engine/connections/grant_request.h"
#include "engine/connections/testing/connections_fixture.h"
#include "engine/store/testing/children.h"

namespace warder::connections::testing {
namespace {

using std::chrono::minutes;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kIssuer = "https://as.test";
constexpr const char* kSession = "hash of a session";
const std::string kCallback = oauth::RedirectUriFor("https://platform.test/callback", kIssuer);
constexpr const char* kClientCanary = "client-canary-0123456789";

class PendingAuthorizationsTest : public ConnectionsTest {
 protected:
  static std::shared_ptr<vault::TenantVault> VaultOf(TenantStores& stores, const store::TenantId& tenant = Acme()) {
    auto store = stores.Of(tenant);
    EXPECT_TRUE(store);
    return (*store)->vault();
  }
  PendingAuthorizations Of(TenantStores& stores) {
    return PendingAuthorizations(VaultOf(stores), [this] { return now; });
  }
  // Where the browser comes back.
  static std::string At(const std::string& query) { return kCallback + "?" + query; }
  // Begun for `name`; `state` is told.
  PendingConnection Begin(std::string* state, const std::string& name = "mail",
                          oauth::ServerMetadata::Iss iss = oauth::ServerMetadata::Iss::kNotPromised) {
    PendingConnection pending;
    pending.policy = kOAuthPolicy;
    pending.options = {.replace = true,
                       .lifetime = std::chrono::hours(1),
                       .idle_limit = std::chrono::hours(2),
                       .rotate_after = std::chrono::hours(3)};
    OAuthGrant& grant = pending.prepared.grant;
    grant.server.issuer = kIssuer;
    grant.server.authorization_endpoint = "https://as.test/authorize";
    grant.server.token_endpoint = "https://as.test/token";
    grant.server.iss = iss;
    grant.client_id = "client";
    grant.authentication = oauth::ClientAuthentication::kSecretBasic;
    grant.requested = {"read", "write"};
    pending.prepared.secrets.emplace(kClientSecret, Secret(kClientCanary));
    oauth::AuthorizationRequest request;
    request.bearer = {kSession, "acme"};
    request.connection = name;
    request.redirect_uri = kCallback;
    request.scope = grant.requested;
    auto begun = oauth::BeginAuthorization(ProviderOf(grant, pending.prepared.secrets), std::move(request), now);
    EXPECT_TRUE(begun) << (begun ? "" : begun.error().message);
    *state = begun->pending.state.view();
    pending.authorization = std::move(begun->pending);
    return pending;
  }
  std::string Kept(TenantStores& stores, const std::string& name = "mail",
                   oauth::ServerMetadata::Iss iss = oauth::ServerMetadata::Iss::kNotPromised) {
    std::string state;
    const auto kept = Of(stores).Keep(Begin(&state, name, iss));
    EXPECT_TRUE(kept) << (kept ? "" : kept.error().message);
    return state;
  }
  static std::size_t Records(TenantStores& stores) { return VaultOf(stores)->List()->size(); }
  // What it was refused with.
  std::string Refusal(TenantStores& stores, const std::string& query, const std::string& session = kSession) {
    const std::size_t before = Audited(stores, "authorization refused");
    const auto answered = Of(stores).Answer(At(query), session);
    if (answered) return {};
    EXPECT_EQ(answered.error().kind, ErrorKind::kRefused);
    EXPECT_EQ(Audited(stores, "authorization refused"), before + 1);
    EXPECT_THAT(AuditOf(stores).back(), HasSubstr("\"reason\":\"" + answered.error().message.substr(0, 20)));
    EXPECT_THAT(AuditOf(stores).back(), Not(HasSubstr("c0de")));
    return answered.error().message;
  }

  std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
};

TEST_F(PendingAuthorizationsTest, EveryMemberComesBackInAnotherProcess) {
  std::string state;
  PendingConnection begun;
  {
    const auto stores = MakeStores();
    begun = Begin(&state);
    ASSERT_TRUE(Of(*stores).Keep(begun));
  }
  const auto stores = OpenStores();
  auto answered = Of(*stores).Answer(At("code=c0de&state=" + state + "&iss=https%3A%2F%2Fas.test"), kSession);
  ASSERT_TRUE(answered) << answered.error().message;
  EXPECT_EQ(answered->code.code.view(), "c0de");
  EXPECT_EQ(answered->code.verifier.view(), begun.authorization.verifier.view());
  EXPECT_EQ(answered->code.issuer, kIssuer);
  EXPECT_EQ(answered->code.token_endpoint, "https://as.test/token");
  EXPECT_EQ(answered->code.redirect_uri, kCallback);
  EXPECT_EQ(answered->code.scope, (oauth::ScopeSet{"read", "write"}));
  const PendingConnection& pending = answered->pending;
  EXPECT_EQ(pending.authorization.connection, "mail");
  EXPECT_TRUE(pending.authorization.verifier.empty());
  EXPECT_EQ(pending.policy, kOAuthPolicy);
  EXPECT_EQ(pending.prepared.grant.server.authorization_endpoint, "https://as.test/authorize");
  EXPECT_EQ(pending.prepared.grant.authentication, oauth::ClientAuthentication::kSecretBasic);
  EXPECT_EQ(pending.prepared.secrets.at(std::string(kClientSecret)).view(), kClientCanary);
  EXPECT_TRUE(pending.options.replace);
  EXPECT_EQ(pending.options.lifetime, std::chrono::hours(1));
  EXPECT_EQ(pending.options.idle_limit, std::chrono::hours(2));
  EXPECT_EQ(pending.options.rotate_after, std::chrono::hours(3));
  EXPECT_EQ(Records(*stores), 0U);
  EXPECT_THAT(AuditOf(*stores), ElementsAre(HasSubstr("authorization begun"), HasSubstr("authorization answered")));
}

TEST_F(PendingAuthorizationsTest, NothingOfItIsReadableOnTheDiskAndItIsNoConnection) {
  const auto stores = MakeStores();
  std::string state;
  const PendingConnection pending = Begin(&state);
  ASSERT_TRUE(Of(*stores).Keep(pending));
  std::string all;
  for (const auto& file : std::filesystem::recursive_directory_iterator(state_)) {
    if (file.is_regular_file()) all += store::BytesOf(file.path());
  }
  EXPECT_THAT(all, HasSubstr("#authorization ")) << "the control";
  for (const std::string& secret :
       {state, std::string(pending.authorization.verifier.view()), std::string(kClientCanary), std::string(kSession)}) {
    EXPECT_THAT(all, Not(HasSubstr(secret)));
  }
  EXPECT_THAT(*StoreOf(stores)->Names(), IsEmpty());
  EXPECT_TRUE(VaultOf(*stores)->Verify());
  ASSERT_TRUE(VaultOf(*stores)->RotateDataKey());
  EXPECT_TRUE(Of(*stores).Answer(At("code=c0de&state=" + state), kSession)) << "it is sealed like any other record";
}

TEST_F(PendingAuthorizationsTest, AnAnswerCountsOnce) {
  const auto stores = MakeStores();
  const std::string query = "code=c0de&state=" + Kept(*stores);
  ASSERT_TRUE(Of(*stores).Answer(At(query), kSession));
  EXPECT_THAT(Refusal(*stores, query), HasSubstr("it has ended or expired"));
}

TEST_F(PendingAuthorizationsTest, OfTwoProcessesWithOneAnswerOneHasIt) {
  constexpr int kAnswers = 20;
  struct Query {
    std::array<char, 64> state{};
  };
  std::array<std::array<int, 2>, 2> to{};  // a pipe to each child
  std::array<int, 2> back{};
  ASSERT_EQ(::pipe(back.data()), 0);
  std::vector<pid_t> children;
  for (auto& pipe : to) {
    ASSERT_EQ(::pipe(pipe.data()), 0);
    children.push_back(store::StartChild([&] {
      std::shared_ptr<TenantStores> stores;
      for (int i = 0; i < kAnswers; ++i) {
        Query query;
        ASSERT_EQ(::read(pipe[0], &query, sizeof(query)), static_cast<ssize_t>(sizeof(query)));
        if (!stores) stores = OpenStores();
        const auto answered = Of(*stores).Answer(At("code=c0de&state=" + std::string(query.state.data())), kSession);
        if (!answered) {
          EXPECT_THAT(answered.error().message, HasSubstr("it has ended or expired"));
        }
        const char told = answered ? '1' : '0';
        ASSERT_EQ(::write(back[1], &told, 1), 1);
      }
    }));
  }
  const auto stores = MakeStores();
  for (int i = 0; i < kAnswers; ++i) {
    Query query;
    Kept(*stores).copy(query.state.data(), query.state.size() - 1);
    for (auto& pipe : to) ASSERT_EQ(::write(pipe[1], &query, sizeof(query)), static_cast<ssize_t>(sizeof(query)));
    int answered = 0;
    for (int child = 0; child < 2; ++child) {
      char told = 0;
      ASSERT_EQ(::read(back[0], &told, 1), 1);
      answered += told == '1' ? 1 : 0;
    }
    EXPECT_EQ(answered, 1);
  }
  for (const pid_t child : children) EXPECT_EQ(store::Wait(child), 0);
  EXPECT_EQ(Audited(*stores, "authorization answered"), static_cast<std::size_t>(kAnswers));
  for (const auto& pipe : {to[0], to[1], back}) {
    ::close(pipe[0]);
    ::close(pipe[1]);
  }
}

TEST_F(PendingAuthorizationsTest, WhatItIsBoundToMustFit) {
  const auto stores = MakeStores();
  ASSERT_TRUE(stores->Create(Other()));
  using enum oauth::ServerMetadata::Iss;
  EXPECT_THAT(Refusal(*stores, "code=c0de&state=" + Kept(*stores), "another"), HasSubstr("another session"));
  EXPECT_THAT(Refusal(*stores, "code=c0de&iss=https%3A%2F%2Fevil.test&state=" + Kept(*stores)), HasSubstr("mixes up"));
  EXPECT_THAT(Refusal(*stores, "code=c0de&state=" + Kept(*stores, "mail", kPromised)), HasSubstr("name its issuer"));
  EXPECT_THAT(Refusal(*stores, "error=access_denied&state=" + Kept(*stores)), HasSubstr("consent (access_denied)"));
  EXPECT_THAT(Refusal(*stores, "state=" + Kept(*stores)), HasSubstr("exactly one of a code and an error"));
  EXPECT_EQ(Records(*stores), 0U) << "an answer with the state of one ends it";

  const std::string state = Kept(*stores);
  const std::size_t kept = Records(*stores);
  EXPECT_THAT(Refusal(*stores, "code=c0de&state=" + state.substr(1)), HasSubstr("no authorization with the state"));
  EXPECT_THAT(Refusal(*stores, "code=c0de"), HasSubstr("has no state"));
  EXPECT_THAT(Refusal(*stores, ""), HasSubstr("has no state"));
  EXPECT_THAT(Refusal(*stores, "code=c0de&state=" + state + "&state=" + state), HasSubstr("a parameter twice"));
  EXPECT_THAT(Refusal(*stores, "code=%zz&state=" + state), HasSubstr("no well-formed query"));
  const auto foreign =
      PendingAuthorizations(VaultOf(*stores, Other())).Answer(At("code=c0de&state=" + state), kSession);
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().message, HasSubstr("belongs to another tenant"));
  EXPECT_EQ(Records(*stores), kept) << "and nothing else does";
  EXPECT_TRUE(Of(*stores).Answer(At("code=c0de&state=" + state), kSession));
}

TEST_F(PendingAuthorizationsTest, WhatTheServerCannotDoNowIsNoRefusal) {
  const auto stores = MakeStores();
  const auto answered = Of(*stores).Answer(At("error=temporarily_unavailable&state=" + Kept(*stores)), kSession);
  ASSERT_FALSE(answered);
  EXPECT_EQ(answered.error().kind, ErrorKind::kInternal);
}

TEST_F(PendingAuthorizationsTest, ItExpiresAndIsCleared) {
  const auto stores = MakeStores();
  const std::string late = Kept(*stores);
  now += minutes(11);
  EXPECT_THAT(Refusal(*stores, "code=c0de&state=" + late), HasSubstr("had expired"));
  EXPECT_EQ(Records(*stores), 0U);

  Kept(*stores, "forgotten");
  now += minutes(9);
  const std::string open = Kept(*stores);
  now += minutes(2);
  ASSERT_TRUE(Of(*stores).ClearExpired());
  EXPECT_EQ(Audited(*stores, "authorization expired"), 1U);
  EXPECT_THAT(AuditOf(*stores).back(), HasSubstr("forgotten"));
  EXPECT_TRUE(Of(*stores).Answer(At("code=c0de&state=" + open), kSession));
  EXPECT_EQ(Records(*stores), 0U);
  ASSERT_TRUE(Of(*stores).ClearExpired());
  EXPECT_EQ(Audited(*stores, "authorization expired"), 1U) << "nothing to clear is no event";
}

TEST_F(PendingAuthorizationsTest, TheirNumberIsBounded) {
  const auto stores = MakeStores();
  std::string state;
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(Of(*stores).Keep(Begin(&state), 3));
  const auto refused = Of(*stores).Keep(Begin(&state), 3);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kRefused);
  EXPECT_THAT(refused.error().message, HasSubstr("3 pending authorizations"));
  now += minutes(11);
  EXPECT_TRUE(Of(*stores).Keep(Begin(&state), 3)) << "those that have expired do not count";
  EXPECT_EQ(Audited(*stores, "authorization expired"), 3U);
}

}  // namespace
}  // namespace warder::connections::testing
