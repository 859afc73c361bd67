// Tokens that nobody here holds any more, until their authorization server knows it (RFC 7009).
//
// The transaction that takes tokens away keeps them here, sealed like a credential. So neither a crash nor a server
// that is not there leaves a grant alive that nobody knows of: it stands here, with why, and is tried again until it is
// done, or too old to be worth keeping.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/secret.h"
#include "engine/connections/stored_connection.h"
#include "engine/vault/tenant_vault.h"
#include "sandbox/base/result.h"

namespace warder::connections {

// What was taken away from a connection.
struct Taken {
  std::optional<OAuthGrant> oauth;
  SecretFields fields;
  std::string revocation;  // the id under which it is kept; empty: it is not
};

// What is to be done at the server for it.
enum class RevocationNeed {
  kNone,        // it has no token, or none that is good for anything
  kNoEndpoint,  // the server has no revocation_endpoint: only a person can take the grant back, there
  kRevoke,
};
RevocationNeed NeedOf(const Taken& taken, TimePoint now);
// Of kNoEndpoint: one sentence.
std::string WhyNotRevoked(const OAuthGrant& grant);

struct RevocationState {
  std::string id;
  std::string connection;  // whose tokens they were
  std::string issuer;
  TimePoint since;
  std::uint64_t tries = 0;
  TimePoint next;   // not before, unless somebody asks for it
  std::string why;  // the last try failed; empty: there was none
};

// Of one tenant. Thread-safe; blocks on the disk. Errors: those of TenantVault.
class Revocations {
 public:
  using Transaction = vault::TenantVault::Transaction;
  using Clock = std::function<TimePoint()>;
  static constexpr std::chrono::days kMaxAge{30};  // then the tokens are dropped, and the audit log says so

  Revocations(std::shared_ptr<vault::TenantVault> vault, Clock clock)
      : vault_(std::move(vault)), clock_(std::move(clock)) {}

  // In the transaction that takes the tokens of `connection` away: keeps them where there is something to revoke, and
  // writes down where it cannot be.
  // `first`: who takes them away tries at once, or nobody is there who does.
  enum class FirstTry { kByCaller, kAtOnce };
  static Result<void> Keep(Transaction& transaction, std::string_view connection, Taken* taken, TimePoint now,
                           FirstTry first = FirstTry::kByCaller);
  // The same for tokens that never came to stand in a connection.
  Result<void> KeepNew(std::string_view connection, Taken* taken);

  Result<std::vector<RevocationState>> List();
  // Nothing: it is done, or was given up.
  Result<std::optional<Taken>> Load(const std::string& id);
  // What the server said. `failure`: why it is to be tried again.
  Result<void> Settle(const std::string& id, const std::optional<std::string>& failure);

 private:
  std::shared_ptr<vault::TenantVault> vault_;
  Clock clock_;
};

}  // namespace warder::connections
