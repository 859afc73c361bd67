#include "engine/broker/policy/policy.h"

#include <algorithm>
#include <array>

#include "engine/base/sha256.h"
#include "engine/broker/request_headers.h"

namespace warder::broker {
namespace {

constexpr std::size_t kMaxShownBytes = 200;

// Not "range": it lets a script choose where a response is cut, and half a secret is not recognised.
constexpr std::array<std::string_view, 10> kSafeRequestHeaders = {
    "accept",   "accept-language",   "content-language", "content-type",        "idempotency-key",
    "if-match", "if-modified-since", "if-none-match",    "if-unmodified-since", "user-agent"};

}  // namespace

MethodSet MethodSet::All() {
  MethodSet set;
  for (const std::string_view method : AllowedMethods()) (void)set.Add(method);
  return set;
}

bool MethodSet::Add(std::string_view method) {
  const auto known = AllowedMethods();
  const auto found = std::find(known.begin(), known.end(), method);
  if (found == known.end()) return false;
  bits_ |= 1U << static_cast<unsigned>(found - known.begin());
  return true;
}

bool MethodSet::Has(std::string_view method) const {
  MethodSet one;
  return one.Add(method) && (bits_ & one.bits_) != 0;
}

std::string MethodSet::ToString() const {
  if (*this == All()) return "*";
  std::string text;
  for (const std::string_view method : AllowedMethods()) {
    if (Has(method)) text += (text.empty() ? "" : ",") + std::string(method);
  }
  return text;
}

bool Rule::Matches(std::string_view method, std::span<const std::string> path_segments) const {
  if (!methods.Has(method)) return false;
  return verdict == Verdict::kAllow ? path.Matches(path_segments) : path.MatchesLoosely(path_segments);
}

bool NameList::Has(std::string_view name) const {
  return std::any_of(names.begin(), names.end(), [name](const std::string& known) {
    return known.ends_with('*') ? name.starts_with(std::string_view(known).substr(0, known.size() - 1)) : name == known;
  });
}

bool Policy::Names(const Origin& origin) const { return std::binary_search(origins.begin(), origins.end(), origin); }

bool Policy::JudgesPaths() const {
  return std::any_of(rules.begin(), rules.end(), [](const Rule& rule) { return !rule.path.everything(); });
}

std::set<std::string, std::less<>> Policy::ScopesOf(std::string_view method, std::string_view path) const {
  std::set<std::string, std::less<>> needed;
  const auto segments = PathSegments(path);
  if (!segments) return needed;
  for (const ScopeRule& rule : scopes) {
    if (rule.methods.Has(method) && rule.path.Matches(*segments)) needed.insert(rule.scope);
  }
  return needed;
}

Result<Policy> Policy::FromOrigins(const std::vector<std::string>& origins) {
  if (origins.size() > kMaxOrigins) {
    return InvalidInput("a policy names at most " + std::to_string(kMaxOrigins) + " origins");
  }
  Policy policy;
  for (const std::string& text : origins) {
    auto origin = ParseOrigin(text);
    if (!origin) {
      return InvalidInput("the allowed origin \"" + text.substr(0, kMaxShownBytes) + "\" is " + origin.error().message);
    }
    policy.origins.push_back(std::move(*origin));
  }
  std::sort(policy.origins.begin(), policy.origins.end());
  policy.origins.erase(std::unique(policy.origins.begin(), policy.origins.end()), policy.origins.end());
  if (policy.origins.empty()) return policy;
  policy.base = policy.origins.front();
  policy.rules.push_back({Rule::Verdict::kAllow, MethodSet::All(), PathPattern::Everything(), {}});
  policy.redirects = RedirectRule::kListed;
  return policy;
}

std::span<const std::string_view> SafeRequestHeaders() { return kSafeRequestHeaders; }

std::string PolicyHash(const Policy& policy) {
  Sha256 hash;
  hash.Update(PrintPolicy(policy));
  return hash.Hex();
}

}  // namespace warder::broker
