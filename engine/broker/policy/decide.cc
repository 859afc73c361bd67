#include "engine/broker/policy/decide.h"

#include <algorithm>

#include "engine/broker/ascii.h"
#include "engine/broker/percent.h"

namespace warder::broker {
namespace {

constexpr std::size_t kMaxShownBytes = 200;
constexpr std::size_t kMaxNameBytes = 64;

// "line 5 (deny * /v1/admin/**)".
std::string Cited(std::size_t line, const std::string& rule) {
  const std::string shown = rule.size() > kMaxShownBytes ? rule.substr(0, kMaxShownBytes) + "..." : rule;
  return (line == 0 ? "the rule (" : "line " + std::to_string(line) + " (") + shown + ")";
}

// A parameter's name as it may be shown: one that says what it is, not one that could be a value.
std::string ShownName(std::string_view name, bool has_value) {
  const bool plain = has_value && !name.empty() && name.size() <= kMaxNameBytes &&
                     std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"'; });
  return plain ? "the query parameter \"" + std::string(name) + "\"" : "a query parameter";
}

// As application/x-www-form-urlencoded is read (WHATWG URL).
std::string FormDecoded(std::string_view text) {
  std::string spaced(text);
  std::replace(spaced.begin(), spaced.end(), '+', ' ');
  return PercentDecoded(spaced);
}

class Judge {
 public:
  enum class Words { kYes, kNo };

  Judge(const Policy& policy, std::string_view method, const CanonicalUrl& url, Words words)
      : policy_(policy), method_(method), url_(url), words_(words) {
    if (words == Words::kYes) decision_.subject = std::string(method) + " " + url.origin.ToString();
  }

  bool All(const HeaderList& headers) { return Origin() && Rules() && Query() && Headers(headers); }

  // Nothing: the policy has no objection so far.
  bool Origin() {
    if (policy_.Names(url_.origin)) return true;
    const std::string origin = url_.origin.ToString();
    decision_.subject = origin;
    return Deny(policy_.WithoutText()
                    ? "is not in the grant; allow it with --allow " + origin
                    : "is not an origin of the policy; allow it with a line \"origin " + origin + "\"");
  }

  bool Rules() {
    std::vector<std::string> segments;
    if (policy_.JudgesPaths()) {
      const std::string_view target = url_.target;
      auto read = PathSegments(target.substr(0, target.find('?')));
      if (!read) return Deny(read.error().message + ", which is ambiguous where rules name paths");
      segments = std::move(*read);
    }
    for (const Rule& rule : policy_.rules) {
      if (!rule.Matches(method_, segments)) continue;
      const bool allow = rule.verdict == Rule::Verdict::kAllow;
      if (words_ == Words::kNo) return allow;
      Cite(rule.line, rule.ToString());
      decision_.reason = (allow ? "is allowed by " : "is denied by ") + Cited(decision_.line, decision_.rule);
      return allow;
    }
    return Deny("matches none of the policy's rules; allow it with a line \"allow " + std::string(method_) + " PATH\"");
  }

  bool Query() {
    const std::string_view target = url_.target;
    const std::size_t mark = target.find('?');
    if (!policy_.query || mark == std::string_view::npos) return true;
    const std::string_view query = target.substr(mark + 1);
    if (query.find(';') != std::string_view::npos) {
      return DenyBy(policy_.query->line, "query " + policy_.query->ToString(),
                    "has a \";\" in its query, which some take for \"&\"; percent-encode it. It was judged by ");
    }
    for (std::size_t begin = 0; begin <= query.size();) {
      const std::size_t end = std::min(query.find('&', begin), query.size());
      const std::string_view pair = query.substr(begin, end - begin);
      begin = end + 1;
      const std::size_t equals = pair.find('=');
      const std::string name = FormDecoded(pair.substr(0, equals));
      if (pair.empty() || policy_.query->Has(name)) continue;
      return DenyBy(policy_.query->line, "query " + policy_.query->ToString(),
                    "has " + ShownName(name, equals != std::string_view::npos) + ", which is not listed in ");
    }
    return true;
  }

  bool Headers(const HeaderList& headers) {
    if (!policy_.request_headers) return true;
    const auto safe = SafeRequestHeaders();
    for (const auto& [name, value] : headers) {
      const std::string lower = LowerCase(name);
      if (std::find(safe.begin(), safe.end(), lower) != safe.end() || policy_.request_headers->Has(lower)) continue;
      return DenyBy(policy_.request_headers->line, "request-headers " + policy_.request_headers->ToString(),
                    "has the header " + name + ", which is not listed in ");
    }
    return true;
  }

  Decision Allow() {
    decision_.allowed = true;
    return std::move(decision_);
  }
  Decision Denial() { return std::move(decision_); }

 private:
  void Cite(SourceLine line, std::string rule) {
    decision_.line = line.number;
    decision_.rule = std::move(rule);
  }
  bool Deny(std::string reason) {
    decision_.reason = std::move(reason);
    return false;
  }
  bool DenyBy(SourceLine line, std::string rule, const std::string& reason) {
    Cite(line, std::move(rule));
    return Deny(reason + Cited(decision_.line, decision_.rule));
  }

  const Policy& policy_;
  const std::string_view method_;
  const CanonicalUrl& url_;
  const Words words_;
  Decision decision_;
};

}  // namespace

Decision Decide(const Policy& policy, std::string_view method, const CanonicalUrl& url, const HeaderList& headers) {
  Judge judge(policy, method, url, Judge::Words::kYes);
  return judge.All(headers) ? judge.Allow() : judge.Denial();
}

bool Allows(const Policy& policy, std::string_view method, const CanonicalUrl& url, const HeaderList& headers) {
  return Judge(policy, method, url, Judge::Words::kNo).All(headers);
}

std::string RedirectRefusal(const Policy& policy, const Origin& from, const Origin& to) {
  switch (policy.redirects) {
    case RedirectRule::kNone:
      return "which the policy does not follow; allow it with a line \"redirects same-origin\"";
    case RedirectRule::kSameOrigin:
      if (from == to) break;
      return "another origin, which the policy does not follow; allow it with a line \"redirects listed\"";
    case RedirectRule::kListed:
      break;
  }
  return {};
}

}  // namespace warder::broker
