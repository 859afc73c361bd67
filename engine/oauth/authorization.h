// The authorization request that a person's browser carries to the server, and the answer that it brings back (RFC 6749
// section 4.1, RFC 7636, RFC 9207, RFC 9700).
//
// A pending authorization binds everything together: the state to the session that began, its tenant, the connection,
// the issuer, the redirect URI and the verifier. An answer counts for that one pending authorization, once, in time,
// from the same session, at its redirect URI.
//
// Answers of two servers are told apart by the issuer that they name (RFC 9207). Those of a server that does not
// promise to name itself are told apart by where they arrive (RFC 9700 section 4.4.2): its redirect URI is its alone.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/secret.h"
#include "engine/oauth/failure.h"
#include "engine/oauth/provider.h"
#include "engine/oauth/scope.h"

namespace warder::oauth {

using TimePoint = std::chrono::system_clock::time_point;

inline constexpr std::chrono::minutes kMaxPendingLifetime{30};
inline constexpr std::size_t kMaxCodeBytes = std::size_t{4} << 10;

// Who brings something: the session of the platform (or terminal) in which a person works, and the tenant it is of.
struct Bearer {
  std::string session;
  std::string tenant;
};

struct AuthorizationRequest {
  Bearer bearer;
  std::string connection;
  // https, or http to loopback; without a fragment. Of a server that does not promise `iss`: its own (RedirectUriFor).
  std::string redirect_uri;
  ScopeSet scope;
  // What else the server wants ("prompt", "audience", "resource"). None of the protocol's own parameters.
  std::vector<std::pair<std::string, std::string>> more;
  std::chrono::seconds lifetime{600};
};

// To be kept, sealed, until the answer comes or it expires. Whoever keeps it between processes keeps every member.
struct PendingAuthorization {
  Secret state;     // 256 random bits, base64url
  Secret verifier;  // of PKCE
  std::string issuer;
  std::string token_endpoint;  // where the code will be sent, and nowhere else (mix-up)
  std::string redirect_uri;
  Bearer bearer;
  std::string connection;
  ScopeSet scope;
  ServerMetadata::Iss iss = ServerMetadata::Iss::kNotPromised;
  TimePoint created;
  TimePoint expires;
  enum class Use { kOpen, kUsed } use = Use::kOpen;
};

struct BegunAuthorization {
  std::string url;  // for the browser
  PendingAuthorization pending;
};

// `base` with a last segment that no other issuer has: "https://platform.test/callback/3f9a0c...".
std::string RedirectUriFor(std::string_view base, std::string_view issuer);

// Fails with kBadRequest.
Outcome<BegunAuthorization> BeginAuthorization(const Provider& provider, AuthorizationRequest request, TimePoint now);

// A code, with all that is needed to redeem it (token_request.h), once.
struct RedeemableCode {
  Secret code;
  Secret verifier;
  std::string issuer;
  std::string token_endpoint;
  std::string redirect_uri;
  ScopeSet scope;  // that was asked for
};

// `url` is where the browser came back, as it was requested, with its query. An answer with another state leaves
// `pending` open: anybody can send one. With its state, `pending` is used whatever becomes of it. Failures: kNotOurs,
// kExpired, kAccessDenied, kTemporary, kDeclined, kBadAnswer; their fate is kDeclined, for there is no grant yet.
Outcome<RedeemableCode> FinishAuthorization(PendingAuthorization* pending, std::string_view url, const Bearer& bearer,
                                            TimePoint now);

}  // namespace warder::oauth
