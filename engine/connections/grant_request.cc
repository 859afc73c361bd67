#include "engine/connections/grant_request.h"

#include <utility>

namespace warder::connections {
namespace {

Secret Field(const SecretFields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? Secret() : found->second.Copy();
}

}  // namespace

oauth::Provider ProviderOf(const OAuthGrant& grant, const SecretFields& fields) {
  oauth::Provider provider;
  provider.server = grant.server;
  provider.client.id = grant.client_id;
  provider.client.authentication = grant.authentication;
  provider.client.secret = Field(fields, kClientSecret);
  provider.client.algorithm = grant.algorithm;
  provider.client.key_id = grant.key_id;
  return provider;
}

oauth::Outcome<oauth::TokenRequest> TokenRequestFor(const OAuthGrant& grant, const SecretFields& fields,
                                                    oauth::TimePoint now) {
  const oauth::Provider provider = ProviderOf(grant, fields);
  switch (grant.kind) {
    case OAuthGrant::Kind::kClientCredentials:
      return oauth::UseClientCredentials(provider, grant.requested, now);
    case OAuthGrant::Kind::kJwtBearer: {
      oauth::AssertionGrant assertion;
      assertion.issuer = grant.assertion_issuer;
      assertion.subject = grant.assertion_subject;
      assertion.audience = grant.assertion_audience;
      assertion.scope = grant.requested;
      assertion.scope_in = grant.assertion_scope_in;
      assertion.algorithm = grant.assertion_algorithm;
      assertion.key = Field(fields, kAssertionKey);
      assertion.key_id = grant.assertion_key_id;
      return oauth::UseAssertion(provider, assertion, now);
    }
    case OAuthGrant::Kind::kAuthorizationCode:
    case OAuthGrant::Kind::kDevice:
      break;
  }
  const Secret refresh = Field(fields, kRefreshToken);
  if (refresh.empty()) {
    return oauth::Failure{oauth::Problem::kInvalidGrant, oauth::Fate::kNotSent,
                          "the access token is over, and the authorization server gave no refresh token"};
  }
  return oauth::RefreshToken(provider, refresh, grant.granted, {}, now);
}

}  // namespace warder::connections
