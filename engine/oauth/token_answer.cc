#include "engine/oauth/token_answer.h"

#include <algorithm>
#include <boost/json/value.hpp>

#include "engine/broker/ascii.h"
#include "engine/oauth/members.h"

namespace warder::oauth {
namespace {

constexpr std::size_t kMaxErrorBytes = 64;

struct KnownError {
  std::string_view code;
  Problem problem;
  std::string_view advice;
};

// RFC 6749 section 5.2, RFC 7009 section 2.2.1, RFC 8628 section 3.5.
constexpr std::array kKnownErrors = {
    KnownError{"invalid_grant", Problem::kInvalidGrant, "a person must authorize the connection anew"},
    KnownError{"invalid_client", Problem::kInvalidClient,
               "check the client's id, its secret or key, and how it authenticates"},
    KnownError{"unauthorized_client", Problem::kInvalidClient, "allow the client this grant where it is registered"},
    KnownError{"invalid_scope", Problem::kInvalidScope, "ask for a scope that the server grants this client"},
    KnownError{"access_denied", Problem::kAccessDenied, "the person, or a rule of the server, said no"},
    KnownError{"expired_token", Problem::kExpired, "begin the authorization again"},
    KnownError{"authorization_pending", Problem::kPending, "ask again after the interval"},
    KnownError{"slow_down", Problem::kSlowDown, "ask again after a longer interval"},
    KnownError{"temporarily_unavailable", Problem::kTemporary, "try again later"},
};

bool IsErrorByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
}

// 429 and 503 say that the request was not handled (RFC 6585 section 4, RFC 9110 section 15.6.4); of the other 5xx
// nobody knows how far it came.
bool IsUnhandled(int status) { return status == 429 || status == 503; }

Failure ByStatus(const std::string& where, const Answer& answer) {
  const std::string status = " answered with the status " + std::to_string(answer.status);
  if (IsUnhandled(answer.status)) {
    return {Problem::kTemporary, Fate::kDeclined, where + status + "; try again later", answer.retry_after};
  }
  if (answer.status >= 500) {
    return {Problem::kTemporary, Fate::kUnknown, where + status + ", and what it has done is not known",
            answer.retry_after};
  }
  if (answer.status >= 400) {
    return {Problem::kUnexplained, Fate::kDeclined,
            where + status + " and no error code of OAuth; check that it is the right endpoint", answer.retry_after};
  }
  const std::string_view why = answer.status >= 300
                                   ? ", a redirect: credentials are sent nowhere but where the metadata says"
                                   : ", which is not how it answers (RFC 6749 section 5)";
  return {Problem::kBadAnswer, Fate::kUnknown, where + status + std::string(why) + "; name the right endpoint"};
}

Failure ByCode(const std::string& where, const Answer& answer, std::string_view code) {
  const auto* const known =
      std::find_if(kKnownErrors.begin(), kKnownErrors.end(), [&](const KnownError& each) { return each.code == code; });
  const std::string declined = where + " declined: " + ShownErrorCode(code);
  if (known == kKnownErrors.end()) {
    if (answer.status >= 500 || answer.status == 429) return ByStatus(where, answer);
    return {Problem::kDeclined, Fate::kDeclined, declined + "; look at what the client asks for"};
  }
  const bool handled = answer.status < 500 || IsUnhandled(answer.status) || known->problem == Problem::kTemporary;
  return {known->problem, handled ? Fate::kDeclined : Fate::kUnknown, declined + "; " + std::string(known->advice),
          known->problem == Problem::kTemporary ? answer.retry_after : std::nullopt};
}

// A success that cannot be read: the server has acted, and what it gave is lost.
Failure Lost(const std::string& where, const std::string& why) {
  return {Problem::kBadAnswer, Fate::kUnknown,
          where + " " + why + "; what it granted cannot be used, and has to be authorized anew"};
}

Result<TokenSet> ReadTokens(const boost::json::object& json, const ScopeSet& requested) {
  const auto type = VisibleMember(json, "token_type", kMaxErrorBytes);
  if (!type) return type.error();
  if (!*type || !broker::EqualsIgnoreCase(**type, "bearer")) {
    return Refused("gave a token whose token_type is not Bearer, the only kind that is used (RFC 6750)");
  }
  TokenSet tokens;
  const auto access = VisibleMember(json, "access_token", kMaxTokenBytes);
  if (!access) return access.error();
  if (!*access) return InvalidInput("gave no access_token");
  tokens.access_token = Secret(**access);
  const auto refresh = VisibleMember(json, "refresh_token", kMaxTokenBytes);
  if (!refresh) return refresh.error();
  if (*refresh) tokens.refresh_token = Secret(**refresh);
  const auto lifetime = CountMember(json, "expires_in", kMaxTokenLifetime.count());
  if (!lifetime) return lifetime.error();
  if (*lifetime) tokens.lifetime = std::chrono::seconds(**lifetime);
  const auto* const scope = json.if_contains("scope");
  if (scope == nullptr) {
    tokens.scope = requested;
    return tokens;
  }
  if (!scope->is_string()) return InvalidInput("has a \"scope\" that is not a text");
  auto granted = ParseScope({scope->get_string().data(), scope->get_string().size()});
  if (!granted) return InvalidInput("gave " + granted.error().message);
  tokens.scope = std::move(*granted);
  return tokens;
}

}  // namespace

std::string ShownErrorCode(std::string_view code) {
  if (code.empty() || code.size() > kMaxErrorBytes || !std::all_of(code.begin(), code.end(), IsErrorByte)) {
    return "(an error code that is not shown)";
  }
  return std::string(code);
}

Failure ReadErrorAnswer(const std::string& where, const Answer& answer) {
  const auto* const code = answer.json ? answer.json->if_contains("error") : nullptr;
  if (code == nullptr || !code->is_string()) return ByStatus(where, answer);
  return ByCode(where, answer, {code->get_string().data(), code->get_string().size()});
}

Outcome<TokenSet> ReadTokenAnswer(const std::string& where, Answer answer, const ScopeSet& requested) {
  if (answer.status != 200) return ReadErrorAnswer(where, answer);
  if (!answer.json) return Lost(where, answer.json_error);
  // Some servers answer errors with 200.
  if (answer.json->contains("error") && !answer.json->contains("access_token")) return ReadErrorAnswer(where, answer);
  auto tokens = ReadTokens(*answer.json, requested);
  if (!tokens) return Lost(where, tokens.error().message);
  return std::move(*tokens);
}

}  // namespace warder::oauth
