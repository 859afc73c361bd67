// The authorizations of one tenant that people are carrying out in their browsers, in the tenant's vault: begun in one
// process, answered in any, once.
//
// A pending authorization stands under the hash of its state, sealed like a credential, with all that finishing it
// needs: PKCE's verifier, what it is bound to, the client's secrets, and the connection that is to be made. An answer
// is judged in the transaction that takes it out. So of two processes with the same answer one finds nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/connections/oauth_setup.h"
#include "engine/connections/stored_connection.h"
#include "engine/oauth/authorization.h"
#include "engine/vault/tenant_vault.h"
#include "sandbox/base/result.h"
#include "warder/vault.h"

namespace warder::connections {

struct PendingConnection {
  oauth::PendingAuthorization authorization;
  std::string policy;
  PreparedGrant prepared;  // with its server
  ConnectOptions options;
};

// Thread-safe; blocks on the disk. Errors: those of TenantVault.
class PendingAuthorizations {
 public:
  using Clock = std::function<std::chrono::system_clock::time_point()>;

  explicit PendingAuthorizations(std::shared_ptr<vault::TenantVault> vault,
                                 Clock clock = std::chrono::system_clock::now);

  // Refused where `most` are pending already. Expired ones are cleared first.
  Result<void> Keep(const PendingConnection& pending, std::size_t most = Vault::kMaxPendingAuthorizations);

  struct Answered {
    oauth::RedeemableCode code;
    PendingConnection pending;  // without its verifier, which is with the code
  };
  // `url` is where the browser came back, with its query; `session` who brings it. An answer with the state of a
  // pending authorization ends it, whatever becomes of it; every answer leaves a record in the audit log. Refused, and
  // why; kInternal where the authorization server says that it cannot now.
  Result<Answered> Answer(std::string_view url, const std::string& session);

  // Takes out what has expired, with the secrets that lie there.
  Result<void> ClearExpired();

 private:
  std::shared_ptr<vault::TenantVault> vault_;
  Clock clock_;
};

}  // namespace warder::connections
