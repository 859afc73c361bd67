// From text to a Policy: one reader for each directive, in one table.
#include <algorithm>
#include <array>
#include <map>

#include "engine/base/quantity.h"
#include "engine/broker/ascii.h"
#include "engine/broker/policy/arguments.h"
#include "engine/broker/policy/parse_injection.h"
#include "engine/broker/policy/policy.h"
#include "engine/broker/request_headers.h"
#include "sandbox/base/nearest_word.h"

namespace warder::broker {
namespace {

constexpr std::uint64_t kMaxCount = 1'000'000;
constexpr std::uint64_t kMaxInFlight = 1'024;
constexpr std::uint64_t kMaxBodyBytes = std::uint64_t{4} << 30;
constexpr std::uint64_t kMaxTimeoutMs = 900'000;
constexpr std::uint64_t kMaxAttempts = 10;

using Reader = Result<void> (*)(Arguments&, Policy&);

Result<void> ReadConnection(Arguments& arguments, Policy& policy) {
  auto name = arguments.Name("a name");
  if (!name) return name.error();
  policy.connection = std::move(*name);
  return {};
}

Result<void> ReadOrigin(Arguments& arguments, Policy& policy) {
  const auto word = arguments.Take("an origin");
  if (!word) return word.error();
  auto origin = ParseOrigin(word->text);
  if (!origin) return arguments.Wrong(*word, "is " + origin.error().message);
  if (policy.origins.size() == Policy::kMaxOrigins) return arguments.WrongLine("a policy has at most 1024 origins");
  const auto place = std::lower_bound(policy.origins.begin(), policy.origins.end(), *origin);
  if (place != policy.origins.end() && *place == *origin) return arguments.Twice(*word);
  if (policy.origins.empty()) policy.base = *origin;
  policy.origins.insert(place, std::move(*origin));
  return {};
}

Result<MethodSet> ReadMethods(Arguments& arguments) {
  const auto methods = arguments.Items("a method");
  if (!methods) return methods.error();
  MethodSet set;
  for (const Word& method : *methods) {
    if (method.text == "*" && methods->size() == 1) return MethodSet::All();
    if (set.Has(method.text)) return arguments.Twice(method);
    if (!set.Add(method.text)) {
      return arguments.Wrong(method, "is no method: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, or * alone for all");
    }
  }
  return set;
}

struct Requests {
  Word path_word;
  PathPattern path;
  MethodSet methods;
};

// "METHODS PATH", to the end of the line.
Result<Requests> ReadRequests(Arguments& arguments) {
  auto path = arguments.TakeLast("a path");
  if (!path) return path.error();
  auto pattern = PathPattern::Parse(path->text);
  if (!pattern) return arguments.Wrong(*path, pattern.error().message);
  const auto methods = ReadMethods(arguments);
  if (!methods) return methods.error();
  return Requests{std::move(*path), std::move(*pattern), *methods};
}

Result<void> ReadRule(Arguments& arguments, Policy& policy, Rule::Verdict verdict) {
  auto requests = ReadRequests(arguments);
  if (!requests) return requests.error();
  Rule rule{verdict, requests->methods, std::move(requests->path), arguments.line()};
  if (policy.rules.size() == Policy::kMaxRules) return arguments.WrongLine("a policy has at most 512 rules");
  const bool known = std::any_of(policy.rules.begin(), policy.rules.end(), [&rule](const Rule& other) {
    return other.methods == rule.methods && other.path == rule.path;
  });
  if (known)
    return ErrorAt(arguments.line().number, requests->path_word.column,
                   "'" + requests->path_word.text.substr(0, 80) +
                       "' was ruled on above, for the same methods, so this line decides nothing; take the line out");
  // Whoever writes it believes that something is denied.
  const auto allowed = std::find_if(policy.rules.begin(), policy.rules.end(), [&rule](const Rule& other) {
    return other.verdict == Rule::Verdict::kAllow && other.methods.Covers(rule.methods) && other.path.Covers(rule.path);
  });
  if (verdict == Rule::Verdict::kDeny && allowed != policy.rules.end()) {
    return ErrorAt(arguments.line().number, requests->path_word.column,
                   "'" + requests->path_word.text.substr(0, 80) + "' is denied too late: line " +
                       std::to_string(allowed->line.number) +
                       " allows all of it, and the first rule that fits decides; put the deny above that line");
  }
  policy.rules.push_back(std::move(rule));
  return {};
}

Result<void> ReadAllow(Arguments& arguments, Policy& policy) {
  return ReadRule(arguments, policy, Rule::Verdict::kAllow);
}
Result<void> ReadDeny(Arguments& arguments, Policy& policy) {
  return ReadRule(arguments, policy, Rule::Verdict::kDeny);
}

Result<void> ReadScope(Arguments& arguments, Policy& policy) {
  auto scope = arguments.Text("a scope", Policy::kMaxScopeBytes);
  if (!scope) return scope.error();
  auto requests = ReadRequests(arguments);
  if (!requests) return requests.error();
  if (policy.scopes.size() == Policy::kMaxScopes) return arguments.WrongLine("a policy has at most 256 scope lines");
  policy.scopes.push_back({std::move(*scope), requests->methods, std::move(requests->path)});
  return {};
}

enum class NameKind { kQuery, kHeader };

Result<std::string> ReadName(const Arguments& arguments, const Word& word, NameKind kind) {
  std::string_view stem = word.text;
  if (stem.ends_with('*')) stem.remove_suffix(1);
  if (stem.empty()) return arguments.Wrong(word, "names everything; leave the line out for that");
  if (stem.find('*') != std::string_view::npos) return arguments.Wrong(word, "has a * that does not stand at its end");
  if (kind == NameKind::kQuery) {
    if (stem.find_first_of("\t\n") != std::string_view::npos) return arguments.Wrong(word, "holds a tab or line feed");
    return word.text;
  }
  if (!IsToken(stem) || stem.size() > 256) return arguments.Wrong(word, "is not a header's name");
  if (const HeaderRule* rule = FindRefusal(word.text)) {
    return arguments.Wrong(word, "cannot be set: " + std::string(rule->reason));
  }
  return LowerCase(word.text);
}

Result<void> ReadNames(Arguments& arguments, std::optional<NameList>& list, NameKind kind) {
  const auto words = arguments.Items("a name, or none");
  if (!words) return words.error();
  list = NameList{{}, arguments.line()};
  if (words->size() == 1 && words->front().text == "none" && !words->front().quoted) return {};
  if (words->size() > Policy::kMaxNames) return arguments.WrongLine("a list has at most 256 names");
  for (const Word& word : *words) {
    auto name = ReadName(arguments, word, kind);
    if (!name) return name.error();
    const auto place = std::lower_bound(list->names.begin(), list->names.end(), *name);
    if (place != list->names.end() && *place == *name) return arguments.Twice(word);
    list->names.insert(place, std::move(*name));
  }
  return {};
}

Result<void> ReadQuery(Arguments& arguments, Policy& policy) {
  return ReadNames(arguments, policy.query, NameKind::kQuery);
}
Result<void> ReadRequestHeaders(Arguments& arguments, Policy& policy) {
  return ReadNames(arguments, policy.request_headers, NameKind::kHeader);
}

Result<void> ReadPlaceholder(Arguments& arguments, Policy& policy) {
  auto field = arguments.Field();
  if (!field) return field.error();
  PlaceholderRule site{.field = std::move(*field)};
  constexpr std::array<std::string_view, 2> kPlaces = {"header", "basic"};
  const auto place = arguments.Choice("header or basic", kPlaces);
  if (!place) return place.error();
  if (*place == 0) {
    auto name = arguments.HeaderName();
    if (!name) return name.error();
    site.header = std::move(*name);
  } else {
    constexpr std::array<std::string_view, 2> kParts = {"user", "password"};
    const auto part = arguments.Choice("user or password", kParts);
    if (!part) return part.error();
    site.where = *part == 0 ? PlaceholderRule::Where::kBasicUser : PlaceholderRule::Where::kBasicPassword;
  }
  if (policy.placeholders.size() == Policy::kMaxPlaceholders) return arguments.WrongLine("at most 16 placeholders");
  if (std::find(policy.placeholders.begin(), policy.placeholders.end(), site) != policy.placeholders.end()) {
    return arguments.TwiceInLine("this placeholder");
  }
  policy.placeholders.push_back(std::move(site));
  return {};
}

Result<void> ReadRate(Arguments& arguments, Policy& policy) {
  const auto word = arguments.Take("a rate");
  if (!word) return word.error();
  const std::size_t slash = std::min(word->text.find('/'), word->text.size());
  const std::string unit = word->text.substr(std::min(slash + 1, word->text.size()));
  const auto count = ParseQuantity(LimitUnit::kCount, word->text.substr(0, slash));
  if (!count || *count == 0 || *count > kMaxCount || (unit != "s" && unit != "m" && unit != "h")) {
    return arguments.Wrong(*word, "is no rate: 1 to 1000000, and /s, /m or /h behind it");
  }
  Rate rate{*count, std::chrono::seconds(unit == "s" ? 1 : unit == "m" ? 60 : 3'600), *count};
  if (!arguments.empty()) {
    constexpr std::array<std::string_view, 1> kBurst = {"burst"};
    if (const auto burst = arguments.Choice("burst", kBurst); !burst) return burst.error();
    const auto size = arguments.Quantity(LimitUnit::kCount, 1, kMaxCount);
    if (!size) return size.error();
    rate.burst = *size;
  }
  policy.rate = rate;
  return {};
}

template <auto Member, LimitUnit Unit, std::uint64_t Minimum, std::uint64_t Maximum>
Result<void> ReadQuantity(Arguments& arguments, Policy& policy) {
  const auto value = arguments.Quantity(Unit, Minimum, Maximum);
  if (!value) return value.error();
  policy.*Member = *value;
  return {};
}

Result<void> ReadTimeout(Arguments& arguments, Policy& policy) {
  const auto value = arguments.Quantity(LimitUnit::kMilliseconds, 1, kMaxTimeoutMs);
  if (!value) return value.error();
  policy.timeout = std::chrono::milliseconds(*value);
  return {};
}

Result<void> ReadRedirects(Arguments& arguments, Policy& policy) {
  constexpr std::array<std::string_view, 3> kRules = {"none", "same-origin", "listed"};
  const auto rule = arguments.Choice("none, same-origin or listed", kRules);
  if (!rule) return rule.error();
  policy.redirects = static_cast<RedirectRule>(*rule);
  return {};
}

// The standard base64 of 32 bytes, in its one spelling.
bool IsPin(std::string_view text) {
  constexpr std::string_view kScheme = "sha256//";
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::size_t kDigits = 43;
  if (!text.starts_with(kScheme)) return false;
  text.remove_prefix(kScheme.size());
  if (text.size() != kDigits + 1 || text.back() != '=') return false;
  text.remove_suffix(1);
  return text.find_first_not_of(kAlphabet) == std::string_view::npos && kAlphabet.find(text.back()) % 4 == 0;
}

Result<void> ReadTlsMinimum(Arguments& arguments, Policy& policy) {
  constexpr std::array<std::string_view, 2> kVersions = {"1.2", "1.3"};
  const auto version = arguments.Choice("1.2 or 1.3", kVersions);
  if (!version) return version.error();
  policy.tls.minimum = static_cast<TlsRules::Version>(*version);
  return {};
}

Result<void> ReadTlsPin(Arguments& arguments, Policy& policy) {
  const auto pin = arguments.Take("a pin");
  if (!pin) return pin.error();
  if (!IsPin(pin->text)) return arguments.Wrong(*pin, "is not sha256// and the base64 of 32 bytes");
  auto& pins = policy.tls.pins;
  if (pins.size() == Policy::kMaxPins) return arguments.WrongLine("at most 16 pins");
  const auto place = std::lower_bound(pins.begin(), pins.end(), pin->text);
  if (place != pins.end() && *place == pin->text) return arguments.Twice(*pin);
  pins.insert(place, pin->text);
  return {};
}

Result<void> ReadTlsFile(Arguments& arguments, std::string& file) {
  auto path = arguments.File();
  if (!path) return path.error();
  file = std::move(*path);
  return {};
}

Result<void> ReadTls(Arguments& arguments, Policy& policy) {
  constexpr std::array<std::string_view, 4> kParts = {"min", "ca", "client-certificate", "pin"};
  const auto part = arguments.Choice("min, ca, client-certificate or pin", kParts);
  if (!part) return part.error();
  if (*part == 0) return ReadTlsMinimum(arguments, policy);
  if (*part == 1) return ReadTlsFile(arguments, policy.tls.ca_file);
  if (*part == 3) return ReadTlsPin(arguments, policy);
  if (auto file = ReadTlsFile(arguments, policy.tls.client_certificate); !file) return file;
  auto field = arguments.Field();
  if (!field) return field.error();
  policy.tls.client_key_field = std::move(*field);
  return {};
}

Result<void> ReadProxy(Arguments& arguments, Policy& policy) {
  const auto word = arguments.Take("a proxy");
  if (!word) return word.error();
  auto origin = ParseOrigin(word->text);
  if (!origin) return arguments.Wrong(*word, "is " + origin.error().message);
  policy.proxy = std::move(*origin);
  return {};
}

struct Directive {
  DirectiveInfo info;
  Reader read;
  // What makes a line the same as another: its first `key_words` words, the directive's name included; 0: the reader
  // looks itself.
  std::size_t key_words;
};

// clang-format off
constexpr std::array kDirectives = {
    Directive{{"connection", "connection NAME", "connection acme"}, ReadConnection, 1},
    Directive{{"origin", "origin SCHEME://HOST[:PORT]", "origin https://api.acme.test"}, ReadOrigin, 0},
    Directive{{"allow", "allow METHODS PATH", "allow GET,HEAD /v1/orders/{id}"}, ReadAllow, 0},
    Directive{{"deny", "deny METHODS PATH", "deny * /v1/admin/**"}, ReadDeny, 0},
    Directive{{"scope", "scope SCOPE METHODS PATH", "scope orders:read GET,HEAD /v1/orders/**"}, ReadScope, 0},
    Directive{{"query", "query NAME, ... | none", "query page, limit"}, ReadQuery, 1},
    Directive{{"request-headers", "request-headers NAME, ... | none", "request-headers x-acme-*"}, ReadRequestHeaders, 1},
    Directive{{"inject", "inject KIND ...", "inject bearer token"}, ReadInjection, 0},
    Directive{{"placeholder", "placeholder FIELD header NAME | basic user | basic password",
               "placeholder token header authorization"}, ReadPlaceholder, 0},
    Directive{{"rate", "rate COUNT/s|m|h [burst COUNT]", "rate 10/s burst 20"}, ReadRate, 1},
    Directive{{"in-flight", "in-flight COUNT", "in-flight 8"},
              ReadQuantity<&Policy::in_flight, LimitUnit::kCount, 1, kMaxInFlight>, 1},
    Directive{{"calls", "calls COUNT", "calls 1000"}, ReadQuantity<&Policy::calls, LimitUnit::kCount, 0, kMaxCount>, 1},
    Directive{{"request-bytes", "request-bytes SIZE", "request-bytes 10MB"},
              ReadQuantity<&Policy::request_bytes, LimitUnit::kBytes, 0, kMaxBodyBytes>, 1},
    Directive{{"response-bytes", "response-bytes SIZE", "response-bytes 100MB"},
              ReadQuantity<&Policy::response_bytes, LimitUnit::kBytes, 0, kMaxBodyBytes>, 1},
    Directive{{"total-bytes", "total-bytes SIZE", "total-bytes 1GB"},
              ReadQuantity<&Policy::total_bytes, LimitUnit::kBytes, 0, kMaxBodyBytes>, 1},
    Directive{{"timeout", "timeout DURATION", "timeout 30s"}, ReadTimeout, 1},
    Directive{{"redirects", "redirects none | same-origin | listed", "redirects same-origin"}, ReadRedirects, 1},
    Directive{{"retry", "retry ATTEMPTS", "retry 3"},
              ReadQuantity<&Policy::attempts, LimitUnit::kCount, 1, kMaxAttempts>, 1},
    Directive{{"tls", "tls min 1.2|1.3 | ca FILE | client-certificate FILE FIELD | pin sha256//BASE64", "tls min 1.3"},
              ReadTls, 2},
    Directive{{"proxy", "proxy SCHEME://HOST[:PORT]", "proxy http://egress.internal:3128"}, ReadProxy, 1},
};
// clang-format on

const Directive* FindDirective(std::string_view name) {
  const auto found = std::find_if(kDirectives.begin(), kDirectives.end(),
                                  [name](const Directive& directive) { return directive.info.name == name; });
  return found == kDirectives.end() ? nullptr : &*found;
}

Error Unknown(const Line& line, const Word& word) {
  std::array<std::string_view, kDirectives.size()> names;
  std::string known;
  for (std::size_t i = 0; i < names.size(); ++i) {
    names[i] = kDirectives[i].info.name;
    known += (known.empty() ? "" : ", ") + std::string(names[i]);
  }
  const auto near = NearestWord(word.text, names);
  return ErrorAt(line.number, word.column,
                 "there is no directive '" + word.text.substr(0, 80) + "'; " +
                     (near ? "did you mean '" + *near + "'?" : "there are " + known));
}

// "tls min", where `line` says what may be said once only; "" where its reader looks itself.
std::string KeyOf(const Line& line, const Directive& directive) {
  std::string key;
  for (std::size_t i = 0; i < std::min(directive.key_words, line.words.size()); ++i) key += " " + line.words[i].text;
  return key == " tls pin" ? "" : key;
}

Result<void> CheckWhole(const Policy& policy) {
  const bool allows = std::any_of(policy.rules.begin(), policy.rules.end(),
                                  [](const Rule& rule) { return rule.verdict == Rule::Verdict::kAllow; });
  if (!policy.origins.empty() && !allows) {
    return InvalidInput(
        "the policy names an origin but allows nothing there; write allow METHODS PATH, for everything allow * /**");
  }
  if (!policy.rules.empty() && policy.origins.empty()) {
    return InvalidInput("line " + std::to_string(policy.rules.front().line.number) +
                        ", column 1: a rule, but the policy names no origin; write origin SCHEME://HOST");
  }
  if (PrintPolicy(policy).size() > kMaxPolicyBytes)
    return InvalidInput("the policy is too long once it is written out");
  return {};
}

}  // namespace

std::span<const DirectiveInfo> Directives() {
  static const auto infos = [] {
    std::array<DirectiveInfo, kDirectives.size()> all;
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = kDirectives[i].info;
    return all;
  }();
  return infos;
}

Result<Policy> ParsePolicy(std::string_view text) {
  const auto lines = ReadLines(text);
  if (!lines) return lines.error();
  Policy policy;
  std::map<std::string, std::size_t> seen;
  for (const Line& line : *lines) {
    const Word& name = line.words.front();
    const Directive* directive = name.quoted ? nullptr : FindDirective(name.text);
    if (directive == nullptr) return Unknown(line, name);
    if (const std::string key = KeyOf(line, *directive); !key.empty()) {
      const auto [first, fresh] = seen.emplace(key, line.number);
      if (!fresh) {
        return ErrorAt(line.number, name.column,
                       "'" + key.substr(1) + "' is there twice, first in line " + std::to_string(first->second) +
                           "; leave one of them");
      }
    }
    Arguments arguments(line, directive->info);
    if (auto read = directive->read(arguments, policy); !read) return read.error();
    if (auto end = arguments.End(); !end) return end.error();
  }
  if (auto whole = CheckWhole(policy); !whole) return whole.error();
  return policy;
}

}  // namespace warder::broker
