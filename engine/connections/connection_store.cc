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
                      std::to_string(kMaxNameBytes) + " characters");
}

Result<void> ConnectionStore::Put(std::string_view name, StoredConnection connection, const SecretFields& fields,
                                  IfThere if_there) {
  if (auto checked = CheckName(name); !checked) return checked;
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
  if (*there) {
    auto former = StoredConnectionFromJson((*there)->value.view());
    if (former) connection.created = former->created;
    for (const vault::RecordName& each : transaction->List()) {
      if (each.connection != name || each.field == kUsage) continue;
      if (auto removed = transaction->Remove(name, each.field, each.generation); !removed) return removed;
    }
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
  if (auto audited = transaction->Audit(event); !audited) return audited;
  if (auto committed = transaction->Commit(); !committed) return committed;
  bell_->Ring();
  return {};
}

Result<Snapshot> ConnectionStore::LoadIn(Transaction& transaction, std::string_view name) {
  auto document = transaction.Get(name, kDocument);
  if (!document) return document.error();
  if (!*document) return NoSuch(name, tenant());
  auto connection = StoredConnectionFromJson((*document)->value.view());
  if (!connection) return Damaged(name, tenant(), "document", connection.error());
  Snapshot snapshot{std::move(*connection), (*document)->generation};
  for (const vault::RecordName& each : transaction.List()) {
    if (each.connection != name) continue;
    if (each.field == kAccessToken) snapshot.token_generation = each.generation;
    if (each.field == kRefreshToken) snapshot.has_refresh_token = true;
    if (each.field == kRefresh) snapshot.refresh_begun = true;
  }
  return snapshot;
}

Result<Snapshot> ConnectionStore::Load(std::string_view name) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto snapshot = LoadIn(*transaction, name);
  if (!snapshot || snapshot->connection.state == State::kEnded) return snapshot;
  auto record = transaction->Get(name, kUsage);
  if (!record) return record.error();
  auto usage = *record ? UsageFromJson((*record)->value.view()) : Result<Usage>(Usage());
  if (!usage) return Damaged(name, tenant(), "usage", usage.error());
  snapshot->over = WhyOver(snapshot->connection, *usage, clock_());
  return snapshot;
}

Result<SecretFields> ConnectionStore::Fields(std::string_view name, const Snapshot& snapshot) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto now = LoadIn(*transaction, name);
  if (!now) return now.error();
  if (now->generation != snapshot.generation) {
    return Refused("the connection \"" + std::string(name) + "\" has changed meanwhile");
  }
  return TakeFields(*transaction, name);
}

Result<SecretFields> ConnectionStore::TakeFields(Transaction& transaction, std::string_view name) {
  SecretFields fields;
  for (const vault::RecordName& each : transaction.List()) {
    if (each.connection != name || each.field.empty() || each.field.front() == '#') continue;
    auto record = transaction.Get(name, each.field);
    if (!record) return record.error();
    if (*record) fields.emplace(each.field, std::move((*record)->value));
  }
  return fields;
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
  const bool active = snapshot.connection.state == State::kActive;
  if (active && !snapshot.over) return {};
  const State state = active ? State::kEnded : snapshot.connection.state;
  return Refused("the connection \"" + std::string(name) + "\" is " + std::string(NameOf(state)) + ": " +
                 (active ? *snapshot.over : snapshot.connection.reason) +
                 "; give it a credential again with: warder connect " + std::string(name) + " --replace");
}

Result<void> ConnectionStore::BeginRefresh(std::string_view name, const Snapshot& snapshot) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto now = LoadIn(*transaction, name);
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
  auto now = LoadIn(*transaction, name);
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
  auto after = LoadIn(*transaction, name);
  if (!after) return after;
  if (auto committed = transaction->Commit(); !committed) return committed.error();
  return after;
}

Result<void> ConnectionStore::FailRefresh(std::string_view name, const Snapshot& begun, std::optional<State> fatal,
                                          const std::string& reason) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto now = LoadIn(*transaction, name);
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
  const auto now = LoadIn(*transaction, name);
  if (!now) return now.error();
  if (auto active = CheckActive(name, *now); !active) return active;
  auto record = transaction->Get(name, kUsage);
  if (!record) return record.error();
  auto usage = *record ? UsageFromJson((*record)->value.view()) : Result<Usage>(Usage());
  if (!usage) return Damaged(name, tenant(), "usage", usage.error());
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
  auto record = transaction->Get(name, kUsage);
  if (!record) return record.error();
  auto usage = *record ? UsageFromJson((*record)->value.view()) : Result<Usage>(Usage());
  if (!usage) return Damaged(name, tenant(), "usage", usage.error());
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
  auto record = vault_->Get(name, kUsage);
  if (!record) return record.error();
  auto usage = *record ? UsageFromJson((*record)->value.view()) : Result<Usage>(Usage());
  if (!usage) return Damaged(name, tenant(), "usage", usage.error());
  return usage;
}

Result<ConnectionStore::Taken> ConnectionStore::End(std::string_view name, const std::string& reason) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  auto snapshot = LoadIn(*transaction, name);
  if (!snapshot) return snapshot.error();
  auto fields = TakeFields(*transaction, name);
  if (!fields) return fields.error();
  for (const auto& [field, value] : *fields) {
    if (auto removed = RemoveAnyway(*transaction, name, field); !removed) return removed.error();
  }
  if (auto removed = RemoveAnyway(*transaction, name, kRefresh); !removed) return removed.error();
  StoredConnection& connection = snapshot->connection;
  connection.state = State::kEnded;
  connection.reason = reason;
  connection.since = clock_();
  if (auto put = PutAnyway(*transaction, name, kDocument, ToJson(connection)); !put) return put.error();
  json::object event = Event("connection ended", name);
  event["reason"] = reason;
  if (auto audited = transaction->Audit(event); !audited) return audited.error();
  if (auto committed = transaction->Commit(); !committed) return committed.error();
  bell_->Ring();
  return Taken{std::move(connection.oauth), std::move(*fields)};
}

Result<ConnectionStore::Taken> ConnectionStore::Remove(std::string_view name) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  Taken taken;
  if (auto snapshot = LoadIn(*transaction, name)) taken.oauth = std::move(snapshot->connection.oauth);
  bool found = false;
  for (const vault::RecordName& each : transaction->List()) {
    if (each.connection != name) continue;
    found = true;
    const bool secret = !each.field.empty() && each.field.front() != '#';
    if (auto record = transaction->Get(name, each.field); secret && record && *record) {
      taken.fields.emplace(each.field, std::move((*record)->value));
    }
    if (auto removed = transaction->Remove(name, each.field, each.generation); !removed) return removed.error();
  }
  if (!found) return NoSuch(name, tenant());
  if (auto audited = transaction->Audit(Event("connection removed", name)); !audited) return audited.error();
  if (auto committed = transaction->Commit(); !committed) return committed.error();
  bell_->Ring();
  return taken;
}

Result<void> ConnectionStore::Audit(const json::object& event) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  if (auto audited = transaction->Audit(event); !audited) return audited;
  return transaction->Commit();
}

}  // namespace warder::connections
