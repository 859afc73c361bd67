// The public vault: every function once as it is meant, and once as it is not. Each error is one sentence and holds no
// secret.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "engine/connections/testing/public_vault_fixture.h"
#include "sandbox/base/unique_fd.h"

namespace warder::connections::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST_F(PublicVaultTest, ItIsOpenedWithAKeyThatIsMadeOnce) {
  EXPECT_TRUE(vault->made_key());
  vault.reset();
  EXPECT_FALSE(Vault::Open(Options())->made_key());
  EXPECT_EQ(Vault::Open(Options())->Tenants(), std::vector<std::string>{"acme"});
  VaultOptions other = Options();
  other.key.file = scratch_.folder() / "other";
  EXPECT_NE(Error([&] { Vault::Open(other); }), "");
  other.key.kind = KeySource::Kind::kEnvironment;
  EXPECT_THAT(Error([&] { Vault::Open(other); }), HasSubstr("WARDER_KEK"));
  ::setenv("WARDER_KEK", kSecret, 1);
  EXPECT_NE(Error([&] { Vault::Open(other); }), "");
  EXPECT_EQ(std::getenv("WARDER_KEK"), nullptr);
  other.key.kind = KeySource::Kind::kPkcs11;
  other.key.module = scratch_.folder() / "no-module";
  other.key.pin = kSecret;
  Error([&] { Vault::Open(other); });
  EXPECT_NE(Error([] { Vault::Open({.folder = "/dev/null/state", .key = {.file = "/dev/null/kek"}}); }), "");
}

TEST_F(PublicVaultTest, TenantsAreMadeListedAndShredded) {
  vault->CreateTenant("other-1");
  EXPECT_THAT(vault->Tenants(), ElementsAre("acme", "other-1"));
  EXPECT_TRUE(vault->HasTenant("acme"));
  EXPECT_FALSE(vault->HasTenant("nobody"));
  EXPECT_NE(Error([&] { vault->CreateTenant("acme"); }), "");
  for (const std::string name : {"", "A", "../x", ".x", "a/b"}) {
    EXPECT_NE(Error([&] { vault->CreateTenant(name); }), "") << name;
    EXPECT_NE(Error([&] { vault->HasTenant(name); }), "") << name;
  }
  Connect();
  vault->ShredTenant("acme");
  EXPECT_FALSE(vault->HasTenant("acme"));
  EXPECT_NE(Error([&] { vault->ShredTenant("acme"); }), "");
  EXPECT_THAT(Error([&] { vault->Connections("acme"); }), HasSubstr("no tenant acme"));
  vault->CreateTenant("acme");
  EXPECT_THAT(vault->Connections("acme"), IsEmpty());
}

TEST_F(PublicVaultTest, KeysAreRotatedAndEverythingStaysReadable) {
  Connect();
  EXPECT_EQ(vault->RotateKey(Options().key), 1U);
  vault->RotateDataKey("acme");
  vault->Verify("acme");
  vault.reset();
  vault = Vault::Open(Options());
  vault->Verify("acme");
  vault->AcceptRestored("acme");  // where there is nothing to accept
  EXPECT_THAT(Events(), Not(HasSubstr("restored")));
  EXPECT_NE(Error([&] { vault->AcceptRestored("nobody"); }), "");
  EXPECT_THAT(vault->Connections("acme"), SizeIs(1));
  EXPECT_NE(Error([&] { vault->RotateDataKey("nobody"); }), "");
  EXPECT_NE(Error([&] { vault->Verify("nobody"); }), "");
  EXPECT_NE(Error([&] { vault->RotateKey({.kind = KeySource::Kind::kEnvironment}); }), "");
}

TEST_F(PublicVaultTest, ACredentialIsConnected) {
  Connect(
      "crm",
      {.lifetime = std::chrono::hours(1), .idle_limit = std::chrono::hours(2), .rotate_after = std::chrono::hours(3)});
  const auto all = vault->Connections("acme");
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].name, "crm");
  EXPECT_EQ(all[0].kind, "fields");
  EXPECT_EQ(all[0].state, "active");
  EXPECT_THAT(all[0].policy_sha256, SizeIs(64));
  ASSERT_TRUE(all[0].ends);
  EXPECT_EQ(*all[0].ends - all[0].created, std::chrono::hours(1));
  EXPECT_FALSE(all[0].last_used);

  EXPECT_THAT(Error([&] { Connect(); }), HasSubstr("--replace"));
  Connect("crm", {.replace = true});
  EXPECT_NE(Error([&] { vault->Connect("nobody", "crm", kPlainPolicy, {{"token", kSecret}}); }), "");
  EXPECT_NE(Error([&] { vault->Connect("acme", "a b", kPlainPolicy, {{"token", kSecret}}); }), "");
  EXPECT_NE(Error([&] { vault->Connect("acme", "x", "nonsense", {{"token", kSecret}}); }), "");
  EXPECT_NE(Error([&] { vault->Connect("acme", "x", kPlainPolicy, {{"other", kSecret}}); }), "");
  EXPECT_NE(Error([&] { vault->Connect("acme", "x", kPlainPolicy, {{"token", kSecret}, {"token", kSecret}}); }), "");
  for (const std::chrono::seconds wrong :
       {std::chrono::seconds(0), std::chrono::seconds(-1), std::chrono::seconds::max()}) {
    EXPECT_THAT(Error([&] { Connect("x", {.lifetime = wrong}); }), HasSubstr("lifetime"));
    EXPECT_THAT(Error([&] { Connect("x", {.idle_limit = wrong}); }), HasSubstr("idle limit"));
    EXPECT_THAT(Error([&] { Connect("x", {.rotate_after = wrong}); }), HasSubstr("renewed"));
  }
  EXPECT_THAT(vault->Connections("acme"), SizeIs(1));
}

TEST_F(PublicVaultTest, AnAuthorizationWithoutAPersonRefreshAndRevocation) {
  vault->Authorize("acme", "mail", ClientCredentials(), {});
  EXPECT_EQ(server.seen().token_requests, 1);
  const auto before = vault->Connections("acme");
  ASSERT_THAT(before, SizeIs(1));
  EXPECT_EQ(before[0].kind, "client_credentials");
  EXPECT_EQ(before[0].issuer, server.origin());
  EXPECT_TRUE(before[0].access_expires);
  vault->Refresh("acme", "mail");
  EXPECT_EQ(server.seen().token_requests, 2);
  EXPECT_THAT(Error([&] { vault->Authorize("acme", "mail", ClientCredentials(), {}); }), HasSubstr("--replace"));
  vault->Authorize("acme", "mail", ClientCredentials(), {}, {.replace = true});

  const auto gone = vault->Disconnect("acme", "mail");
  EXPECT_EQ(gone.at_server, DisconnectResult::AtServer::kRevoked) << gone.why;
  EXPECT_THAT(server.seen().revoked, SizeIs(2)) << "the access token, and the one that was replaced";
  EXPECT_THAT(vault->Connections("acme"), IsEmpty());
  EXPECT_THAT(Error([&] { vault->Disconnect("acme", "mail"); }), HasSubstr("no connection \"mail\""));
  EXPECT_THAT(Error([&] { vault->Refresh("acme", "mail"); }), HasSubstr("no connection \"mail\""));
  EXPECT_THAT(Events(), Not(HasSubstr(AuthorizationServer::kMark)));
}

TEST_F(PublicVaultTest, AnAuthorizationThatCannotBeMadeStoresNothing) {
  const auto refused = [&](const std::function<void(OAuthSetup&)>& change, Status status = Status::kInvalid) {
    OAuthSetup setup = ClientCredentials();
    change(setup);
    return Error([&] { vault->Authorize("acme", "mail", setup, {}); }, status);
  };
  EXPECT_NE(refused([](OAuthSetup& setup) { setup.policy = "nonsense"; }), "");
  EXPECT_NE(refused([](OAuthSetup& setup) { setup.policy = kPlainPolicy; }), "");
  EXPECT_NE(refused([](OAuthSetup& setup) { setup.scopes = {"a b\n"}; }), "");
  EXPECT_NE(refused([](OAuthSetup& setup) { setup.issuer = "ftp://as.test"; }), "");
  EXPECT_NE(refused([](OAuthSetup& setup) { setup.client_authentication = "mtls"; }), "");
  EXPECT_NE(refused([](OAuthSetup& setup) { setup.client_secret.clear(); }), "");
  EXPECT_NE(refused([](OAuthSetup& setup) { setup.issuer = "http://127.0.0.1:1"; }, Status::kFault), "");
  EXPECT_NE(Error([&] { vault->Authorize("nobody", "mail", ClientCredentials(), {}); }), "");
  EXPECT_NE(Error([&] { vault->Authorize("acme", "a b", ClientCredentials(), {}); }), "");
  EXPECT_NE(Error([&] { vault->Authorize("acme", "mail", ClientCredentials(), {.cancel_fd = 12345}); }), "");
  using Token = AuthorizationServer::Manners::Token;
  for (const Token token : {Token::kInvalidGrant, Token::kGarbage}) {
    server.Behave({.token = token});
    EXPECT_NE(refused([](OAuthSetup&) {}), "");
  }
  for (const Token token : {Token::kBusy, Token::kDrop}) {
    server.Behave({.token = token});
    EXPECT_NE(refused([](OAuthSetup&) {}, Status::kFault), "");
  }
  EXPECT_THAT(vault->Connections("acme"), IsEmpty());
}

// As a browser does it: to the redirect with a code, from another thread.
void Redirect(const std::string& url) {
  const auto parameter = [&](const std::string& name) {
    const std::size_t at = url.find(name + "=") + name.size() + 1;
    return url.substr(at, url.find('&', at) - at);
  };
  const std::string to = parameter("redirect_uri");  // http%3A%2F%2F127.0.0.1%3APORT%2Fcallback%2FMARK
  const std::size_t port_at = to.rfind("%3A") + 3;
  const std::string port = to.substr(port_at, to.find('%', port_at) - port_at);
  const std::string mark = to.substr(to.rfind("%2F") + 3);  // no other issuer's, for this one does not promise `iss`
  EXPECT_EQ(mark.size(), 16U) << to;
  const std::string state = parameter("state");
  std::thread([port, state, mark] {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
    const std::string request =
        "GET /callback/" + mark + "?code=c0de&state=" + state + " HTTP/1.1\r\nHost: 127.0.0.1:" + port + "\r\n\r\n";
    ASSERT_EQ(::write(socket.get(), request.data(), request.size()), static_cast<ssize_t>(request.size()));
    char byte = 0;
    while (::read(socket.get(), &byte, 1) > 0) {
    }
  }).detach();
}

TEST_F(PublicVaultTest, AnAuthorizationWithAPerson) {
  OAuthSetup setup = ClientCredentials();
  setup.grant = OAuthSetup::Grant::kAuthorizationCode;
  setup.client_secret.clear();
  OAuthPrompts prompts;
  prompts.open = Redirect;
  vault->Authorize("acme", "mail", setup, prompts);
  EXPECT_EQ(vault->Connections("acme").at(0).kind, "authorization_code");
  vault->Refresh("acme", "mail");
  EXPECT_EQ(vault->Disconnect("acme", "mail").at_server, DisconnectResult::AtServer::kRevoked);
  EXPECT_THAT(server.seen().revoked, SizeIs(2));
  EXPECT_EQ(server.seen().reuses, 0);
}

TEST_F(PublicVaultTest, TokensThatCannotBeStoredAreRevoked) {
  OAuthSetup setup = ClientCredentials();
  setup.grant = OAuthSetup::Grant::kAuthorizationCode;
  setup.client_secret.clear();
  OAuthPrompts prompts;
  prompts.open = [&](const std::string& url) {
    Connect("mail");  // somebody else takes the name meanwhile
    Redirect(url);
  };
  EXPECT_THAT(Error([&] { vault->Authorize("acme", "mail", setup, prompts); }), HasSubstr("--replace"));
  EXPECT_THAT(server.seen().revoked, SizeIs(2));
}

TEST_F(PublicVaultTest, APersonCanGiveUp) {
  OAuthSetup setup = ClientCredentials();
  setup.grant = OAuthSetup::Grant::kAuthorizationCode;
  setup.client_secret.clear();
  int give_up[2];
  ASSERT_EQ(::pipe(give_up), 0);
  OAuthPrompts prompts;
  prompts.cancel_fd = give_up[0];
  prompts.open = [&](const std::string&) { ASSERT_EQ(::write(give_up[1], "x", 1), 1); };
  EXPECT_THAT(Error([&] { vault->Authorize("acme", "mail", setup, prompts); }), HasSubstr("cancelled"));
  EXPECT_THAT(vault->Connections("acme"), IsEmpty());
  ::close(give_up[0]);
  ::close(give_up[1]);
}

TEST_F(PublicVaultTest, WhatIsTakenAwayHereIsGoneWhateverTheServerSays) {
  vault->Authorize("acme", "mail", ClientCredentials(), {});
  Connect();
  EXPECT_EQ(vault->Disconnect("acme", "crm").at_server, DisconnectResult::AtServer::kNothingToRevoke);
  {
    // To where nobody listens any more.
    const auto stores = vault->stores();
    const auto store = *stores->Of(Acme());
    StoredConnection moved = store->Load("mail")->connection;
    moved.oauth->server.revocation_endpoint = "http://127.0.0.1:1/revoke";
    ASSERT_TRUE(store->Put("mail", moved,
                           Fields({{std::string(kAccessToken), kFirstAccess}, {std::string(kClientSecret), kSecret}}),
                           ConnectionStore::IfThere::kReplace));
  }
  const auto gone = vault->Disconnect("acme", "mail");
  EXPECT_EQ(gone.at_server, DisconnectResult::AtServer::kFailed);
  EXPECT_THAT(gone.why, HasSubstr("the revocation endpoint at http://127.0.0.1:1"));
  EXPECT_THAT(gone.why, Not(HasSubstr(AuthorizationServer::kMark)));
  EXPECT_THAT(vault->Connections("acme"), IsEmpty());
}

// As an authorization in a browser leaves one; `endpoint` of revocation, "": the server has none.
class RevocationTest : public PublicVaultTest {
 protected:
  void PutGrant(const std::string& name, const std::string& endpoint) {
    StoredConnection connection = OAuth(server);
    connection.oauth->server.revocation_endpoint = endpoint;
    connection.oauth->access_expires = ConnectionStore::Now() + std::chrono::hours(1);
    refresh_tokens.push_back(server.FirstRefreshToken());
    ASSERT_TRUE(Store()->Put(name, connection,
                             Fields({{std::string(kAccessToken), "access-s3cr3tmark-" + name},
                                     {std::string(kRefreshToken), refresh_tokens.back()}}),
                             ConnectionStore::IfThere::kReplace));
  }
  std::shared_ptr<ConnectionStore> Store() { return *vault->stores()->Of(Acme()); }
  // Where nobody listens until somebody does.
  std::string Nowhere() const { return "http://127.0.0.1:1/revoke"; }
  std::string Endpoint() const { return server.origin() + "/revoke"; }
  // The server is there again: what is kept names its endpoint.
  void MendKept() {
    const auto store = Store();
    for (const auto& each : *store->revocations().List()) {
      auto taken = std::move(**store->revocations().Load(each.id));
      taken.oauth->server.revocation_endpoint = Endpoint();
      ASSERT_TRUE(store->revocations().KeepNew(each.connection, &taken));
      ASSERT_TRUE(store->revocations().Settle(each.id, std::nullopt));
    }
  }

  std::vector<std::string> refresh_tokens;
};

TEST_F(RevocationTest, WhatIsReplacedIsRevoked) {
  PutGrant("mail", Endpoint());
  const auto result = vault->Connect("acme", "mail", kPlainPolicy, {{"token", kSecret}}, {.replace = true});
  EXPECT_EQ(result.at_server, DisconnectResult::AtServer::kRevoked) << result.why;
  EXPECT_THAT(server.seen().revoked, ElementsAre(refresh_tokens[0], "access-s3cr3tmark-mail"));
  PutGrant("mail", Endpoint());
  vault->Authorize("acme", "mail", ClientCredentials(), {}, {.replace = true});
  EXPECT_THAT(server.seen().revoked, SizeIs(4));
  EXPECT_FALSE(server.IsRefreshToken(refresh_tokens[1]));
  EXPECT_EQ(vault->Connect("acme", "plain", kPlainPolicy, {{"token", kSecret}}).at_server,
            DisconnectResult::AtServer::kNothingToRevoke);
  EXPECT_THAT(vault->PendingRevocations("acme"), IsEmpty());
  EXPECT_THAT(Events(), HasSubstr("\"event\":\"revoked\""));
  EXPECT_THAT(Events(), Not(HasSubstr(AuthorizationServer::kMark)));
}

TEST_F(RevocationTest, WhatIsInDoubtIsRevokedWhenItIsReplaced) {
  PutGrant("mail", Endpoint());
  ASSERT_TRUE(Store()->FailRefresh("mail", *Store()->Load("mail"), State::kInDoubt, "it was cut off"));
  vault->Connect("acme", "mail", kPlainPolicy, {{"token", kSecret}}, {.replace = true});
  EXPECT_FALSE(server.IsRefreshToken(refresh_tokens[0]));
}

TEST_F(RevocationTest, WhatFailsIsKeptToldAndTriedAgain) {
  PutGrant("mail", Nowhere());
  const auto gone = vault->Disconnect("acme", "mail");
  EXPECT_EQ(gone.at_server, DisconnectResult::AtServer::kFailed);
  EXPECT_THAT(vault->Connections("acme"), IsEmpty());
  auto pending = vault->PendingRevocations("acme");
  ASSERT_THAT(pending, SizeIs(1));
  EXPECT_EQ(pending[0].connection, "mail");
  EXPECT_EQ(pending[0].issuer, server.origin());
  EXPECT_EQ(pending[0].tries, 1U);
  EXPECT_THAT(pending[0].why, HasSubstr("the revocation endpoint at http://127.0.0.1:1"));
  // In another process, too, and it says so again.
  vault.reset();
  vault = Vault::Open(Options());
  pending = vault->RevokePending("acme");
  ASSERT_THAT(pending, SizeIs(1));
  EXPECT_EQ(pending[0].tries, 2U);
  EXPECT_TRUE(server.IsRefreshToken(refresh_tokens[0])) << "the control";
  MendKept();
  EXPECT_THAT(vault->RevokePending("acme"), IsEmpty());
  EXPECT_THAT(server.seen().revoked, ElementsAre(refresh_tokens[0], "access-s3cr3tmark-mail"));
  EXPECT_THAT(Events(), HasSubstr("\"event\":\"revocation failed\""));
  EXPECT_THAT(Events(), Not(HasSubstr(AuthorizationServer::kMark)));
  vault->Verify("acme");
}

TEST_F(RevocationTest, ACrashBetweenARemovalAndItsRevocationLosesNothing) {
  PutGrant("mail", Endpoint());
  ASSERT_TRUE(Store()->Remove("mail"));  // and the process is gone
  vault.reset();
  vault = Vault::Open(Options());
  EXPECT_THAT(vault->PendingRevocations("acme"), SizeIs(1));
  EXPECT_THAT(server.seen().revoked, IsEmpty());
  vault->Review("acme");
  EXPECT_THAT(server.seen().revoked, SizeIs(2));
  EXPECT_THAT(vault->PendingRevocations("acme"), IsEmpty());
}

TEST_F(RevocationTest, AServerWithoutARevocationEndpointIsSaidPlainly) {
  const std::string plainly = "has no revocation_endpoint, so the tokens stay good there until they expire";
  PutGrant("mail", "");
  const auto gone = vault->Disconnect("acme", "mail");
  EXPECT_EQ(gone.at_server, DisconnectResult::AtServer::kFailed);
  EXPECT_THAT(gone.why, HasSubstr(plainly));
  EXPECT_THAT(vault->PendingRevocations("acme"), IsEmpty()) << "nobody can do it here";
  EXPECT_THAT(Events(), HasSubstr("\"event\":\"not revoked\""));
  PutGrant("mail", "");
  ASSERT_TRUE(Store()->End("mail", "its lifetime is over"));
  EXPECT_THAT(vault->Review("acme").at(0).remarks, ElementsAre(HasSubstr(plainly)));
}

TEST_F(RevocationTest, AReviewSaysWhatItCouldNotRevoke) {
  PutGrant("mail", Nowhere());
  ASSERT_TRUE(Store()->End("mail", "its lifetime is over"));
  EXPECT_THAT(
      vault->Review("acme").at(0).remarks,
      ElementsAre(HasSubstr("its lifetime is over"), HasSubstr("not revoked at their authorization server yet")));
}

TEST_F(RevocationTest, AShreddingRevokesFirstAndSaysWhatItCouldNot) {
  PutGrant("mail", Endpoint());
  PutGrant("calendar", Nowhere());
  PutGrant("drive", "");
  Connect("plain");
  const auto left = vault->ShredTenant("acme");
  ASSERT_THAT(left, SizeIs(2));
  EXPECT_EQ(left[0].connection, "drive");
  EXPECT_THAT(left[0].why, HasSubstr("no revocation_endpoint"));
  EXPECT_EQ(left[1].connection, "calendar");
  EXPECT_THAT(left[1].why, HasSubstr("http://127.0.0.1:1"));
  EXPECT_THAT(server.seen().revoked, ElementsAre(refresh_tokens[0], "access-s3cr3tmark-mail"));
  EXPECT_FALSE(vault->HasTenant("acme"));
}

TEST_F(RevocationTest, ATenantThatCannotBeReadIsShreddedAllTheSame) {
  PutGrant("mail", Endpoint());
  vault.reset();
  std::filesystem::resize_file(store::TenantStore::FileOf(state(), Acme()), 100);
  vault = Vault::Open(Options());
  EXPECT_THAT(vault->ShredTenant("acme"), IsEmpty());
  EXPECT_FALSE(vault->HasTenant("acme"));
}

// What is tried for too long is dropped, and the log says so; between tries it is left alone for longer and longer.
TEST_F(RevocationTest, WhatIsKeptIsTriedLaterAndLaterAndNotForEver) {
  TimePoint now = ConnectionStore::Now();
  PutGrant("mail", Nowhere());
  ASSERT_TRUE(Store()->Remove("mail"));
  Revocations kept(*vault->stores()->vault().OpenTenant(Acme()), [&] { return now; });
  const std::string id = kept.List()->at(0).id;
  std::chrono::seconds last{0};
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(kept.Settle(id, "nobody is there"));
    const auto pause = kept.List()->at(0).next - now;
    EXPECT_GE(pause, last);
    last = pause;
  }
  EXPECT_EQ(last, std::chrono::hours(6));
  now += Revocations::kMaxAge;
  ASSERT_TRUE(kept.Settle(id, "nobody is there"));
  EXPECT_THAT(*kept.List(), IsEmpty());
  EXPECT_FALSE(*kept.Load(id));
  EXPECT_THAT(Events(), HasSubstr("\"event\":\"revocation given up\""));
  EXPECT_TRUE(kept.Settle(id, std::nullopt)) << "somebody else was faster";
}

TEST_F(PublicVaultTest, AReviewSaysWhatWasUsedAndEndsWhatIsOver) {
  vault->Authorize("acme", "mail", ClientCredentials(), {}, {.lifetime = std::chrono::hours(1)});
  Connect("idle");
  Connect("used");
  const auto store = *vault->stores()->Of(Acme());
  ASSERT_TRUE(store->RecordUse("used", "run-1"));
  ASSERT_TRUE(store->RecordCalls("used", "run-1", {{"http://127.0.0.1:9", 3}}, {}));
  auto all = vault->Review("acme", 30);
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_THAT(all[0].remarks, ElementsAre(HasSubstr("not used in the last 30 days")));
  EXPECT_THAT(all[1].remarks, ElementsAre(HasSubstr("not used"), HasSubstr("ends in 0 days")));
  EXPECT_THAT(all[1].scopes, ElementsAre("read"));
  EXPECT_THAT(all[2].remarks, IsEmpty());
  EXPECT_EQ(all[2].executions, 1U);
  EXPECT_EQ(all[2].calls.at("http://127.0.0.1:9"), 3U);

  // Two hours later, as another clock has it.
  StoredConnection over = store->Load("mail")->connection;
  over.ends = ConnectionStore::Now() - std::chrono::hours(1);
  ASSERT_TRUE(store->Put("mail", over,
                         Fields({{std::string(kAccessToken), kFirstAccess}, {std::string(kClientSecret), kSecret}}),
                         ConnectionStore::IfThere::kReplace));
  EXPECT_EQ(vault->Connections("acme").at(1).state, "ended");
  EXPECT_THAT(vault->PendingRevocations("acme"), SizeIs(2)) << "what was replaced, and what a look has ended";
  all = vault->Review("acme", 30);
  EXPECT_EQ(all[1].status.state, "ended");
  EXPECT_THAT(all[1].remarks, ElementsAre(HasSubstr("its lifetime is over")));
  EXPECT_THAT(server.seen().revoked, SizeIs(2));
  EXPECT_THAT(server.seen().revoked, Contains(kFirstAccess));
  EXPECT_THAT(Events(), HasSubstr("\"event\":\"review\""));
  EXPECT_NE(Error([&] { vault->Review("nobody"); }), "");
}

TEST_F(PublicVaultTest, TheAuditLogIsReadFromWhereOneLikes) {
  Connect();
  vault->Disconnect("acme", "crm");
  std::vector<std::uint64_t> numbers;
  const auto note = [&](std::uint64_t number, std::string_view) {
    numbers.push_back(number);
    return true;
  };
  vault->ReadAudit("acme", 0, note);
  EXPECT_THAT(numbers, ElementsAre(1, 2));
  numbers.clear();
  vault->ReadAudit("acme", 1, note);
  EXPECT_THAT(numbers, ElementsAre(2));
  EXPECT_NE(Error([&] { vault->ReadAudit("nobody", 0, note); }), "");
}

}  // namespace
}  // namespace warder::connections::testing
