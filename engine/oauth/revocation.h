// Telling a server that a token is not needed any more (RFC 7009).
#pragma once

#include <functional>

#include "engine/base/secret.h"
#include "engine/oauth/exchange.h"
#include "engine/oauth/provider.h"
#include "engine/oauth/token_request.h"

namespace warder::oauth {

enum class TokenKind { kAccess, kRefresh };

// Success: the token is good for nothing, also if it was so before (section 2.2). kBadRequest: the server has no
// revocation endpoint.
[[nodiscard]] Ticket RevokeToken(Exchange& exchange, const Provider& provider, const Secret& token, TokenKind kind,
                                 TimePoint now, std::function<void(Outcome<void>)> done);

// The refresh token first, for it makes new access tokens, then, whatever became of that, the access token. Either may
// be empty. The failure is the first.
[[nodiscard]] Ticket RevokeBoth(Exchange& exchange, std::shared_ptr<const Provider> provider, Secret refresh_token,
                                Secret access_token, std::function<void(Outcome<void>)> done);

}  // namespace warder::oauth
