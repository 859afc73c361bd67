// How a client shows who it is, in a request to an endpoint that asks for it.
#pragma once

#include <chrono>

#include "engine/oauth/exchange.h"
#include "engine/oauth/form.h"
#include "engine/oauth/provider.h"

namespace warder::oauth {

// A POST of `form` to `url`, with what the client's way of authentication adds to the form or the headers. The error
// says what is wrong with the client's key, and nothing of it. A client assertion is made anew each time and lives for
// a minute.
Result<ExchangeRequest> AuthenticatedPost(const Provider& provider, std::string what, std::string url, Form form,
                                          std::chrono::system_clock::time_point now);

}  // namespace warder::oauth
