#include "engine/connections/oauth_setup.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "engine/broker/inject/jws.h"
#include "sandbox/base/utf8.h"

namespace warder::connections {
namespace {

using Algorithm = broker::JwtInjection::Algorithm;
using Way = oauth::ClientAuthentication;
using Grant = OAuthSetup::Grant;

constexpr std::size_t kMaxTextBytes = 512;  // of a claim or a key id

OAuthGrant::Kind KindOf(Grant grant) {
  switch (grant) {
    case Grant::kAuthorizationCode:
      return OAuthGrant::Kind::kAuthorizationCode;
    case Grant::kDevice:
      return OAuthGrant::Kind::kDevice;
    case Grant::kClientCredentials:
      return OAuthGrant::Kind::kClientCredentials;
    case Grant::kJwtBearer:
      break;
  }
  return OAuthGrant::Kind::kJwtBearer;
}

Result<oauth::ScopeSet> ScopesOf(const OAuthSetup& setup) {
  std::string text;
  for (const std::string& each : setup.scopes) text += (text.empty() ? "" : " ") + each;
  return oauth::ParseScope(text);
}

Result<Algorithm> AlgorithmOf(const std::string& name, const char* whose) {
  if (name.empty()) return Algorithm::kRs256;
  for (const Algorithm each : {Algorithm::kRs256, Algorithm::kEs256, Algorithm::kEdDsa}) {
    if (name == broker::NameOf(each)) return each;
  }
  return InvalidInput(std::string("the algorithm of the ") + whose + " is RS256, ES256 or EdDSA");
}

// What stands in a token must be readable there by everybody.
Result<void> CheckText(const std::string& text, const char* what) {
  const bool control = std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (text.size() <= kMaxTextBytes && !control && !FindInvalidUtf8(text)) return {};
  return InvalidInput(std::string(what) + " has at most " + std::to_string(kMaxTextBytes) +
                      " bytes of UTF-8 without control characters");
}

Result<Way> AuthenticationOf(const OAuthSetup& setup) {
  if (setup.client_authentication.empty()) return setup.client_secret.empty() ? Way::kNone : Way::kSecretBasic;
  for (const Way way : {Way::kNone, Way::kSecretBasic, Way::kSecretPost, Way::kPrivateKeyJwt}) {
    if (setup.client_authentication == oauth::NameOf(way)) return way;
  }
  return InvalidInput(
      "a client authenticates with none, client_secret_basic, client_secret_post or private_key_jwt, and in no other "
      "way");
}

Result<void> PrepareClient(const OAuthSetup& setup, OAuthGrant* grant) {
  const auto authentication = AuthenticationOf(setup);
  if (!authentication) return authentication.error();
  grant->client_id = setup.client_id;
  grant->authentication = *authentication;
  const bool signs = *authentication == Way::kPrivateKeyJwt;
  if (!signs && !(setup.client_algorithm.empty() && setup.client_key_id.empty())) {
    return InvalidInput("only a client that authenticates with private_key_jwt has an algorithm and a key id");
  }
  if (setup.client_id.empty() && setup.grant != Grant::kJwtBearer) {
    return InvalidInput("the client's id is missing, which only a JWT bearer grant can do without");
  }
  if (setup.client_id.empty() && (*authentication != Way::kNone || !setup.client_secret.empty())) {
    return InvalidInput("the client's id is missing, without which it cannot authenticate");
  }
  if (auto checked = CheckText(setup.client_key_id, "the id of the client's key"); !checked) return checked;
  const auto algorithm = AlgorithmOf(setup.client_algorithm, "client's key");
  if (!algorithm) return algorithm.error();
  grant->algorithm = *algorithm;
  grant->key_id = setup.client_key_id;
  return {};
}

bool IsEmpty(const OAuthAssertion& assertion) {
  return assertion.issuer.empty() && assertion.subject.empty() && assertion.audience.empty() && assertion.key.empty() &&
         assertion.key_id.empty() && assertion.algorithm.empty() &&
         assertion.scope_in == OAuthAssertion::ScopeIn::kParameter;
}

Result<void> PrepareAssertion(const OAuthSetup& setup, OAuthGrant* grant) {
  const OAuthAssertion& assertion = setup.assertion;
  if (setup.grant != Grant::kJwtBearer) {
    return IsEmpty(assertion) ? Result<void>() : InvalidInput("only a JWT bearer grant has an assertion");
  }
  if (assertion.issuer.empty()) return InvalidInput("a JWT bearer grant needs the issuer of its assertion");
  if (assertion.key.empty()) return InvalidInput("a JWT bearer grant needs the private key of its assertion, in PEM");
  for (const auto& [text, what] : {std::pair(&assertion.issuer, "the issuer of the assertion"),
                                   {&assertion.subject, "the assertion's subject"},
                                   {&assertion.audience, "the assertion's audience"},
                                   {&assertion.key_id, "the id of the assertion's key"}}) {
    if (auto checked = CheckText(*text, what); !checked) return checked;
  }
  const auto algorithm = AlgorithmOf(assertion.algorithm, "assertion's key");
  if (!algorithm) return algorithm.error();
  grant->assertion_issuer = assertion.issuer;
  grant->assertion_subject = assertion.subject;
  grant->assertion_audience = assertion.audience;
  grant->assertion_key_id = assertion.key_id;
  grant->assertion_algorithm = *algorithm;
  grant->assertion_scope_in = assertion.scope_in == OAuthAssertion::ScopeIn::kClaim ? OAuthGrant::ScopeIn::kClaim
                                                                                    : OAuthGrant::ScopeIn::kParameter;
  return {};
}

}  // namespace

Result<PreparedGrant> Prepare(const OAuthSetup& setup) {
  PreparedGrant prepared;
  prepared.grant.kind = KindOf(setup.grant);
  auto scopes = ScopesOf(setup);
  if (!scopes) return scopes.error();
  prepared.grant.requested = std::move(*scopes);
  if (auto done = PrepareClient(setup, &prepared.grant); !done) return done.error();
  if (auto done = PrepareAssertion(setup, &prepared.grant); !done) return done.error();
  if (!setup.client_secret.empty()) prepared.secrets.emplace(kClientSecret, Secret(setup.client_secret));
  if (!setup.assertion.key.empty()) prepared.secrets.emplace(kAssertionKey, Secret(setup.assertion.key));
  return prepared;
}

}  // namespace warder::connections
