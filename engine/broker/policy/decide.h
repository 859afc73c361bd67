// What a policy says about one request: which line decides, and why, in a sentence.
#pragma once

#include <string>
#include <string_view>

#include "engine/broker/canonical_url.h"
#include "engine/broker/policy/policy.h"
#include "engine/broker/request_headers.h"

namespace warder::broker {

struct Decision {
  bool allowed = false;
  std::size_t line = 0;  // of the line that decided; 0: none did, or it was not read from text
  std::string rule;      // that line in canonical form; empty: none decided
  // "GET https://api.acme.test" and "is denied by line 5 (deny * /v1/admin/**)": together a sentence. Neither holds a
  // path, a value of the request, or anything of its query but the name of a parameter.
  std::string subject;
  std::string reason;

  std::string Explanation() const { return subject + " " + reason; }
};

// Judges origin, method, path, query and header names, in this order. Everything that CanonicalizeUrl, CheckMethod and
// CheckRequestHeaders refuse is refused without a policy, and not judged again here.
Decision Decide(const Policy& policy, std::string_view method, const CanonicalUrl& url, const HeaderList& headers);
// The same without the words, which cost more than the judgement: for each call.
bool Allows(const Policy& policy, std::string_view method, const CanonicalUrl& url, const HeaderList& headers);

// What a redirect from `from` to `to`, which Decide allows, comes to: empty, or why it is not followed.
std::string RedirectRefusal(const Policy& policy, const Origin& from, const Origin& to);

}  // namespace warder::broker
