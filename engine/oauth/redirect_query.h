// The query with which a browser comes back from an authorization server.
#pragma once

#include <map>
#include <optional>
#include <string_view>

#include "engine/base/secret.h"
#include "sandbox/base/result.h"

namespace warder::oauth {

inline constexpr std::size_t kMaxRedirectQueryBytes = std::size_t{16} << 10;
inline constexpr std::size_t kMaxRedirectParameters = 32;

// What stands behind the "?" of a URL.
inline std::string_view QueryOf(std::string_view url) {
  const std::size_t mark = url.find('?');
  return mark == std::string_view::npos ? std::string_view() : url.substr(mark + 1);
}

class RedirectQuery {
 public:
  // `query` as it came, without "?". Refused: what is malformed, too long, or has a parameter twice (RFC 6749 section
  // 3.1). The error completes "the answer of the authorization server ...".
  static Result<RedirectQuery> Parse(std::string_view query);

  // Null: there is no such parameter.
  const Secret* Find(std::string_view name) const;
  // It has a parameter "state" of exactly this value; found in a time that does not depend on the value.
  bool HasState(const Secret& state) const;

 private:
  SecretFields parameters_;
};

}  // namespace warder::oauth
