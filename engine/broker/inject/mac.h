// Keyed hashes (HMAC, RFC 2104), through OpenSSL.
#pragma once

#include <string_view>

#include "engine/base/secret.h"
#include "engine/broker/inject/injection.h"

namespace warder::broker {

// The hash's raw bytes.
Secret Hmac(HmacInjection::Hash hash, std::string_view key, std::string_view message);

}  // namespace warder::broker
