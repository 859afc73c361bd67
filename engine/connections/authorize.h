// From what is configured (oauth_setup.h) to tokens: discovery, then the grant, with a person's part in it where it
// needs one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "engine/base/secret.h"
#include "engine/connections/oauth_setup.h"
#include "engine/connections/stored_connection.h"
#include "engine/oauth/exchange.h"
#include "engine/oauth/operation.h"
#include "engine/oauth/token_answer.h"
#include "engine/store/tenant_id.h"
#include "warder/vault.h"

namespace warder::connections {

// What is to be stored.
struct Authorized {
  OAuthGrant grant;
  SecretFields fields;
};
// `prepared` with the tokens that it has brought.
Authorized Complete(PreparedGrant prepared, oauth::TokenSet tokens);

// Whose turn it is: ours or the network's, to be tried again (kInternal), or the caller's, to change something.
Error ErrorOf(const oauth::Failure& failure);

// Asks `issuer` for its metadata and puts it into the grant, which then fits together: ProviderOf passes
// oauth::CheckProvider. `done` is called once, from the loop.
[[nodiscard]] oauth::Ticket FindServer(oauth::Exchange& exchange, std::string issuer, PreparedGrant prepared,
                                       std::function<void(Result<PreparedGrant>)> done);

// On the exchange's loop. Destroying it gives up.
class Authorization {
 public:
  virtual ~Authorization() = default;
};

struct AuthorizeOptions {
  std::string issuer;
  std::uint16_t loopback_port = 0;
  OAuthPrompts prompts;
};

// `done` is called once, from the loop; the authorization may be destroyed from inside it. Everything that a person
// waits for is bounded in time.
std::unique_ptr<Authorization> Authorize(oauth::Exchange& exchange, const store::TenantId& tenant,
                                         const std::string& connection, PreparedGrant prepared,
                                         AuthorizeOptions options, std::function<void(Result<Authorized>)> done);

}  // namespace warder::connections
