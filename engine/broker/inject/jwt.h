// JSON Web Tokens that vouch for whoever signs them, for minutes (RFC 7519; RFC 7523 for the claims).
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <string_view>

#include "engine/base/secret.h"
#include "engine/broker/inject/injection.h"
#include "sandbox/base/result.h"

namespace warder::broker {

struct Jwt {
  Secret token;
  Secret signature;  // the token's third part
};

// What `contents` describes (its key_field means nothing here), signed with `key`, plus `more` claims. `nonce` becomes
// the token's id: never used before. The error is JwsSignature's.
Result<Jwt> MakeJwt(const JwtInjection& contents, std::string_view key, std::chrono::system_clock::time_point now,
                    std::string_view nonce, const boost::json::object& more = {});

}  // namespace warder::broker
