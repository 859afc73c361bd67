// OAuth authorizations of the public vault (warder/vault.h): at this machine, and in two halves around a browser.
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/connections/authorize.h"
#include "engine/connections/connect_options.h"
#include "engine/connections/grant_request.h"
#include "engine/connections/network.h"
#include "engine/connections/oauth_setup.h"
#include "engine/connections/pending_authorizations.h"
#include "engine/connections/revoke.h"
#include "engine/connections/tenant_stores.h"
#include "engine/oauth/authorization.h"
#include "engine/oauth/token_request.h"
#include "sandbox/base/unique_fd.h"
#include "warder/engine.h"
#include "warder/vault.h"

namespace warder {
namespace {

using connections::Authorized;
using connections::ConnectionStore;
using connections::Network;
using connections::PendingAuthorizations;
using connections::PendingConnection;
using connections::PreparedGrant;
using connections::StoredConnection;
using connections::Taken;
using connections::Value;

constexpr std::size_t kMaxSessionBytes = 1024;

std::shared_ptr<ConnectionStore> StoreOf(const Vault& vault, const std::string& tenant) {
  return Value(vault.stores()->Of(Value(store::TenantId::Parse(tenant))));
}

PreparedGrant PrepareFor(const std::string& name, const OAuthSetup& setup, const ConnectOptions& options) {
  connections::CheckOptions(options);
  Value(ConnectionStore::CheckName(name));
  Value(connections::CheckOAuthPolicy(setup.policy));
  return Value(connections::Prepare(setup));
}

// All that can be wrong before anybody is asked anything.
PreparedGrant PrepareFor(ConnectionStore& store, const std::string& name, const OAuthSetup& setup,
                         const ConnectOptions& options) {
  PreparedGrant prepared = PrepareFor(name, setup, options);
  if (!options.replace && store.Load(name)) {
    throw EngineError(Status::kInvalid, "the tenant \"" + store.tenant().text() + "\" has a connection \"" + name +
                                            "\" already; to authorize it again, add --replace");
  }
  return prepared;
}

// Stores what was authorized, and returns what became of what it replaces. Where that cannot be, nobody has these
// tokens, so nobody is to be able to use them.
DisconnectResult Keep(Network& network, const std::shared_ptr<ConnectionStore>& store, const std::string& name,
                      const std::string& policy, const Authorized& authorized, const ConnectOptions& options) {
  StoredConnection connection;
  connection.policy = policy;
  connection.oauth = authorized.grant;
  connections::Apply(options, &connection);
  auto put = store->Put(name, std::move(connection), authorized.fields, connections::IfThereOf(options));
  if (put) return connections::RevokeNow(network, store, std::move(*put));
  Taken nobodys{authorized.grant, {}, {}};
  for (const auto& [field, value] : authorized.fields) nobodys.fields.emplace(field, value.Copy());
  // A disk that does not take this either leaves the one try.
  [[maybe_unused]] const auto kept = store->revocations().KeepNew(name, &nobodys);
  const DisconnectResult result = connections::RevokeNow(network, store, std::move(nobodys));
  Error error = put.error();
  if (result.at_server == DisconnectResult::AtServer::kFailed) {
    error.message += "; and the tokens that the server gave are not revoked there: " + result.why;
  }
  ThrowEngineError(error);
}

std::string SessionHash(const std::string& session) {
  if (session.empty() || session.size() > kMaxSessionBytes) {
    throw EngineError(Status::kInvalid, "an authorization in a browser is bound to a session of 1 to " +
                                            std::to_string(kMaxSessionBytes) + " bytes");
  }
  Sha256 hash;
  hash.Update("warder session 1\n");
  hash.Update(session);
  return hash.Hex();
}

// The code for tokens.
Authorized Redeem(Network& network, PendingAuthorizations::Answered answered) {
  PreparedGrant& prepared = answered.pending.prepared;
  auto request = oauth::RedeemCode(connections::ProviderOf(prepared.grant, prepared.secrets), std::move(answered.code),
                                   std::chrono::system_clock::now());
  if (!request) ThrowEngineError(connections::ErrorOf(request.error()));
  std::optional<Result<Authorized>> result;
  const oauth::Ticket ticket =
      oauth::RequestToken(*network.exchange(), std::move(*request), [&](oauth::Outcome<oauth::TokenSet> tokens) {
        if (tokens) {
          result = connections::Complete(std::move(prepared), std::move(*tokens));
        } else {
          result = connections::ErrorOf(tokens.error());
        }
      });
  return network.Await(result);
}

}  // namespace

void Vault::Check(const std::string& name, const OAuthSetup& setup, const ConnectOptions& options) {
  PrepareFor(name, setup, options);
}

DisconnectResult Vault::Authorize(const std::string& tenant, const std::string& name, const OAuthSetup& setup,
                                  const OAuthPrompts& prompts, const ConnectOptions& options) {
  const auto store = StoreOf(*this, tenant);
  PreparedGrant prepared = PrepareFor(*store, name, setup, options);
  Network network(store->tenant());
  std::optional<Result<Authorized>> result;
  boost::asio::posix::stream_descriptor cancel(network.loop());
  if (prompts.cancel_fd >= 0) {
    UniqueFd copy(::dup(prompts.cancel_fd));
    boost::system::error_code failed;
    if (copy) cancel.assign(copy.get(), failed);
    if (!copy || failed) throw EngineError(Status::kInvalid, "the descriptor that cancels cannot be waited for");
    [[maybe_unused]] const int taken = copy.release();
    cancel.async_wait(boost::asio::posix::stream_descriptor::wait_read, [&](const boost::system::error_code& error) {
      if (!error && !result) result = Refused("cancelled before it was authorized; nothing was stored");
    });
  }
  const auto authorization = connections::Authorize(*network.exchange(), store->tenant(), name, std::move(prepared),
                                                    {setup.issuer, setup.loopback_port, prompts},
                                                    [&](Result<Authorized> done) { result = std::move(done); });
  const Authorized authorized = network.Await(result);
  return Keep(network, store, name, setup.policy, authorized, options);
}

std::string Vault::BeginAuthorization(const std::string& tenant, const std::string& name, const OAuthSetup& setup,
                                      const BrowserAuthorization& browser, const ConnectOptions& options) {
  const auto store = StoreOf(*this, tenant);
  if (setup.grant != OAuthSetup::Grant::kAuthorizationCode) {
    throw EngineError(Status::kInvalid, "an authorization in a browser uses the authorization code grant");
  }
  PendingConnection pending;
  pending.policy = setup.policy;
  pending.options = options;
  PreparedGrant prepared = PrepareFor(*store, name, setup, options);
  oauth::AuthorizationRequest request;
  request.bearer = {SessionHash(browser.session), tenant};
  request.connection = name;
  request.redirect_uri = browser.redirect_uri;
  request.scope = prepared.grant.requested;
  request.more = browser.more;
  request.lifetime = browser.lifetime;

  Network network(store->tenant());
  std::optional<Result<PreparedGrant>> found;
  const oauth::Ticket ticket = connections::FindServer(*network.exchange(), setup.issuer, std::move(prepared),
                                                       [&](Result<PreparedGrant> done) { found = std::move(done); });
  pending.prepared = network.Await(found);
  auto begun = oauth::BeginAuthorization(connections::ProviderOf(pending.prepared.grant, pending.prepared.secrets),
                                         std::move(request), std::chrono::system_clock::now());
  if (!begun) ThrowEngineError(connections::ErrorOf(begun.error()));
  pending.authorization = std::move(begun->pending);
  Value(PendingAuthorizations(store->vault()).Keep(pending));
  return std::move(begun->url);
}

std::string Vault::RedirectUri(const std::string& base, const std::string& issuer) {
  return oauth::RedirectUriFor(base, issuer);
}

std::string Vault::FinishAuthorization(const std::string& tenant, const std::string& session, std::string_view url) {
  const auto store = StoreOf(*this, tenant);
  auto answered = Value(PendingAuthorizations(store->vault()).Answer(url, SessionHash(session)));
  std::string name = answered.pending.authorization.connection;
  const std::string policy = std::move(answered.pending.policy);
  const ConnectOptions options = answered.pending.options;
  try {
    Network network(store->tenant());
    const Authorized authorized = Redeem(network, std::move(answered));
    Keep(network, store, name, policy, authorized, options);
  } catch (const EngineError& error) {
    Value(store->Audit({{"event", "authorization failed"}, {"connection", name}, {"reason", error.what()}}));
    throw;
  }
  return name;
}

}  // namespace warder
