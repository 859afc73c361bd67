#include "engine/oauth/token_request.h"

#include <algorithm>

#include "engine/base/text.h"
#include "engine/broker/inject/jws.h"
#include "engine/broker/inject/jwt.h"
#include "engine/oauth/client_authentication.h"
#include "engine/oauth/endpoint.h"
#include "engine/oauth/form.h"

namespace warder::oauth {
namespace {

constexpr std::chrono::seconds kMaxAssertionLifetime{3600};
constexpr std::string_view kEndpoint = "the token endpoint";

Failure Bad(std::string message) { return {Problem::kBadRequest, Fate::kNotSent, std::move(message)}; }

Outcome<TokenRequest> Make(const Provider& provider, Form form, ScopeSet scope, TimePoint now,
                           ClientNeed need = ClientNeed::kNeeded) {
  if (const auto checked = CheckProvider(provider, need); !checked) return Bad(checked.error().message);
  auto exchange =
      AuthenticatedPost(provider, std::string(kEndpoint), provider.server.token_endpoint, std::move(form), now);
  if (!exchange) return Bad(exchange.error().message);
  return TokenRequest{std::move(*exchange), std::move(scope)};
}

}  // namespace

Outcome<TokenRequest> RedeemCode(const Provider& provider, RedeemableCode code, TimePoint now) {
  if (code.issuer != provider.server.issuer || code.token_endpoint != provider.server.token_endpoint) {
    return Bad("the code is of another authorization server than " + provider.server.issuer +
               ", or of another token endpoint of it: it goes nowhere but where it was asked for");
  }
  Form form;
  form.Add("grant_type", "authorization_code");
  form.Add("code", code.code.view());
  form.Add("redirect_uri", code.redirect_uri);
  form.Add("code_verifier", code.verifier.view());
  return Make(provider, std::move(form), std::move(code.scope), now);
}

Outcome<TokenRequest> RefreshToken(const Provider& provider, const Secret& refresh_token, const ScopeSet& granted,
                                   const ScopeSet& narrowed, TimePoint now) {
  if (refresh_token.empty()) return Bad("there is no refresh token; a person must authorize the connection anew");
  if (!std::includes(granted.begin(), granted.end(), narrowed.begin(), narrowed.end())) {
    return Bad("a refresh asks for a part of the scope that was granted, not for more (RFC 6749 section 6)");
  }
  Form form;
  form.Add("grant_type", "refresh_token");
  form.Add("refresh_token", refresh_token.view());
  if (!narrowed.empty()) form.Add("scope", ToString(narrowed));
  return Make(provider, std::move(form), narrowed.empty() ? granted : narrowed, now);
}

Outcome<TokenRequest> UseClientCredentials(const Provider& provider, const ScopeSet& scope, TimePoint now) {
  if (provider.client.authentication == ClientAuthentication::kNone) {
    return Bad("the client credentials grant is for clients that authenticate (RFC 6749 section 4.4)");
  }
  Form form;
  form.Add("grant_type", "client_credentials");
  if (!scope.empty()) form.Add("scope", ToString(scope));
  return Make(provider, std::move(form), scope, now);
}

Outcome<TokenRequest> UseAssertion(const Provider& provider, const AssertionGrant& grant, TimePoint now) {
  if (grant.issuer.empty() || grant.lifetime.count() <= 0 || grant.lifetime > kMaxAssertionLifetime) {
    return Bad("an assertion needs an issuer, and lives for at most an hour");
  }
  if (!broker::HasPemKey(grant.algorithm)) return Bad("an assertion is signed with RS256, ES256 or EdDSA");
  broker::JwtInjection contents;
  contents.algorithm = grant.algorithm;
  contents.key_id = grant.key_id;
  contents.issuer = grant.issuer;
  contents.subject = grant.subject;
  contents.audience = grant.audience.empty() ? provider.server.issuer : grant.audience;
  contents.lifetime = grant.lifetime;
  const bool in_claim = grant.scope_in == AssertionGrant::ScopeIn::kClaim;
  boost::json::object more;
  if (in_claim && !grant.scope.empty()) more["scope"] = ToString(grant.scope);
  const auto jwt = broker::MakeJwt(contents, grant.key.view(), now, RandomId(), more);
  if (!jwt) return Bad("the key of the assertion cannot be used: " + jwt.error().message);
  Form form;
  form.Add("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
  form.Add("assertion", jwt->token.view());
  if (!in_claim && !grant.scope.empty()) form.Add("scope", ToString(grant.scope));
  return Make(provider, std::move(form), grant.scope, now, ClientNeed::kOptional);
}

Outcome<TokenRequest> PollDevice(const Provider& provider, const Secret& device_code, const ScopeSet& scope,
                                 TimePoint now) {
  Form form;
  form.Add("grant_type", "urn:ietf:params:oauth:grant-type:device_code");
  form.Add("device_code", device_code.view());
  return Make(provider, std::move(form), scope, now);
}

Ticket RequestToken(Exchange& exchange, TokenRequest request, std::function<void(Outcome<TokenSet>)> done) {
  const auto url = ParseEndpoint(request.exchange.url);
  const std::string where = std::string(kEndpoint) + (url ? " at " + url->origin.ToString() : "");
  return exchange.Start(std::move(request.exchange),
                        [where, scope = std::move(request.scope), done = std::move(done)](Outcome<Answer> answer) {
                          if (!answer) return done(answer.error());
                          done(ReadTokenAnswer(where, std::move(*answer), scope));
                        });
}

}  // namespace warder::oauth
