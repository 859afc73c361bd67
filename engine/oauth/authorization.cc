#include "engine/oauth/authorization.h"

#include <algorithm>
#include <array>
#include <boost/url/parse_query.hpp>

#include "engine/base/sha256.h"
#include "engine/broker/percent.h"
#include "engine/oauth/endpoint.h"
#include "engine/oauth/members.h"
#include "engine/oauth/pkce.h"
#include "engine/oauth/redirect_query.h"
#include "engine/oauth/token_answer.h"

namespace warder::oauth {
namespace {

constexpr std::size_t kMaxMore = 32;
constexpr std::size_t kMaxBearerBytes = 256;

// What the protocol itself says (RFC 6749, 7636, 9101, OpenID response modes).
constexpr std::array<std::string_view, 12> kReserved = {
    "response_type",         "client_id",     "redirect_uri", "scope",       "state", "code_challenge",
    "code_challenge_method", "response_mode", "request",      "request_uri", "code",  "client_secret"};

Failure Bad(std::string message) { return {Problem::kBadRequest, Fate::kNotSent, std::move(message)}; }

bool IsReserved(std::string_view name) {
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

// Stands in no other issuer's redirect URI.
std::string MarkOf(std::string_view issuer) {
  Sha256 hash;
  hash.Update("warder issuer 1\n");
  hash.Update(issuer);
  return hash.Hex().substr(0, 16);
}

Result<void> CheckMore(const AuthorizationRequest& request, std::string_view endpoint) {
  if (request.more.size() > kMaxMore)
    return InvalidInput("more than 32 further parameters of an authorization request");
  for (const auto& [name, value] : request.more) {
    if (name.empty() || !IsVisible(name) || IsReserved(name)) {
      return Refused("a further parameter of an authorization request is empty or one of the protocol's own");
    }
    if (value.size() > kMaxEndpointBytes) return InvalidInput("the parameter " + name + " is too long");
  }
  const std::size_t mark = endpoint.find('?');
  if (mark == std::string_view::npos) return {};
  const auto query = RedirectQuery::Parse(endpoint.substr(mark + 1));
  if (!query) return InvalidInput("the query of the authorization_endpoint " + query.error().message);
  for (const std::string_view name : kReserved) {
    if (query->Find(name) != nullptr) {
      return Refused("the authorization_endpoint has " + std::string(name) +
                     " in its query already, which is for the client to say");
    }
  }
  return {};
}

Result<void> CheckRequest(const Provider& provider, const AuthorizationRequest& request) {
  if (auto checked = CheckProvider(provider); !checked) return checked;
  const std::string& endpoint = provider.server.authorization_endpoint;
  if (endpoint.empty()) {
    return InvalidInput("the authorization server " + provider.server.issuer +
                        " has no authorization_endpoint; use another grant");
  }
  if (const auto redirect = ParseEndpoint(request.redirect_uri); !redirect) {
    return Error{redirect.error().kind, "the redirect URI " + redirect.error().message, {}};
  }
  const std::string& issuer = provider.server.issuer;
  const std::string_view path = std::string_view(request.redirect_uri).substr(0, request.redirect_uri.find('?'));
  if (provider.server.iss == ServerMetadata::Iss::kNotPromised && !path.ends_with("/" + MarkOf(issuer))) {
    return Refused("the authorization server " + issuer +
                   " does not promise to name itself in its answers (iss, RFC 9207), so the redirect URI has to tell "
                   "them from another server's: register and use " +
                   RedirectUriFor(path, issuer));
  }
  for (const std::string* part : {&request.bearer.session, &request.bearer.tenant, &request.connection}) {
    if (part->empty() || part->size() > kMaxBearerBytes) {
      return InvalidInput("a pending authorization needs a session, a tenant and a connection to be bound to");
    }
  }
  if (request.lifetime.count() <= 0 || request.lifetime > kMaxPendingLifetime) {
    return InvalidInput("an authorization may be pending for at most 30 minutes");
  }
  if (const auto scope = ParseScope(ToString(request.scope)); !scope || *scope != request.scope) {
    return InvalidInput("the scope is no set of scope tokens (RFC 6749 section 3.3)");
  }
  return CheckMore(request, endpoint);
}

std::string UrlOf(const Provider& provider, const AuthorizationRequest& request, const PendingAuthorization& pending) {
  std::string url = provider.server.authorization_endpoint;
  url += url.find('?') == std::string::npos ? "?" : "&";
  url += "response_type=code";
  const auto add = [&url](std::string_view name, std::string_view value) {
    url.append("&").append(broker::PercentEncoded(name)).append("=").append(broker::PercentEncoded(value));
  };
  add("client_id", provider.client.id);
  add("redirect_uri", request.redirect_uri);
  if (!request.scope.empty()) add("scope", ToString(request.scope));
  add("state", pending.state.view());
  add("code_challenge", ChallengeOf(pending.verifier));
  add("code_challenge_method", "S256");
  for (const auto& [name, value] : request.more) add(name, value);
  return url;
}

// An answer that this pending authorization has nothing to do with.
Failure NotOurs(const std::string& why) {
  return {Problem::kNotOurs, Fate::kDeclined,
          why + "; begin the authorization again, and finish it in the same session"};
}

std::optional<Failure> CheckBearer(const PendingAuthorization& pending, const Bearer& bearer) {
  if (bearer.tenant != pending.bearer.tenant) return NotOurs("the authorization was begun for another tenant");
  if (bearer.session != pending.bearer.session) return NotOurs("the authorization was begun in another session");
  return {};
}

// What stands behind the redirect URI, or between its query and the fragment, is the answer.
std::optional<Failure> CheckArrival(const PendingAuthorization& pending, std::string_view url) {
  const std::string& expected = pending.redirect_uri;
  const char next = expected.find('?') == std::string::npos ? '?' : '&';
  if (url.starts_with(expected) && url.size() > expected.size() && url[expected.size()] == next) return {};
  return NotOurs("the answer came to another redirect URI than " + expected +
                 ", which the request named: somebody mixes up two servers (RFC 9700 section 4.4)");
}

// RFC 9207 section 2.4.
std::optional<Failure> CheckIss(const PendingAuthorization& pending, const RedirectQuery& query) {
  const Secret* const iss = query.Find("iss");
  if (iss != nullptr && iss->view() != pending.issuer) {
    return NotOurs("the answer names another issuer (iss) than " + pending.issuer +
                   ", to whom the person was sent: somebody mixes up two servers (RFC 9207)");
  }
  if (iss == nullptr && pending.iss == ServerMetadata::Iss::kPromised) {
    return NotOurs("the answer does not name its issuer (iss), which " + pending.issuer +
                   " says it always does (RFC 9207)");
  }
  return {};
}

Failure Declined(const PendingAuthorization& pending, std::string_view code) {
  const std::string who = "the authorization server " + pending.issuer;
  const std::string with = " (" + ShownErrorCode(code) + ")";
  if (code == "access_denied") {
    return {Problem::kAccessDenied, Fate::kDeclined, who + " did not get the person's consent" + with + "; ask again"};
  }
  if (code == "temporarily_unavailable" || code == "server_error") {
    return {Problem::kTemporary, Fate::kDeclined, who + " cannot do it now" + with + "; try again later"};
  }
  if (code == "invalid_scope") {
    return {Problem::kInvalidScope, Fate::kDeclined,
            who + " does not grant this scope" + with + "; ask for another one"};
  }
  if (code == "unauthorized_client") {
    return {Problem::kInvalidClient, Fate::kDeclined,
            who + " does not let this client use this grant" + with + "; look at its registration there"};
  }
  return {Problem::kDeclined, Fate::kDeclined,
          who + " declined the authorization request" + with + "; look at what the client and the request ask for"};
}

}  // namespace

std::string RedirectUriFor(std::string_view base, std::string_view issuer) {
  std::string uri(base);
  if (uri.empty() || uri.back() != '/') uri += '/';
  return uri + MarkOf(issuer);
}

Outcome<BegunAuthorization> BeginAuthorization(const Provider& provider, AuthorizationRequest request, TimePoint now) {
  if (const auto checked = CheckRequest(provider, request); !checked) return Bad(checked.error().message);
  BegunAuthorization begun;
  PendingAuthorization& pending = begun.pending;
  pending.state = NewRandomSecret();
  pending.verifier = NewRandomSecret();
  begun.url = UrlOf(provider, request, pending);
  pending.issuer = provider.server.issuer;
  pending.token_endpoint = provider.server.token_endpoint;
  pending.redirect_uri = std::move(request.redirect_uri);
  pending.bearer = std::move(request.bearer);
  pending.connection = std::move(request.connection);
  pending.scope = std::move(request.scope);
  pending.iss = provider.server.iss;
  pending.created = now;
  pending.expires = now + request.lifetime;
  return begun;
}

Outcome<RedeemableCode> FinishAuthorization(PendingAuthorization* pending, std::string_view url, const Bearer& bearer,
                                            TimePoint now) {
  const auto read = RedirectQuery::Parse(QueryOf(url));
  if (!read) {
    return Failure{
        Problem::kBadAnswer, Fate::kDeclined,
        "the answer of the authorization server " + read.error().message + "; begin the authorization again"};
  }
  if (!read->HasState(pending->state)) {
    return NotOurs("the answer has not the state of this authorization: somebody else's, or none that was asked for");
  }
  if (std::exchange(pending->use, PendingAuthorization::Use::kUsed) == PendingAuthorization::Use::kUsed) {
    return NotOurs("the state of this answer was used before");
  }
  if (const auto failure = CheckBearer(*pending, bearer)) return *failure;
  if (now >= pending->expires || now < pending->created) {
    return Failure{Problem::kExpired, Fate::kDeclined,
                   "the answer came after the authorization had expired; begin it again"};
  }
  if (const auto failure = CheckArrival(*pending, url)) return *failure;
  if (const auto failure = CheckIss(*pending, *read)) return *failure;
  const Secret* const error = read->Find("error");
  const Secret* const code = read->Find("code");
  if (error != nullptr && code == nullptr) return Declined(*pending, error->view());
  if (error != nullptr || code == nullptr || code->empty() || code->view().size() > kMaxCodeBytes ||
      !IsVisible(code->view())) {
    return Failure{Problem::kBadAnswer, Fate::kDeclined,
                   "the answer of the authorization server " + pending->issuer +
                       " has not exactly one of a code and an error (RFC 6749 section 4.1.2); begin the authorization "
                       "again"};
  }
  RedeemableCode redeemable;
  redeemable.code = code->Copy();
  redeemable.verifier = pending->verifier.Copy();
  redeemable.issuer = pending->issuer;
  redeemable.token_endpoint = pending->token_endpoint;
  redeemable.redirect_uri = pending->redirect_uri;
  redeemable.scope = pending->scope;
  return redeemable;
}

}  // namespace warder::oauth
