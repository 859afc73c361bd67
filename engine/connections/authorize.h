// From what a person configures to tokens: discovery, then the grant, with the person's part in it.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/secret.h"
#include "engine/connections/stored_connection.h"
#include "engine/oauth/exchange.h"
#include "engine/store/tenant_id.h"
#include "warder/vault.h"

namespace warder::connections {

struct Authorized {
  OAuthGrant grant;
  SecretFields fields;
};

// On the exchange's loop. Destroying it gives up.
class Authorization {
 public:
  virtual ~Authorization() = default;
};

// `done` is called once, from the loop; the authorization may be destroyed from inside it. Everything that a person
// waits for is bounded in time.
std::unique_ptr<Authorization> Authorize(oauth::Exchange& exchange, const store::TenantId& tenant,
                                         const std::string& connection, const OAuthSetup& setup,
                                         const OAuthPrompts& prompts, std::function<void(Result<Authorized>)> done);

}  // namespace warder::connections
