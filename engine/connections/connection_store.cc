#include "engine/connections/connection_store.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <set>
#include <utility>

#include "engine/base/text.h"
#include "engine/broker/connection.h"
#include "engine/broker/policy/policy.h"

namespace warder::connections {
namespace {

namespace json = boost::json;
using Transaction = vault::TenantVault::Transaction;

// Beside the fields of the credential.
constexpr std::string_view kDocument;
constexpr std::string_view kUsage = "#usage";
constexpr std::string_view kRefresh = "#refresh";

Error NoSuch(std::string_view name, const store::TenantId& tenant) {
  return Refused("the tenant \"" + tenant.text() + "\" has no connection \"" + std::string(name) +
                 "\"; make it with: warder connect " + std::string(name));
}

Error Damaged(std::string_view name, const store::TenantId& tenant, const std::string& what, const Error& error) {
  return InvalidInput("the " + what + " of the connection \"" + std::string(name) + "\" of the tenant \"" +
                      tenant.text() + "\" cannot be used: " + error.message);
}

json::object Event(const char* what, std::string_view name) { return {{"event", what}, {"connection", name}}; }

// Everything that a connection of this kind keeps secret and that the policy does not inject.
const std::vector<std::string_view>& OAuthFields() {
  static const std::vector<std::string_view> fields = {kRefreshToken, kClientSecret, kAssertionKey};
  return fields;
}

SecretFields Copies(const SecretFields& fields, bool oauth) {
  SecretFields copies;
  for (const auto& [name, value] : fields) {
    const bool injected = !oauth || std::find(OAuthFields().begin(), OAuthFields().end(), name) == OAuthFields().end();
    if (injected) copies.emplace(name, value.Copy());
  }
  return copies;
}

std::optional<std::string> WhyOver(const StoredConnection& connection, const Usage& usage, TimePoint now) {
  if (connection.ends && *connection.ends <= now) return "its lifetime is over";
  if (connection.idle_limit) {
    const TimePoint used = std::max(usage.last.value_or(TimePoint()), connection.credential_since);
    if (used + *connection.idle_limit <= now) return "it was not used for longer than its idle limit";
  }
  return std::nullopt;
}

Result<void> PutAnyway(Transaction& transaction, std::string_view name, std::string_view field,
                       std::string_view value) {
  auto there = transaction.Get(name, field);
  if (!there) return there.error();
  auto put = transaction.Put(name, field, value, *there ? (*there)->generation : 0);
  return put ? Result<void>() : Result<void>(put.error());
}

Result<void> RemoveAnyway(Transaction& transaction, std::string_view name, std::string_view field) {
  auto there = transaction.Get(name, field);
  if (!there) return there.error();
  return *there ? transaction.Remove(name, field, (*there)->generation) : Result<void>();
}

// `records`: of a Transaction or a Reading.
template <typename Records>
Result<Snapshot> LoadIn(Records& records, std::string_view name, const store::TenantId& tenant) {
  auto document = records.Get(name, kDocument);
  if (!document) return document.error();
  if (!*document) return NoSuch(name, tenant);
  auto connection = StoredConnectionFromJson((*document)->value.view());
  if (!connection) return Damaged(name, tenant, "document", connection.error());
  Snapshot snapshot{std::move(*connection), (*document)->generation};
  for (const vault::RecordName& each : records.List()) {
    if (each.connection != name) continue;
    if (each.field == kAccessToken) snapshot.token_generation = each.generation;
    if (each.field == kRefreshToken) snapshot.has_refresh_token = true;
    if (each.field == kRefresh) snapshot.refresh_begun = true;
  }
  return snapshot;
}

template <typename Records>
Result<Usage> UsageIn(Records& records, std::string_view name, const store::TenantId& tenant) {
  auto record = records.Get(name, kUsage);
  if (!record) return record.error();
  auto usage = *record ? UsageFromJson((*record)->value.view()) : Result<Usage>(Usage());
  if (!usage) return Damaged(name, tenant, "usage", usage.error());
  return usage;
}

template <typename Records>
Result<SecretFields> TakeFields(Records& records, std::string_view name) {
  SecretFields fields;
  for (const vault::RecordName& each : records.List()) {
    if (each.connection != name || each.field.empty() || each.field.front() == '#') continue;
    auto record = records.Get(name, each.field);
    if (!record) return record.error();
    if (*record) fields.emplace(each.field, std::move((*record)->value));
  }
  return fields;
}

}  // namespace

ConnectionStore::ConnectionStore(std::shared_ptr<vault::TenantVault> vault, std::shared_ptr<Bell> bell, Clock clock)
    : vault_(std::move(vault)), bell_(std::move(bell)), clock_(std::move(clock)) {}

TimePoint ConnectionStore::Now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

Result<void> ConnectionStore::CheckName(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const bool fine = !name.empty() && name.size() <= kMaxNameBytes && letter(name.front()) &&
                    std::all_of(name.begin(), name.end(),
                                [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-'; });
  if (fine) return {};
  return InvalidInput("a connection's name is a letter, then letters, digits, \"_\" and \"-\", at most " +
                      std::to_string(kMaxNameBytes) + " characters, and not \"" + Truncate(name, kMaxNameBytes) + "\"");
}

Result<Taken> ConnectionStore::Put(std::string_view name, StoredConnection connection, const SecretFields& fields,
                                   IfThere if_there) {
  if (auto checked = CheckName(name); !checked) return checked.error();
  if (auto made = broker::Connection::Make(connection.policy, Copies(fields, connection.oauth.has_value())); !made) {
    return made.error();
  }
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto there = transaction->Get(name, kDocument);
  if (!there) return there.error();
  if (*there && if_there == IfThere::kRefuse) {
    return InvalidInput("the tenant \"" + tenant().text() + "\" has a connection \"" + std::string(name) +
                        "\" already; to give it another credential, add --replace");
  }
  const TimePoint now = clock_();
  connection.created = now;
  Taken former;
  if (*there) {
    if (auto document = StoredConnectionFromJson((*there)->value.view())) connection.created = document->created;
    auto taken = TakeAll(*transaction, name, kUsage);
    if (!taken) return taken.error();
    former = std::move(**taken);
  }
  connection.id = RandomId();
  connection.state = State::kActive;
  connection.reason.clear();
  connection.since = connection.credential_since = now;
  if (auto put = transaction->Put(name, kDocument, ToJson(connection), 0); !put) return put.error();
  for (const auto& [field, value] : fields) {
    if (auto put = transaction->Put(name, field, value.view(), 0); !put) return put.error();
  }
  json::object event = Event(*there ? "connection replaced" : "connection made", name);
  event["kind"] = connection.oauth ? NameOf(connection.oauth->kind) : "fields";
  event["policySha256"] = broker::PolicyHash(*broker::ParsePolicy(connection.policy));
  if (auto audited = transaction->Audit(event); !audited) return audited.error();
  if (auto kept = Revocations::Keep(*transaction, name, &former, now); !kept) return kept.error();
  if (auto committed = transaction->Commit(); !committed) return committed.error();
  bell_->Ring();
  return former;
}

Result<Snapshot> ConnectionStore::Load(std::string_view name) {
  const auto look = [&](std::optional<std::string>* over) -> Result<Snapshot> {
    auto reading = vault_->Read();
    if (!reading) return reading.error();
    auto snapshot = LoadIn(*reading, name, tenant());
    if (!snapshot || snapshot->connection.state == State::kEnded) return snapshot;
    auto usage = UsageIn(*reading, name, tenant());
    if (!usage) return usage.error();
    *over = WhyOver(snapshot->connection, *usage, clock_());
    return snapshot;
  };
  std::optional<std::string> over;
  auto snapshot = look(&over);
  if (!snapshot || !over) return snapshot;
  if (const auto ended = EndOver(name)) {
    snapshot = look(&over);
  } else {
    // What cannot be written down now is not used all the same.
    snapshot->connection.state = State::kEnded;
    snapshot->connection.reason = *over;
  }
  return snapshot;
}

Result<void> ConnectionStore::EndOver(std::string_view name) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto snapshot = LoadIn(*transaction, name, tenant());
  if (!snapshot) return snapshot.error();
  const auto usage = UsageIn(*transaction, name, tenant());
  if (!usage) return usage.error();
  const auto over = WhyOver(snapshot->connection, *usage, clock_());
  if (!over || snapshot->connection.state == State::kEnded) return {};  // somebody was first
  auto ended = EndIn(*transaction, name, std::move(*snapshot), *over);
  if (!ended) return ended.error();
  if (auto committed = transaction->Commit(); !committed) return committed;
  bell_->Ring();
  return {};
}

Result<SecretFields> ConnectionStore::Fields(std::string_view name, const Snapshot& snapshot) {
  auto reading = vault_->Read();
  if (!reading) return reading.error();
  auto now = LoadIn(*reading, name, tenant());
  if (!now) return now.error();
  if (now->generation != snapshot.generation) {
    return Refused("the connection \"" + std::string(name) + "\" has changed meanwhile");
  }
  return TakeFields(*reading, name);
}

Result<std::optional<Taken>> ConnectionStore::TakeAll(Transaction& transaction, std::string_view name,
                                                      std::optional<std::string_view> but) {
  Taken taken;
  bool found = false;
  for (const vault::RecordName& each : transaction.List()) {
    if (each.connection != name || each.field == but) continue;
    found = true;
    auto record = transaction.Get(name, each.field);
    if (record && *record && each.field == kDocument) {
      if (auto document = StoredConnectionFromJson((*record)->value.view())) taken.oauth = std::move(document->oauth);
    } else if (record && *record && each.field.front() != '#') {
      taken.fields.emplace(each.field, std::move((*record)->value));
    }
    if (auto removed = transaction.Remove(name, each.field, each.generation); !removed) return removed.error();
  }
  return found ? std::optional(std::move(taken)) : std::nullopt;
}

Result<std::map<std::string, std::uint64_t, std::less<>>> ConnectionStore::Generations() {
  auto records = vault_->List();
  if (!records) return records.error();
  std::map<std::string, std::uint64_t, std::less<>> generations;
  for (vault::RecordName& each : *records) {
    if (each.field == kDocument) generations.emplace(std::move(each.connection), each.generation);
  }
  return generations;
}

Result<std::vector<std::string>> ConnectionStore::Names() {
  auto generations = Generations();
  if (!generations) return generations.error();
  std::vector<std::string> names;
  for (const auto& [name, generation] : *generations) names.push_back(name);
  return names;
}

Result<void> ConnectionStore::CheckActive(std::string_view name, const Snapshot& snapshot) {
  const State state = snapshot.connection.state;
  if (state == State::kActive) return {};
  return Refused("the connection \"" + std::string(name) + "\" is " + std::string(NameOf(state)) + ": " +
                 snapshot.connection.reason + "; give it a credential again with: warder connect " + std::string(name) +
                 " --replace");
}

Result<void> ConnectionStore::BeginRefresh(std::string_view name, const Snapshot& snapshot) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto now = LoadIn(*transaction, name, tenant());
  if (!now) return now.error();
  if (now->refresh_begun || now->generation != snapshot.generation) {
    return Refused("the connection \"" + std::string(name) + "\" has changed meanwhile");
  }
  if (auto put = transaction->Put(name, kRefresh, std::to_string(clock_().time_since_epoch().count()), 0); !put) {
    return put.error();
  }
  if (auto audited = transaction->Audit(Event("refresh begun", name)); !audited) return audited;
  return transaction->Commit();
}

Result<Snapshot> ConnectionStore::EndRefresh(std::string_view name, const Snapshot& begun, const Renewed& renewed) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto now = LoadIn(*transaction, name, tenant());
  if (!now) return now.error();
  if (now->generation != begun.generation || now->token_generation != begun.token_generation || !now->refresh_begun ||
      !now->connection.oauth) {
    return Refused("the connection \"" + std::string(name) + "\" has changed meanwhile");
  }
  OAuthGrant& grant = *now->connection.oauth;
  grant.access_since = clock_();
  grant.access_expires.reset();
  if (renewed.lifetime) grant.access_expires = grant.access_since + *renewed.lifetime;
  grant.granted = renewed.scope;
  if (UsesRefreshToken(grant.kind)) {
    auto former = transaction->Get(name, kRefreshToken);
    if (!former) return former.error();
    const bool other = renewed.refresh_token && *former && (*former)->value.view() != renewed.refresh_token->view();
    // Some servers rotate only now and then: what was seen once is not forgotten.
    if (other) grant.rotation = OAuthGrant::Rotation::kRotates;
    if (grant.rotation == OAuthGrant::Rotation::kUnknown) grant.rotation = OAuthGrant::Rotation::kStays;
    if (other) {
      if (auto put = PutAnyway(*transaction, name, kRefreshToken, renewed.refresh_token->view()); !put) {
        return put.error();
      }
    }
  }
  if (auto put = PutAnyway(*transaction, name, kAccessToken, renewed.access_token.view()); !put) return put.error();
  if (auto put = PutAnyway(*transaction, name, kDocument, ToJson(now->connection)); !put) return put.error();
  if (auto removed = RemoveAnyway(*transaction, name, kRefresh); !removed) return removed.error();
  if (auto audited = transaction->Audit(Event("refreshed", name)); !audited) return audited.error();
  auto after = LoadIn(*transaction, name, tenant());
  if (!after) return after;
  if (auto committed = transaction->Commit(); !committed) return committed.error();
  return after;
}

Result<void> ConnectionStore::FailRefresh(std::string_view name, const Snapshot& begun, std::optional<State> fatal,
                                          const std::string& reason) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto now = LoadIn(*transaction, name, tenant());
  if (!now) return now.error();
  if (now->generation != begun.generation) return {};  // given a new credential, or ended: this one matters no more
  if (fatal) {
    now->connection.state = *fatal;
    now->connection.reason = reason;
    now->connection.since = clock_();
    if (auto put = PutAnyway(*transaction, name, kDocument, ToJson(now->connection)); !put) return put;
  }
  if (auto removed = RemoveAnyway(*transaction, name, kRefresh); !removed) return removed;
  json::object event = Event("refresh failed", name);
  event["state"] = NameOf(now->connection.state);
  event["reason"] = reason;
  if (auto audited = transaction->Audit(event); !audited) return audited;
  if (auto committed = transaction->Commit(); !committed) return committed;
  if (fatal) bell_->Ring();
  return {};
}

Result<void> ConnectionStore::RecordUse(std::string_view name, std::string_view execution) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  // It may have been taken away since it was loaded.
  const auto now = LoadIn(*transaction, name, tenant());
  if (!now) return now.error();
  if (auto active = CheckActive(name, *now); !active) return active;
  auto usage = UsageIn(*transaction, name, tenant());
  if (!usage) return usage.error();
  ++usage->On(clock_()).executions;
  if (auto put = PutAnyway(*transaction, name, kUsage, ToJson(*usage)); !put) return put;
  json::object event = Event("use", name);
  event["execution"] = execution;
  if (auto audited = transaction->Audit(event); !audited) return audited;
  return transaction->Commit();
}

Result<void> ConnectionStore::RecordCalls(std::string_view name, std::string_view execution, const CallsByOrigin& calls,
                                          const oauth::ScopeSet& scopes) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto document = transaction->Get(name, kDocument);
  if (!document) return document.error();
  if (!*document) return {};  // removed meanwhile, and its usage with it
  auto usage = UsageIn(*transaction, name, tenant());
  if (!usage) return usage.error();
  Usage::Day& today = usage->On(clock_());
  json::object event = Event("calls", name);
  event["execution"] = execution;
  json::object& counts = event["origins"].emplace_object();
  for (const auto& [origin, count] : calls) {
    today.calls[origin] += count;
    counts[origin] = count;
  }
  today.scopes.insert(scopes.begin(), scopes.end());
  if (auto put = PutAnyway(*transaction, name, kUsage, ToJson(*usage)); !put) return put;
  if (auto audited = transaction->Audit(event); !audited) return audited;
  return transaction->Commit();
}

Result<Usage> ConnectionStore::LoadUsage(std::string_view name) {
  auto reading = vault_->Read();
  if (!reading) return reading.error();
  return UsageIn(*reading, name, tenant());
}

Result<Taken> ConnectionStore::End(std::string_view name, const std::string& reason) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto snapshot = LoadIn(*transaction, name, tenant());
  if (!snapshot) return snapshot.error();
  auto taken = EndIn(*transaction, name, std::move(*snapshot), reason);
  if (!taken) return taken;
  if (auto committed = transaction->Commit(); !committed) return committed.error();
  bell_->Ring();
  return taken;
}

Result<Taken> ConnectionStore::EndIn(Transaction& transaction, std::string_view name, Snapshot snapshot,
                                     const std::string& reason) {
  auto fields = TakeFields(transaction, name);
  if (!fields) return fields.error();
  for (const auto& [field, value] : *fields) {
    if (auto removed = RemoveAnyway(transaction, name, field); !removed) return removed.error();
  }
  if (auto removed = RemoveAnyway(transaction, name, kRefresh); !removed) return removed.error();
  StoredConnection& connection = snapshot.connection;
  Taken taken{connection.oauth, std::move(*fields), {}};
  const TimePoint now = clock_();
  connection.state = State::kEnded;
  connection.reason = reason;
  if (NeedOf(taken, now) == RevocationNeed::kNoEndpoint) connection.reason += "; " + WhyNotRevoked(*taken.oauth);
  connection.since = now;
  if (auto put = PutAnyway(transaction, name, kDocument, ToJson(connection)); !put) return put.error();
  json::object event = Event("connection ended", name);
  event["reason"] = reason;
  if (auto audited = transaction.Audit(event); !audited) return audited.error();
  if (auto kept = Revocations::Keep(transaction, name, &taken, now, Revocations::FirstTry::kAtOnce); !kept) {
    return kept.error();
  }
  return taken;
}

Result<Taken> ConnectionStore::Remove(std::string_view name) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto taken = TakeAll(*transaction, name, std::nullopt);
  if (!taken) return taken.error();
  if (!*taken) return NoSuch(name, tenant());
  if (auto audited = transaction->Audit(Event("connection removed", name)); !audited) return audited.error();
  if (auto kept = Revocations::Keep(*transaction, name, &**taken, clock_()); !kept) return kept.error();
  if (auto committed = transaction->Commit(); !committed) return committed.error();
  bell_->Ring();
  return std::move(**taken);
}

Result<void> ConnectionStore::Audit(const json::object& event) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  if (auto audited = transaction->Audit(event); !audited) return audited;
  return transaction->Commit();
}

}  // namespace warder::connections
