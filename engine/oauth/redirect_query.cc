#include "engine/oauth/redirect_query.h"

#include <openssl/crypto.h>

#include <boost/url/parse_query.hpp>

namespace warder::oauth {
namespace {

std::string Decoded(const boost::urls::pct_string_view& text) {
  boost::urls::encoding_opts options;
  options.space_as_plus = true;
  std::string decoded;
  decoded.reserve(text.decoded_size());
  return text.decode(options, boost::urls::string_token::assign_to(decoded));
}

}  // namespace

Result<RedirectQuery> RedirectQuery::Parse(std::string_view query) {
  if (query.size() > kMaxRedirectQueryBytes) {
    return InvalidInput("is longer than " + std::to_string(kMaxRedirectQueryBytes) + " bytes");
  }
  // Boost 1.81 checks what the view holds, and then reads parameters up to a NUL behind it.
  std::string text(query);
  const WipeAtEnd wipe(&text);
  const auto parsed = boost::urls::parse_query(text);
  if (!parsed) return InvalidInput("is no well-formed query (RFC 3986)");
  RedirectQuery read;
  for (const auto& parameter : *parsed) {
    if (read.parameters_.size() == kMaxRedirectParameters) {
      return InvalidInput("has more than " + std::to_string(kMaxRedirectParameters) + " parameters");
    }
    std::string value = parameter.has_value ? Decoded(parameter.value) : std::string();
    if (!read.parameters_.emplace(Decoded(parameter.key), Secret::Take(&value)).second) {
      return Refused("has a parameter twice (RFC 6749 section 3.1)");
    }
  }
  return read;
}

const Secret* RedirectQuery::Find(std::string_view name) const {
  const auto found = parameters_.find(name);
  return found == parameters_.end() ? nullptr : &found->second;
}

bool RedirectQuery::HasState(const Secret& state) const {
  const Secret* const brought = Find("state");
  return brought != nullptr && !state.empty() && brought->view().size() == state.view().size() &&
         CRYPTO_memcmp(brought->view().data(), state.view().data(), state.view().size()) == 0;
}

}  // namespace warder::oauth
