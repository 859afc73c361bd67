// From a stored grant and its secrets to the requests that the OAuth protocol makes of them.
#pragma once

#include "engine/base/secret.h"
#include "engine/connections/stored_connection.h"
#include "engine/oauth/provider.h"
#include "engine/oauth/token_request.h"

namespace warder::connections {

oauth::Provider ProviderOf(const OAuthGrant& grant, const SecretFields& fields);

// What gets the next access token. kBadRequest, before anything is sent: there is no refresh token, or something cannot
// be used.
oauth::Outcome<oauth::TokenRequest> TokenRequestFor(const OAuthGrant& grant, const SecretFields& fields,
                                                    oauth::TimePoint now);

}  // namespace warder::connections
