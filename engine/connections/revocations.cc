#include "engine/connections/revocations.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "engine/base/strict_json.h"
#include "engine/base/text.h"
#include "engine/connections/document.h"

namespace warder::connections {
namespace {

namespace json = boost::json;
using Transaction = Revocations::Transaction;

constexpr int kFormat = 1;
// The records of a revocation are those of a "connection" that no connection can be called.
constexpr std::string_view kPrefix = "#revocation ";
constexpr std::string_view kDocument = "#document";
constexpr std::string_view kConnection = "#connection";  // the grant, as of a connection

// Between two tries: doubled with each, up to the longest.
constexpr std::chrono::seconds kFirstPause{60};
constexpr std::chrono::seconds kLongestPause = std::chrono::hours(6);
constexpr std::uint64_t kMaxDoublings = 10;

std::string PlaceOf(const std::string& id) { return std::string(kPrefix) + id; }

std::string DocumentOf(const RevocationState& state) {
  return json::serialize(json::object{{"format", kFormat},
                                      {"connection", state.connection},
                                      {"issuer", state.issuer},
                                      {"since", Seconds(state.since)},
                                      {"tries", static_cast<std::int64_t>(state.tries)},
                                      {"next", Seconds(state.next)},
                                      {"why", state.why}});
}

Result<RevocationState> ReadDocument(std::string_view place, std::string_view text) {
  const auto value = ParseStrict(text);
  if (!value) return value.error();
  Members members(*value);
  if (members.Integer("format") != kFormat) return InvalidInput("it was written by another version of Warder");
  RevocationState state;
  state.id = place.substr(kPrefix.size());
  state.connection = members.Text("connection");
  state.issuer = members.Text("issuer");
  state.since = members.Time("since");
  state.tries = static_cast<std::uint64_t>(members.Integer("tries"));
  state.next = members.Time("next");
  state.why = members.Text("why");
  if (!members.fine()) return InvalidInput("it is no document of a revocation");
  return state;
}

Error Damaged(const Error& error) { return InvalidInput("a pending revocation cannot be used: " + error.message); }

template <typename Records>
Result<std::optional<RevocationState>> StateIn(Records& records, const std::string& place) {
  const auto record = records.Get(place, kDocument);
  if (!record) return record.error();
  if (!*record) return std::optional<RevocationState>();
  auto state = ReadDocument(place, (*record)->value.view());
  if (!state) return Damaged(state.error());
  return std::optional(std::move(*state));
}

// Everything that the server is asked with.
bool IsKept(std::string_view field) {
  return field == kAccessToken || field == kRefreshToken || field == kClientSecret;
}

Result<void> TakeOut(Transaction& transaction, const std::string& place) {
  for (const vault::RecordName& each : transaction.List()) {
    if (each.connection != place) continue;
    if (auto removed = transaction.Remove(place, each.field, each.generation); !removed) return removed;
  }
  return {};
}

}  // namespace

RevocationNeed NeedOf(const Taken& taken, TimePoint now) {
  if (!taken.oauth) return RevocationNeed::kNone;
  const auto& expires = taken.oauth->access_expires;
  const bool access = taken.fields.contains(kAccessToken) && (!expires || *expires > now);
  if (!access && !taken.fields.contains(kRefreshToken)) return RevocationNeed::kNone;
  return taken.oauth->server.revocation_endpoint.empty() ? RevocationNeed::kNoEndpoint : RevocationNeed::kRevoke;
}

std::string WhyNotRevoked(const OAuthGrant& grant) {
  return "the authorization server " + grant.server.issuer +
         " has no revocation_endpoint, so the tokens stay good there until they expire; take the grant back there by "
         "hand";
}

Result<void> Revocations::Keep(Transaction& transaction, std::string_view connection, Taken* taken, TimePoint now,
                               FirstTry first) {
  const RevocationNeed need = NeedOf(*taken, now);
  if (need == RevocationNeed::kNone) return {};
  if (need == RevocationNeed::kNoEndpoint) {
    return transaction.Audit(
        {{"event", "not revoked"}, {"connection", connection}, {"reason", WhyNotRevoked(*taken->oauth)}});
  }
  taken->revocation = RandomId();
  const std::string place = PlaceOf(taken->revocation);
  StoredConnection grant;
  grant.oauth = taken->oauth;
  const TimePoint next = first == FirstTry::kAtOnce ? now : now + kFirstPause;
  const RevocationState state{
      taken->revocation, std::string(connection), taken->oauth->server.issuer, now, 0, next, {}};
  if (auto put = transaction.Put(place, kDocument, DocumentOf(state), 0); !put) return put.error();
  if (auto put = transaction.Put(place, kConnection, ToJson(grant), 0); !put) return put.error();
  for (const auto& [field, value] : taken->fields) {
    if (!IsKept(field)) continue;
    if (auto put = transaction.Put(place, field, value.view(), 0); !put) return put.error();
  }
  return {};
}

Result<void> Revocations::KeepNew(std::string_view connection, Taken* taken) {
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  if (auto kept = Keep(*transaction, connection, taken, clock_()); !kept) return kept;
  return transaction->Commit();
}

Result<std::vector<RevocationState>> Revocations::List() {
  auto reading = vault_->Read();
  if (!reading) return reading.error();
  std::vector<RevocationState> all;
  for (const vault::RecordName& each : reading->List()) {
    if (!each.connection.starts_with(kPrefix) || each.field != kDocument) continue;
    auto state = StateIn(*reading, each.connection);
    if (!state) return state.error();
    all.push_back(std::move(**state));
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.since < b.since; });
  return all;
}

Result<std::optional<Taken>> Revocations::Load(const std::string& id) {
  const std::string place = PlaceOf(id);
  auto reading = vault_->Read();
  if (!reading) return reading.error();
  const auto grant = reading->Get(place, kConnection);
  if (!grant) return grant.error();
  if (!*grant) return std::optional<Taken>();
  auto connection = StoredConnectionFromJson((*grant)->value.view());
  if (!connection) return Damaged(connection.error());
  Taken taken{std::move(connection->oauth), {}, id};
  for (const vault::RecordName& each : reading->List()) {
    if (each.connection != place || !IsKept(each.field)) continue;
    auto value = reading->Get(place, each.field);
    if (!value) return value.error();
    taken.fields.emplace(each.field, std::move((*value)->value));
  }
  return std::optional(std::move(taken));
}

Result<void> Revocations::Settle(const std::string& id, const std::optional<std::string>& failure) {
  const std::string place = PlaceOf(id);
  auto transaction = vault_->Begin();
  if (!transaction) return transaction.error();
  const auto document = transaction->Get(place, kDocument);
  if (!document) return document.error();
  auto there = StateIn(*transaction, place);
  if (!there) return there.error();
  if (!*there) return {};  // somebody else has done it meanwhile
  RevocationState& state = **there;
  json::object event = {{"event", "revoked"}, {"connection", state.connection}, {"issuer", state.issuer}};
  const TimePoint now = clock_();
  const bool given_up = failure && now - state.since >= kMaxAge;
  if (failure) {
    event["event"] = given_up ? "revocation given up" : "revocation failed";
    event["reason"] = *failure;
  }
  if (failure && !given_up) {
    state.next = now + std::min(kLongestPause, kFirstPause * (1 << std::min(state.tries, kMaxDoublings)));
    ++state.tries;
    state.why = *failure;
    auto put = transaction->Put(place, kDocument, DocumentOf(state), (*document)->generation);
    if (!put) return put.error();
  } else if (auto taken = TakeOut(*transaction, place); !taken) {
    return taken;
  }
  if (auto audited = transaction->Audit(event); !audited) return audited;
  return transaction->Commit();
}

}  // namespace warder::connections
