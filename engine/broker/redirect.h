// What a redirect makes of a request: the rules of the Fetch standard (HTTP-redirect fetch), stricter about headers.
//
// - 301 and 302 turn POST into GET, 303 turns everything but HEAD into GET; the body and what describes it go.
// - 307 and 308 keep method and body.
// - To another origin only the headers listed in CrossOriginHeaders() go along: libcurl and most clients drop
// Authorization
//   and Cookie alone, and hand "X-Api-Key" to whoever the upstream names.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "engine/broker/canonical_url.h"
#include "engine/broker/request_headers.h"

namespace warder::broker {

struct Hop {
  std::string method;
  CanonicalUrl url;
  HeaderList headers;  // the caller's
  bool has_body = false;
};

// 301, 302, 303, 307, 308.
bool IsRedirect(int status);

// Lower-case names.
std::span<const std::string_view> CrossOriginHeaders();

// The next request. The error says what is wrong with `location`. Whether the policy allows the new URL is not asked
// here.
Result<Hop> FollowRedirect(const Hop& from, int status, std::string_view location);

}  // namespace warder::broker
