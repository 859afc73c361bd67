#include "engine/oauth/scope.h"

#include <algorithm>

namespace warder::oauth {
namespace {

bool IsScopeByte(char c) { return c > ' ' && c < 0x7f && c != '"' && c != '\\'; }

}  // namespace

Result<ScopeSet> ParseScope(std::string_view text) {
  if (text.size() > kMaxScopeBytes) {
    return InvalidInput("a scope longer than " + std::to_string(kMaxScopeBytes) + " bytes");
  }
  ScopeSet scopes;
  if (text.empty()) return scopes;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string_view token = text.substr(begin, end - begin);
    if (token.empty() || !std::all_of(token.begin(), token.end(), IsScopeByte)) {
      return InvalidInput("a scope that is no list of tokens with one blank between two (RFC 6749 section 3.3)");
    }
    scopes.emplace(token);
    if (scopes.size() > kMaxScopes) return InvalidInput("more than " + std::to_string(kMaxScopes) + " scopes");
    begin = end + 1;
  }
  return scopes;
}

std::string ToString(const ScopeSet& scope) {
  std::string text;
  for (const std::string& token : scope) text.append(text.empty() ? "" : " ").append(token);
  return text;
}

}  // namespace warder::oauth
