// Requests to a token endpoint: built from a grant, then sent (RFC 6749 sections 4.1.3, 4.4.2 and 6; RFC 7523; RFC 8628
// section 3.4).
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "engine/base/secret.h"
#include "engine/oauth/authorization.h"
#include "engine/oauth/exchange.h"
#include "engine/oauth/provider.h"
#include "engine/oauth/scope.h"
#include "engine/oauth/token_answer.h"

namespace warder::oauth {

// Wiped when it goes. Sent once: a refresh token may rotate, a code is good once, a client assertion is too.
struct TokenRequest {
  ExchangeRequest exchange;
  ScopeSet scope;  // what the answer grants where it does not say
};

// What a JWT bearer grant asserts (RFC 7523 section 3), signed with a key of its own.
struct AssertionGrant {
  std::string issuer;
  std::string subject;
  std::string audience;  // empty: the issuer
  ScopeSet scope;
  enum class ScopeIn { kParameter, kClaim } scope_in = ScopeIn::kParameter;  // where the server looks for it
  broker::JwtInjection::Algorithm algorithm = broker::JwtInjection::Algorithm::kRs256;
  Secret key;  // PEM private key
  std::string key_id;
  std::chrono::seconds lifetime{300};  // at most an hour
};

// Fail with kBadRequest.
Outcome<TokenRequest> RedeemCode(const Provider& provider, RedeemableCode code, TimePoint now);
// `granted` is the scope that the refresh token stands for; `narrowed`, if not empty, is asked for instead: a part of
// it.
Outcome<TokenRequest> RefreshToken(const Provider& provider, const Secret& refresh_token, const ScopeSet& granted,
                                   const ScopeSet& narrowed, TimePoint now);
Outcome<TokenRequest> UseClientCredentials(const Provider& provider, const ScopeSet& scope, TimePoint now);
Outcome<TokenRequest> UseAssertion(const Provider& provider, const AssertionGrant& grant, TimePoint now);
Outcome<TokenRequest> PollDevice(const Provider& provider, const Secret& device_code, const ScopeSet& scope,
                                 TimePoint now);

[[nodiscard]] Ticket RequestToken(Exchange& exchange, TokenRequest request,
                                  std::function<void(Outcome<TokenSet>)> done);

}  // namespace warder::oauth
