// libFuzzer: what an authorization server, or a browser that comes from one, says. The first byte chooses who reads the
// rest: a metadata document, a token answer, or a redirect's query.
//
// What is checked beyond "does not crash": what is accepted keeps to the rules that whoever uses it relies on, a
// failure has a sentence of printable characters, and no text of the input but a plain error code stands in it.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "engine/base/strict_json.h"
#include "engine/oauth/authorization.h"
#include "engine/oauth/endpoint.h"
#include "engine/oauth/metadata.h"
#include "engine/oauth/redirect_query.h"
#include "engine/oauth/token_answer.h"

namespace {

using namespace warder;         // NOLINT(google-build-using-namespace): what this program is about
using namespace warder::oauth;  // NOLINT(google-build-using-namespace)

constexpr std::string_view kIssuer = "https://as.example";
const std::string kState = "0123456789abcdef0123456789abcdef0123456789a";

void Require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::cerr << what << ":\n" << text << "\n";
  std::abort();
}

bool IsPrintable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}

void RequireSentence(std::string_view message) {
  Require(message.size() >= 10 && message.size() < 4'000 && IsPrintable(message), "no sentence", message);
}

void TryMetadata(std::string_view text) {
  const auto document = ParseStrict(text);
  if (!document || !document->is_object()) return;
  const auto metadata = ReadMetadata(kIssuer, document->get_object());
  if (!metadata) return RequireSentence(metadata.error().message);
  Require(metadata->issuer == kIssuer, "another issuer", text);
  Require(!metadata->token_endpoint.empty() && CheckMetadata(*metadata), "cannot be used", text);
  for (const std::string* url : {&metadata->authorization_endpoint, &metadata->token_endpoint,
                                 &metadata->revocation_endpoint, &metadata->device_authorization_endpoint}) {
    Require(url->empty() || url->starts_with("https://") || url->starts_with("HTTPS://") ||
                ParseEndpoint(*url)->origin.scheme == "https",
            "an endpoint that is not https", *url);
  }
}

void TryTokens(std::string_view input) {
  if (input.empty()) return;
  constexpr int kStatuses[] = {200, 400, 401, 403, 429, 500, 503, 302};
  Answer answer;
  answer.status = kStatuses[static_cast<unsigned char>(input.front()) % std::size(kStatuses)];
  const std::string_view text = input.substr(1);
  if (auto document = ParseStrict(text, WipingStorage()); document && document->is_object()) {
    answer.json = std::move(document->as_object());
  } else {
    answer.json_error = "answered with something else";
  }
  const bool success = answer.status == 200;
  const auto tokens = ReadTokenAnswer("the token endpoint at https://as.example", std::move(answer), {"read"});
  if (!tokens) {
    RequireSentence(tokens.error().message);
    Require(tokens.error().fate != Fate::kNotSent, "an answer to what was not sent", text);
    return;
  }
  Require(success, "tokens of an error", text);
  const auto token = [&](std::string_view value) {
    Require(!value.empty() && value.size() <= kMaxTokenBytes && IsPrintable(value) &&
                value.find(' ') == std::string_view::npos,
            "an odd token", text);
  };
  token(tokens->access_token.view());
  if (tokens->refresh_token) token(tokens->refresh_token->view());
  if (tokens->lifetime) {
    Require(tokens->lifetime->count() > 0 && *tokens->lifetime <= kMaxTokenLifetime, "an odd lifetime", text);
  }
  const auto scope = ParseScope(ToString(tokens->scope));
  Require(tokens->scope.size() <= kMaxScopes && scope && *scope == tokens->scope, "an odd scope", text);
}

// "S" at the beginning stands for the right state.
void TryRedirect(std::string_view input) {
  const bool ours = input.starts_with('S');
  const std::string query = ours ? "state=" + kState + std::string(input.substr(1)) : std::string(input);
  PendingAuthorization pending;
  pending.state = Secret(kState);
  pending.verifier = Secret("verifier");
  pending.issuer = kIssuer;
  pending.bearer = {"session", "acme"};
  pending.redirect_uri = "https://platform.example/callback";
  pending.iss = ServerMetadata::Iss::kPromised;
  pending.created = TimePoint(std::chrono::seconds(1'000));
  pending.expires = TimePoint(std::chrono::seconds(2'000));
  const auto now = TimePoint(std::chrono::seconds(1'500));
  const std::string url = pending.redirect_uri + "?" + query;
  const auto code = FinishAuthorization(&pending, url, {"session", "acme"}, now);
  if (code) {
    const auto read = RedirectQuery::Parse(query);
    Require(read && read->HasState(Secret(kState)), "a foreign state", query);
    Require(read->Find("iss") != nullptr && read->Find("iss")->view() == kIssuer, "another issuer", query);
    Require(IsPrintable(code->code.view()) && !code->code.empty(), "an odd code", query);
    Require(!FinishAuthorization(&pending, url, {"session", "acme"}, now), "a state that is good twice", query);
  } else {
    RequireSentence(code.error().message);
    Require(code.error().message.find(kState) == std::string::npos, "the state is told", query);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  switch (input.front() % 3) {
    case 0:
      TryMetadata(input.substr(1));
      break;
    case 1:
      TryTokens(input.substr(1));
      break;
    default:
      TryRedirect(input.substr(1));
      break;
  }
  return 0;
}
