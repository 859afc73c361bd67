// What a person or a platform configures (OAuthSetup), checked, in the form in which it is kept.
#pragma once

#include <cstdint>

#include "engine/base/secret.h"
#include "engine/connections/stored_connection.h"
#include "sandbox/base/result.h"
#include "warder/vault.h"

namespace warder::connections {

struct PreparedGrant {
  OAuthGrant grant;      // all but the server, which discovery brings, and what the tokens say
  SecretFields secrets;  // the client's, and the assertion's key
};

// Invalid input: one sentence about the first thing that is wrong. What depends on the server is checked with it
// (oauth::CheckProvider), keys when they are first used.
Result<PreparedGrant> Prepare(const OAuthSetup& setup);

}  // namespace warder::connections
