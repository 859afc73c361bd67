#include "engine/connections/pending_authorizations.h"

#include <boost/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "engine/base/sha256.h"
#include "engine/base/strict_json.h"
#include "engine/connections/authorize.h"
#include "engine/connections/document.h"
#include "engine/oauth/redirect_query.h"

namespace warder::connections {
namespace {

namespace json = boost::json;
using Transaction = vault::TenantVault::Transaction;
using std::chrono::system_clock;

constexpr int kFormat = 1;
// The records of a pending authorization are those of a "connection" that no connection can be called.
constexpr std::string_view kPrefix = "#authorization ";
constexpr std::string_view kDocument = "#document";
constexpr std::string_view kConnection = "#connection";  // policy and grant, as of a connection
constexpr std::string_view kState = "#state";
constexpr std::string_view kVerifier = "#verifier";

std::string PlaceOf(std::string_view state) {
  Sha256 hash;
  hash.Update("warder state 1\n");
  hash.Update(state);
  return std::string(kPrefix) + hash.Hex();
}

std::chrono::sys_seconds SecondsOf(system_clock::time_point time) {
  return std::chrono::floor<std::chrono::seconds>(time);
}

std::string DocumentOf(const PendingConnection& pending) {
  const oauth::PendingAuthorization& authorization = pending.authorization;
  const ConnectOptions& options = pending.options;
  json::object object = {{"format", kFormat},
                         {"tenant", authorization.bearer.tenant},
                         {"session", authorization.bearer.session},
                         {"connection", authorization.connection},
                         {"redirectUri", authorization.redirect_uri},
                         {"created", Seconds(SecondsOf(authorization.created))},
                         {"expires", Seconds(SecondsOf(authorization.expires))},
                         {"replace", options.replace}};
  if (options.lifetime) object["lifetime"] = options.lifetime->count();
  if (options.idle_limit) object["idleLimit"] = options.idle_limit->count();
  if (options.rotate_after) object["rotateAfter"] = options.rotate_after->count();
  return json::serialize(object);
}

Result<PendingConnection> ReadDocument(std::string_view text) {
  const auto value = ParseStrict(text);
  if (!value) return value.error();
  Members members(*value);
  if (members.Integer("format") != kFormat) return InvalidInput("it was written by another version of Warder");
  PendingConnection pending;
  oauth::PendingAuthorization& authorization = pending.authorization;
  authorization.bearer.tenant = members.Text("tenant");
  authorization.bearer.session = members.Text("session");
  authorization.connection = members.Text("connection");
  authorization.redirect_uri = members.Text("redirectUri");
  authorization.created = members.Time("created");
  authorization.expires = members.Time("expires");
  ConnectOptions& options = pending.options;
  options.replace = members.Flag("replace");
  if (members.has("lifetime")) options.lifetime = members.Duration("lifetime");
  if (members.has("idleLimit")) options.idle_limit = members.Duration("idleLimit");
  if (members.has("rotateAfter")) options.rotate_after = members.Duration("rotateAfter");
  if (!members.fine()) return InvalidInput("it is no document of a pending authorization");
  return pending;
}

Error Damaged(const Error& error) { return InvalidInput("a pending authorization cannot be used: " + error.message); }

// The record must be there: the index says that it is.
Result<Secret> PartOf(Transaction& transaction, std::string_view place, std::string_view field) {
  auto record = transaction.Get(place, field);
  if (!record) return record.error();
  if (!*record) return Damaged(InvalidInput("a part of it is missing"));
  return std::move((*record)->value);
}

// Nothing: there is none of this place.
Result<std::optional<PendingConnection>> Document(Transaction& transaction, std::string_view place) {
  auto record = transaction.Get(place, kDocument);
  if (!record) return record.error();
  if (!*record) return std::nullopt;
  auto pending = ReadDocument((*record)->value.view());
  if (!pending) return Damaged(pending.error());
  return std::move(*pending);
}

// All of it, but for the document.
Result<void> ReadRest(Transaction& transaction, const std::string& place, PendingConnection* pending) {
  const auto text = PartOf(transaction, place, kConnection);
  if (!text) return text.error();
  auto connection = StoredConnectionFromJson(text->view());
  if (!connection) return Damaged(connection.error());
  if (!connection->oauth) return Damaged(InvalidInput("it says nothing of a grant"));
  for (const vault::RecordName& each : transaction.List()) {
    if (each.connection != place || each.field.starts_with('#')) continue;
    auto value = PartOf(transaction, place, each.field);
    if (!value) return value.error();
    pending->prepared.secrets.emplace(each.field, std::move(*value));
  }
  pending->policy = std::move(connection->policy);
  pending->prepared.grant = std::move(*connection->oauth);
  oauth::PendingAuthorization& authorization = pending->authorization;
  auto state = PartOf(transaction, place, kState);
  auto verifier = PartOf(transaction, place, kVerifier);
  if (!state) return state.error();
  if (!verifier) return verifier.error();
  authorization.state = std::move(*state);
  authorization.verifier = std::move(*verifier);
  // What the browser was sent to, and with what: the grant says it.
  const OAuthGrant& grant = pending->prepared.grant;
  authorization.issuer = grant.server.issuer;
  authorization.token_endpoint = grant.server.token_endpoint;
  authorization.iss = grant.server.iss;
  authorization.scope = grant.requested;
  return {};
}

Result<void> TakeOut(Transaction& transaction, const std::string& place) {
  for (const vault::RecordName& each : transaction.List()) {
    if (each.connection != place) continue;
    if (auto removed = transaction.Remove(place, each.field, each.generation); !removed) return removed;
  }
  return {};
}

struct Sweep {
  std::size_t cleared = 0;
  std::size_t left = 0;
};

Result<Sweep> Clear(Transaction& transaction, system_clock::time_point now) {
  std::set<std::string> places;
  for (vault::RecordName& each : transaction.List()) {
    if (each.connection.starts_with(kPrefix)) places.insert(std::move(each.connection));
  }
  Sweep sweep;
  for (const std::string& place : places) {
    const auto pending = Document(transaction, place);
    if (!pending) return pending.error();
    if (*pending && now < (*pending)->authorization.expires) {
      ++sweep.left;
      continue;
    }
    if (auto taken = TakeOut(transaction, place); !taken) return taken.error();
    json::object event = {{"event", "authorization expired"}};
    if (*pending) event["connection"] = (*pending)->authorization.connection;
    if (auto audited = transaction.Audit(event); !audited) return audited.error();
    ++sweep.cleared;
  }
  return sweep;
}

}  // namespace

PendingAuthorizations::PendingAuthorizations(std::shared_ptr<vault::TenantVault> vault, Clock clock)
    : vault_(std::move(vault)), clock_(std::move(clock)) {}

Result<void> PendingAuthorizations::Keep(const PendingConnection& pending, std::size_t most) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  const auto sweep = Clear(*transaction, clock_());
  if (!sweep) return sweep.error();
  if (sweep->left >= most) {
    return Refused("the tenant \"" + vault_->tenant().text() + "\" has " + std::to_string(sweep->left) +
                   " pending authorizations, and may have no more; let some of them end or expire");
  }
  const oauth::PendingAuthorization& authorization = pending.authorization;
  const std::string place = PlaceOf(authorization.state.view());
  StoredConnection connection;
  connection.policy = pending.policy;
  connection.oauth = pending.prepared.grant;
  const std::string document = DocumentOf(pending);
  const std::string text = ToJson(connection);
  std::vector<std::pair<std::string_view, std::string_view>> records = {{kDocument, document},
                                                                        {kConnection, text},
                                                                        {kState, authorization.state.view()},
                                                                        {kVerifier, authorization.verifier.view()}};
  for (const auto& [field, value] : pending.prepared.secrets) records.emplace_back(field, value.view());
  for (const auto& [field, value] : records) {
    if (auto put = transaction->Put(place, field, value, 0); !put) return put.error();
  }
  auto audited = transaction->Audit(
      {{"event", "authorization begun"}, {"connection", authorization.connection}, {"issuer", authorization.issuer}});
  if (!audited) return audited;
  return transaction->Commit();
}

Result<PendingAuthorizations::Answered> PendingAuthorizations::Answer(std::string_view url,
                                                                      const std::string& session) {
  const auto now = clock_();
  const auto read = oauth::RedirectQuery::Parse(oauth::QueryOf(url));
  const Secret* const state = read ? read->Find("state") : nullptr;
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  json::object event = {{"event", "authorization refused"}};
  // Nothing but what is said here stays of an answer that is refused.
  const auto refuse = [&](Error error) -> Error {
    event["reason"] = error.message;
    if (auto audited = transaction->Audit(event); !audited) return audited.error();
    if (auto committed = transaction->Commit(); !committed) return committed.error();
    return error;
  };
  if (!read) return refuse(Refused("the answer of the authorization server " + read.error().message));
  if (state == nullptr) return refuse(Refused("the answer has no state, so it belongs to no authorization"));
  const std::string place = PlaceOf(state->view());
  auto pending = Document(*transaction, place);
  if (!pending) return pending.error();
  if (!*pending) {
    return refuse(Refused("no authorization with the state of this answer is pending for the tenant \"" +
                          vault_->tenant().text() +
                          "\": it has ended or expired, or belongs to another tenant; begin it again"));
  }
  PendingConnection& found = **pending;
  event["connection"] = found.authorization.connection;
  if (auto rest = ReadRest(*transaction, place, &found); !rest) return rest.error();
  if (auto taken = TakeOut(*transaction, place); !taken) return taken.error();
  auto code = oauth::FinishAuthorization(&found.authorization, url, {session, vault_->tenant().text()}, now);
  if (!code) return refuse(ErrorOf(code.error()));
  event["event"] = "authorization answered";
  if (auto audited = transaction->Audit(event); !audited) return audited.error();
  if (auto committed = transaction->Commit(); !committed) return committed.error();
  found.authorization.verifier = Secret();
  return Answered{std::move(*code), std::move(found)};
}

Result<void> PendingAuthorizations::ClearExpired() {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  const auto sweep = Clear(*transaction, clock_());
  if (!sweep) return sweep.error();
  return sweep->cleared == 0 ? Result<void>() : transaction->Commit();
}

}  // namespace warder::connections
