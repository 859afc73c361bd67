// The device authorization grant (RFC 8628): a person approves on another device while this one asks now and then.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/secret.h"
#include "engine/oauth/exchange.h"
#include "engine/oauth/provider.h"
#include "engine/oauth/scope.h"
#include "engine/oauth/token_answer.h"

namespace warder::oauth {

inline constexpr std::chrono::seconds kMaxDeviceLifetime{3600};
inline constexpr std::chrono::seconds kMaxPollInterval{300};

// What the person is shown. Every text consists of visible ASCII; the URI is https (or loopback).
struct DevicePrompt {
  std::string user_code;
  std::string verification_uri;
  std::string verification_uri_complete;  // empty: none; it holds the user code
  std::chrono::seconds lifetime{0};
};

struct DeviceEvents {
  std::function<void(const DevicePrompt&)> on_prompt;  // once, before any poll
  std::function<void(Outcome<TokenSet>)> on_done;      // once, last; the ticket may be destroyed from inside it
};

struct DeviceOptions {
  // What a second of the protocol (interval, slow_down's five, expiry) lasts; tests shorten it.
  std::chrono::milliseconds second{1'000};
};

// Starts, polls at the server's interval, and longer after slow_down or no connection (section 3.5), until it is over
// or the device code has expired (kExpired).
[[nodiscard]] Ticket AuthorizeDevice(Exchange& exchange, std::shared_ptr<const Provider> provider, ScopeSet scope,
                                     DeviceEvents events, DeviceOptions options = {});

}  // namespace warder::oauth
