// A connection as a tenant's vault keeps it: what it may be used for, where its credential comes from, and how it is.
//
// The document is sealed like a secret, so nobody without the tenant's key can widen a policy or move an endpoint. The
// credential itself stands beside it, one record for each field; of an OAuth connection that is kAccessToken, which is
// the only one that the policy can inject, and what renews it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "engine/broker/inject/injection.h"
#include "engine/oauth/provider.h"
#include "engine/oauth/scope.h"
#include "engine/oauth/token_request.h"
#include "sandbox/base/result.h"

namespace warder::connections {

using TimePoint = std::chrono::sys_seconds;

inline constexpr std::string_view kAccessToken = "access_token";
inline constexpr std::string_view kRefreshToken = "refresh_token";
inline constexpr std::string_view kClientSecret = "client_secret";  // or the private key of private_key_jwt
inline constexpr std::string_view kAssertionKey = "assertion_key";  // of JWT bearer grants

enum class State {
  kActive,
  kNeedsReauth,  // the server takes the grant no more: a person must authorize again
  kInDoubt,      // a refresh was cut off; the refresh token may be spent, so it is not sent again
  kEnded,        // a limit (lifetime, idleness) or its revocation ended it; the credential is gone
};
// "active", "needs_reauth", "in_doubt", "ended".
std::string_view NameOf(State state);

// How tokens are got, and what is known of them.
struct OAuthGrant {
  enum class Kind { kAuthorizationCode, kDevice, kClientCredentials, kJwtBearer } kind = Kind::kAuthorizationCode;
  oauth::ServerMetadata server;
  std::string client_id;
  oauth::ClientAuthentication authentication = oauth::ClientAuthentication::kNone;
  broker::JwtInjection::Algorithm algorithm = broker::JwtInjection::Algorithm::kEs256;  // of private_key_jwt
  std::string key_id;                                                                   // likewise
  // Of JWT bearer grants.
  std::string assertion_issuer, assertion_subject, assertion_audience, assertion_key_id;
  broker::JwtInjection::Algorithm assertion_algorithm = broker::JwtInjection::Algorithm::kRs256;
  using ScopeIn = oauth::AssertionGrant::ScopeIn;
  ScopeIn assertion_scope_in = ScopeIn::kParameter;

  oauth::ScopeSet requested;
  oauth::ScopeSet granted;
  std::optional<TimePoint> access_expires;  // nothing: the server does not say
  TimePoint access_since;
  // Whether the server gives a new refresh token with each refresh. A token that was seen to stay can be sent again
  // when an answer was lost; any other cannot.
  enum class Rotation { kUnknown, kRotates, kStays } rotation = Rotation::kUnknown;
};
// "authorization_code", "device", "client_credentials", "jwt_bearer".
std::string_view NameOf(OAuthGrant::Kind kind);
// Whether a token is got with a refresh token: the kinds for which a person has authorized.
bool UsesRefreshToken(OAuthGrant::Kind kind);

struct StoredConnection {
  std::string id;      // random, another with each credential that a person gives
  std::string policy;  // text (docs/policy.md)
  State state = State::kActive;
  std::string reason;  // one sentence; empty when active
  TimePoint since;     // in this state
  TimePoint created;
  TimePoint credential_since;                        // when a person last gave or authorized it
  std::optional<TimePoint> ends;                     // from then on it ends by itself
  std::optional<std::chrono::seconds> idle_limit;    // so long without a use, and it ends by itself
  std::optional<std::chrono::seconds> rotate_after;  // the age of the credential at which a reminder begins
  std::optional<OAuthGrant> oauth;
};

// Invalid input: not a policy, or one that does not inject kAccessToken and nothing else.
Result<void> CheckOAuthPolicy(std::string_view policy);

std::string ToJson(const StoredConnection& connection);
// Invalid input: anything that ToJson does not write.
Result<StoredConnection> StoredConnectionFromJson(std::string_view json);

}  // namespace warder::connections
