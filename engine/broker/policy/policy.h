// An egress policy: what the scripts that use one connection may send where, as data.
//
// Nothing is allowed but what a policy says: a request has to go to one of its origins, and the first rule that fits
// its method and path decides. Written as text (docs/policy.md), read once by ParsePolicy, judged by Decide (decide.h),
// printed by PrintPolicy in one canonical form that its hash is made of. The list of origins that `--allow` gives is
// the simplest policy there is: these origins, everything allowed.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/broker/inject/injection.h"
#include "engine/broker/origin.h"
#include "engine/broker/policy/path_pattern.h"
#include "sandbox/base/result.h"

namespace warder::broker {

// Some of AllowedMethods() (request_headers.h).
class MethodSet {
 public:
  static MethodSet All();

  // False: no script can use that method at all.
  bool Add(std::string_view method);
  bool Has(std::string_view method) const;
  // Whether it has all of the other's.
  bool Covers(const MethodSet& other) const { return (other.bits_ & ~bits_) == 0; }
  // "GET,HEAD" in the order of AllowedMethods(); "*" where these are all.
  std::string ToString() const;

  bool operator==(const MethodSet&) const = default;

 private:
  std::uint32_t bits_ = 0;
};

// Line numbers say where something stands in the text, for explanations; 0: it was not read from text. They make no
// difference between policies.
struct SourceLine {
  std::size_t number = 0;
  bool operator==(const SourceLine&) const { return true; }
};

struct Rule {
  enum class Verdict { kAllow, kDeny } verdict = Verdict::kDeny;
  MethodSet methods;
  PathPattern path = PathPattern::Everything();
  SourceLine line;

  bool Matches(std::string_view method, std::span<const std::string> path_segments) const;
  // "allow GET,HEAD /v1/orders/{id}".
  std::string ToString() const;
  bool operator==(const Rule&) const = default;
};

// An allow-list of names; one that ends in "*" stands for all that begin so.
struct NameList {
  std::vector<std::string> names;  // sorted
  SourceLine line;

  // Byte for byte.
  bool Has(std::string_view name) const;
  // "limit, page"; "none".
  std::string ToString() const;
  bool operator==(const NameList&) const = default;
};

// Which scope of OAuth the calls that fit need: said for the review of what was granted; it decides nothing.
struct ScopeRule {
  std::string scope;
  MethodSet methods;
  PathPattern path = PathPattern::Everything();

  // "orders:read GET,HEAD /v1/orders/**".
  std::string ToString() const;
  bool operator==(const ScopeRule&) const = default;
};

// A token bucket: `count` calls in each `period`, at most `burst` at once.
struct Rate {
  std::uint64_t count = 0;
  std::chrono::seconds period{1};  // 1, 60 or 3600
  std::uint64_t burst = 0;
  bool operator==(const Rate&) const = default;
};

// Where a placeholder for a field of the credential may stand in a request of an unmodified SDK.
struct PlaceholderRule {
  enum class Where { kHeader, kBasicUser, kBasicPassword } where = Where::kHeader;
  std::string field;
  std::string header;  // lower-case; of kHeader
  bool operator==(const PlaceholderRule&) const = default;
};

struct TlsRules {
  enum class Version { k12, k13 } minimum = Version::k12;
  std::string ca_file;             // PEM file of the only authorities to trust; empty: the broker's
  std::string client_certificate;  // PEM file; empty: none
  std::string client_key_field;    // field of the credential that holds its private key
  std::vector<std::string> pins;   // "sha256//BASE64" of the public keys that may be; sorted; empty: any
  bool operator==(const TlsRules&) const = default;
};

enum class RedirectRule {
  kNone,        // a redirect is refused
  kSameOrigin,  // followed within its origin
  kListed,      // followed to any origin of the policy
};

struct Policy {
  static constexpr std::size_t kMaxOrigins = 1'024;
  static constexpr std::size_t kMaxRules = 512;
  static constexpr std::size_t kMaxNames = 256;  // of one list
  static constexpr std::size_t kMaxInjections = 8;
  static constexpr std::size_t kMaxPlaceholders = 16;
  static constexpr std::size_t kMaxPins = 16;
  static constexpr std::size_t kMaxScopes = 256;
  static constexpr std::size_t kMaxScopeBytes = 256;

  std::string connection;                   // its name; empty: none
  std::vector<Origin> origins;              // sorted
  Origin base;                              // the first that was named: what paths are relative to
  std::vector<Rule> rules;                  // in their order; none: everything is denied
  std::vector<ScopeRule> scopes;            // in their order
  std::optional<NameList> query;            // parameters that a script may send; nothing: any
  std::optional<NameList> request_headers;  // beside SafeRequestHeaders(), lower-case; nothing: any
  std::vector<Injection> injections;
  std::vector<PlaceholderRule> placeholders;
  std::optional<Rate> rate;
  std::optional<std::uint64_t> in_flight;            // calls at a time
  std::optional<std::uint64_t> calls;                // calls of one execution
  std::optional<std::uint64_t> request_bytes;        // of one request's body
  std::optional<std::uint64_t> response_bytes;       // of one response's body, after decompression
  std::optional<std::uint64_t> total_bytes;          // of all bodies of one execution, both ways
  std::optional<std::chrono::milliseconds> timeout;  // of one call, from its start to its last byte
  RedirectRule redirects = RedirectRule::kSameOrigin;
  std::uint64_t attempts = 1;  // of a call that is idempotent
  TlsRules tls;
  std::optional<Origin> proxy;

  // Everything allowed at these origins, redirects between them included; none: nothing at all. Fails with the first
  // that is not an origin.
  static Result<Policy> FromOrigins(const std::vector<std::string>& origins);

  bool Names(const Origin& origin) const;
  // Whether a rule says anything about paths, so that they must not be ambiguous.
  bool JudgesPaths() const;
  // The scopes that a call of `path` (without the query) needs, as the policy says.
  std::set<std::string, std::less<>> ScopesOf(std::string_view method, std::string_view path) const;
  // It was made by FromOrigins, or denies everything.
  bool WithoutText() const { return rules.empty() || rules.front().line.number == 0; }

  bool operator==(const Policy&) const = default;
};

// Request headers that a list in a policy need not name. Lower-case.
std::span<const std::string_view> SafeRequestHeaders();

// Reads the text form. The error names line, column, what is wrong and what to write.
Result<Policy> ParsePolicy(std::string_view text);

// The canonical text: a directive a line, in the order of Directives(), defaults left out. ParsePolicy reads the same
// policy from it.
std::string PrintPolicy(const Policy& policy);

// SHA-256 of the canonical text, in lower-case hexadecimal.
std::string PolicyHash(const Policy& policy);

// What there is to write, for documentation and suggestions.
struct DirectiveInfo {
  std::string_view name;
  std::string_view usage;    // "allow METHODS PATH"
  std::string_view example;  // "allow GET,HEAD /v1/orders/{id}"
};
std::span<const DirectiveInfo> Directives();

}  // namespace warder::broker
