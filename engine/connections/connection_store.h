// The connections of one tenant, in its vault: given, used, renewed, ended, removed; each of these leaves a record in
// the tenant's audit log, written in the same transaction.
//
// Whether a connection is over by itself (its lifetime, idleness) is looked at whenever it is loaded, which ends it.
//
// Every change rings the state folder's bell (bell.h): engines with executions that use the connection look again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/secret.h"
#include "engine/connections/bell.h"
#include "engine/connections/revocations.h"
#include "engine/connections/stored_connection.h"
#include "engine/connections/usage.h"
#include "engine/vault/tenant_vault.h"
#include "sandbox/base/result.h"

namespace warder::connections {

// A connection as it was at one moment.
struct Snapshot {
  StoredConnection connection;
  std::uint64_t generation = 0;        // of the document
  std::uint64_t token_generation = 0;  // of the access token; 0: none
  bool has_refresh_token = false;
  bool refresh_begun = false;  // a refresh began and has not ended
};

// Thread-safe; blocks on the disk. Errors: those of TenantVault; Refused where there is no such connection.
class ConnectionStore {
 public:
  static constexpr std::size_t kMaxNameBytes = 64;
  using Clock = std::function<TimePoint()>;

  ConnectionStore(std::shared_ptr<vault::TenantVault> vault, std::shared_ptr<Bell> bell, Clock clock = Now);

  // A connection's name: a letter, then letters, digits, "_" and "-".
  static Result<void> CheckName(std::string_view name);
  static TimePoint Now();

  const store::TenantId& tenant() const { return vault_->tenant(); }
  // For what else stands in it.
  const std::shared_ptr<vault::TenantVault>& vault() const { return vault_; }
  // Of what was taken away here.
  Revocations revocations() const { return {vault_, clock_}; }
  TimePoint now() const { return clock_(); }

  enum class IfThere { kRefuse, kReplace };
  // Checks policy and fields against each other (broker::Connection), then stores both. What was there is taken away,
  // and returned.
  Result<Taken> Put(std::string_view name, StoredConnection connection, const SecretFields& fields, IfThere if_there);

  // Ends it first where it is over.
  Result<Snapshot> Load(std::string_view name);
  // The fields that the document's kind says; a field that is missing is left out.
  Result<SecretFields> Fields(std::string_view name, const Snapshot& snapshot);
  // Names, in their order.
  Result<std::vector<std::string>> Names();
  // Of every connection, the generation of its document: what has another one has changed. Cheap, whatever their
  // number, and waits for nobody who writes.
  Result<std::map<std::string, std::uint64_t, std::less<>>> Generations();

  // Refused, and what to do, where it is not active.
  static Result<void> CheckActive(std::string_view name, const Snapshot& snapshot);

  // One refresh, in three steps (refresher.h). Begin writes down that a request is about to be sent; it is refused
  // where one is written down already.
  Result<void> BeginRefresh(std::string_view name, const Snapshot& snapshot);
  struct Renewed {
    Secret access_token;
    std::optional<Secret> refresh_token;
    std::optional<std::chrono::seconds> lifetime;
    oauth::ScopeSet scope;
  };
  // Refused where the connection was replaced or ended meanwhile: the tokens are then nobody's.
  Result<Snapshot> EndRefresh(std::string_view name, const Snapshot& begun, const Renewed& renewed);
  // `fatal`: what becomes of the connection; nothing: it stays active, and can be refreshed again.
  Result<void> FailRefresh(std::string_view name, const Snapshot& begun, std::optional<State> fatal,
                           const std::string& reason);

  // An execution is about to be given the connection; without this record it must not be. Refused where there is none
  // any more, or it has ended.
  Result<void> RecordUse(std::string_view name, std::string_view execution);
  // What it did with it.
  Result<void> RecordCalls(std::string_view name, std::string_view execution, const CallsByOrigin& calls,
                           const oauth::ScopeSet& scopes);
  Result<Usage> LoadUsage(std::string_view name);

  // All tokens that are taken away are kept for their revocation at the server (revoke.h) in the same transaction.
  // Takes the credential away and leaves the document, kEnded, with `reason`. Its revocation is due at once, for
  // whoever comes by (caretaker.h).
  Result<Taken> End(std::string_view name, const std::string& reason);
  // Takes all of it away, also what is damaged; that is then not among what was taken.
  Result<Taken> Remove(std::string_view name);

  Result<void> Audit(const boost::json::object& event);

 private:
  // As a look at it has shown that it is over: ends it, unless it has changed since.
  Result<void> EndOver(std::string_view name);
  Result<Taken> EndIn(vault::TenantVault::Transaction& transaction, std::string_view name, Snapshot snapshot,
                      const std::string& reason);
  // Takes out all records of a connection but the one in the field `but`, also those that are damaged. Nothing: there
  // are none.
  static Result<std::optional<Taken>> TakeAll(vault::TenantVault::Transaction& transaction, std::string_view name,
                                              std::optional<std::string_view> but);

  std::shared_ptr<vault::TenantVault> vault_;
  std::shared_ptr<Bell> bell_;
  Clock clock_;
};

}  // namespace warder::connections
